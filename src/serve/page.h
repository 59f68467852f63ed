// SPDX-License-Identifier: Apache-2.0
//
// The web page's files, which the build puts into the program (cmake/web_page.cmake).
#pragma once

#include <span>
#include <string_view>

#include "serve/http.h"

namespace walchen::serve {

struct PageFile {
  std::string_view path;  // "/index.html", "/assets/index-BX3f.js"
  std::string_view bytes;
};

// Written by cmake/web_page.cmake.
std::span<const PageFile> PageFiles();

// The file as an answer, with the headers that keep the page to itself: no script, style, picture or connection from or
// to anywhere else, no frame around it. Files under /assets/ carry their digest in the name and may be kept for ever.
Response PageResponse(const PageFile& file);

}  // namespace walchen::serve
