// SPDX-License-Identifier: Apache-2.0
//
// The table of routes: which handler answers which method and path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace walchen::serve {

enum class Access {
  kOpen,   // says nothing that is worth a token: liveness, the page's own files
  kToken,  // everything else
};

struct Route {
  std::string method;
  std::string pattern;  // "/v1/models/{name}": a part in braces stands for one non-empty part of a path
  Access access = Access::kToken;
  Handler handler;
};

// Filled at the start, then only read.
class Router {
 public:
  void Add(Route route) { routes_.push_back(std::move(route)); }

  struct Match {
    const Route* route = nullptr;         // none: 404, or 405 if `allowed` is not empty
    std::vector<std::string> parameters;  // what the parts in braces stood for
    std::string allowed;                  // the methods this path has: "GET, HEAD"
  };
  // HEAD finds the route of GET.
  Match Find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace walchen::serve
