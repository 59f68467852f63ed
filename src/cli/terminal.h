// SPDX-License-Identifier: Apache-2.0
//
// Text for a person's screen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace walchen::cli {

bool IsTerminal(int fd);

// The text without what would move the cursor, change colours or retitle the window: control characters other than line
// feed and tab become U+FFFD. What a model or a file says must not reach a terminal without passing here.
std::string Printable(std::string_view text);

// "98.4 MB": decimal units, as disks are sold.
std::string HumanBytes(uint64_t bytes);

}  // namespace walchen::cli
