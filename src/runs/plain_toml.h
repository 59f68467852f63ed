// SPDX-License-Identifier: Apache-2.0
//
// A TOML text made safe for toml++ 3.3, which some texts lead to where it calls itself unreachable (found by fuzzing):
//
//   * a key `a.b.c...` makes a table in a table for each dot, and what was made is freed by recursion: 32,000 dots, for
//     which a recipe has room, overflow a stack of 1 MiB
//   * asking whether a letter that is not ASCII is white space is undefined for some of them
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace walchen::runs {

// The same TOML, line by line, in printable ASCII, tabs and line ends: letters inside quotes are escaped as \u00FC,
// literal texts made basic ones, comments left out. What is no TOML may come out as something else that is no TOML.
// `where` names the text in messages.
// Errors: kTooLarge (a name with more than kRecipeMaxDepth dots), kInvalidArgument with the line (control characters, what
// is not UTF-8, letters outside of quotes that are not ASCII).
Result<std::string> PlainToml(std::string_view toml, std::string_view where);

}  // namespace walchen::runs
