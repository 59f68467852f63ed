// SPDX-License-Identifier: Apache-2.0
//
// Phone numbers as they are written in Germany, Britain, North America and internationally.
// The shapes are DIN 5008's, E.123's and what people make of them.
#pragma once

#include <cstddef>
#include <string_view>

namespace walchen::data {

struct PhoneNumber {
  size_t begin = 0;  // may be before the digit that was asked for: "+" and "(" belong to the number
  size_t end = 0;    // 0: none
};

// Is there a phone number whose first digit is at `digit`? Looks at 64 bytes before and after it. Thread-safe.
PhoneNumber PhoneNumberAt(std::string_view text, size_t digit);

}  // namespace walchen::data
