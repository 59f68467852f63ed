// SPDX-License-Identifier: Apache-2.0
//
// UTF-8: reading code points of text that is known to be valid, and making any bytes valid.
// Ill-formed bytes are counted as Unicode 16.0 section 3.9 recommends and Python's errors="replace" does: one U+FFFD for
// each maximal subpart of an ill-formed sequence.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace walchen::formats {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

struct CodePoint {
  char32_t value = 0;
  size_t size = 0;  // in bytes, 1 to 4
};

// The code point at the start of valid, non-empty text.
inline CodePoint FirstCodePoint(std::string_view valid) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(valid[i])); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

// Bytes of the last code point of valid, non-empty text.
inline size_t LastCodePointSize(std::string_view valid) {
  size_t size = 1;
  while (size < valid.size() && (static_cast<unsigned char>(valid[valid.size() - size]) & 0xC0) == 0x80) ++size;
  return size;
}

// `code` must be a Unicode scalar value.
void AppendUtf8(std::string& out, char32_t code);

// What stands at the start of non-empty bytes: a well-formed sequence, or a maximal ill-formed subpart.
struct Utf8Sequence {
  size_t size = 0;
  bool valid = false;
};
Utf8Sequence ReadUtf8(std::string_view bytes);

// How many bytes from the start are valid.
size_t ValidUtf8Prefix(std::string_view bytes);

// The bytes with every ill-formed subpart replaced by U+FFFD. `marks` are ascending positions in `bytes` and become the
// positions in the result; one inside a sequence becomes that sequence's start.
std::string ReplaceInvalidUtf8(std::string_view bytes, std::span<size_t> marks = {});

}  // namespace walchen::formats
