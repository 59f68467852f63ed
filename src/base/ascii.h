// SPDX-License-Identifier: Apache-2.0
//
// The classes of ASCII characters, whatever the locale: unlike <cctype>'s they take any char. No byte of a character beyond
// ASCII is in one of them.
#pragma once

namespace walchen::base {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }

// The value of a hexadecimal digit, of either case; -1 for anything else.
constexpr int HexDigit(char digit) {
  if (IsDigit(digit)) return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

}  // namespace walchen::base
