// SPDX-License-Identifier: Apache-2.0
//
// What a mistyped word was most likely meant to be, for "did you mean ...?".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace walchen::base {

// The member of `known` with the fewest letters to insert, leave out or replace (Levenshtein's distance); empty if none
// is near. Time: the length of `word` times that of all of `known`.
std::string_view Nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace walchen::base
