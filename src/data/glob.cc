// SPDX-License-Identifier: Apache-2.0
#include "data/glob.h"

#include <cstddef>

namespace walchen::data {

bool GlobFits(std::string_view pattern, std::string_view path) {
  size_t at = 0, in = 0;
  // Where the last `*` stands and how much it has taken: on a mismatch it takes one byte more.
  size_t star = std::string_view::npos, taken = 0;
  while (in < path.size() || at < pattern.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = in;
      continue;
    }
    if (at < pattern.size() && in < path.size()) {
      const bool is_escape = pattern[at] == '\\' && at + 1 < pattern.size();
      const char wanted = pattern[at + (is_escape ? 1 : 0)];
      if (wanted == path[in] || (!is_escape && wanted == '?')) {
        at += is_escape ? 2 : 1;
        ++in;
        continue;
      }
    }
    if (star == std::string_view::npos || taken >= path.size()) return false;
    at = star + 1;
    in = ++taken;
  }
  return true;
}

}  // namespace walchen::data
