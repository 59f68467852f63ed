// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace walchen::data {

// The value of a hexadecimal digit, of either case; -1 for anything else.
inline int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

}  // namespace walchen::data
