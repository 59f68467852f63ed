// SPDX-License-Identifier: Apache-2.0
//
// Numbers in the byte orders of picture files. base::ByteReader knows only this machine's.
#pragma once

#include <cstdint>
#include <string_view>

namespace walchen::data {

// `count` bytes from `at` on as a number; 0 where they are not all there.
inline uint64_t BigEndian(std::string_view bytes, size_t at, size_t count) {
  if (at > bytes.size() || count > bytes.size() - at) return 0;
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}
inline uint64_t LittleEndian(std::string_view bytes, size_t at, size_t count) {
  if (at > bytes.size() || count > bytes.size() - at) return 0;
  uint64_t value = 0;
  for (size_t i = count; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + i - 1]);
  return value;
}

}  // namespace walchen::data
