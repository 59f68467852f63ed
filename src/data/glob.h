// SPDX-License-Identifier: Apache-2.0
//
// Patterns of paths as Debian's copyright format 1.0 defines them: `*` is any text, also with slashes, `?` one byte, a backslash
// takes the next byte as it is. The pattern has to fit the whole path.
#pragma once

#include <string_view>

namespace walchen::data {

// Pure. Time is at most the product of both lengths.
bool GlobFits(std::string_view pattern, std::string_view path);

}  // namespace walchen::data
