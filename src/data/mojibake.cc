// SPDX-License-Identifier: Apache-2.0
#include "data/mojibake.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "formats/utf8.h"

namespace walchen::data {
namespace {

constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

// The byte that Windows-1252 or Latin-1 has for a code point; 0 for none and for ASCII.
uint8_t ToByte(char32_t code) {
  if (code >= 0x80 && code <= 0xFF) return static_cast<uint8_t>(code);
  const auto* found = std::find(kWindows1252.begin(), kWindows1252.end(), code);
  return found == kWindows1252.end() ? 0 : static_cast<uint8_t>(0x80 + (found - kWindows1252.begin()));
}

struct Misread {
  size_t size = 0;  // bytes of the text, 0 for none
  std::string meant;
};

// The bytes of one misread character that begins at the front of `text`.
Misread MisreadAt(std::string_view text, bool doubtful_too) {
  const formats::CodePoint first = formats::FirstCodePoint(text);
  if (first.value < 0xC2 || first.value > 0xF4) return {};
  const auto lead = static_cast<uint8_t>(first.value);
  const bool sure = lead == 0xC2 || lead == 0xC3 || lead == 0xE2 || lead == 0xEF || lead == 0xF0;
  const bool doubtful = lead == 0xC4 || lead == 0xC5;
  if (!sure && !(doubtful && doubtful_too)) return {};
  Misread found{.size = first.size, .meant = std::string(1, static_cast<char>(lead))};
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  while (found.meant.size() < length) {
    if (found.size == text.size()) return {};
    const formats::CodePoint next = formats::FirstCodePoint(text.substr(found.size));
    const uint8_t byte = ToByte(next.value);
    if ((byte & 0xC0) != 0x80) return {};
    found.meant += static_cast<char>(byte);
    found.size += next.size;
  }
  if (!formats::ReadUtf8(found.meant).valid) return {};
  return found;
}

// Every misread lead byte is a code point from U+00C2 to U+00F4, whose UTF-8 begins with C3.
size_t NextCandidate(std::string_view text, size_t from) { return text.find('\xC3', from); }

bool HasSure(std::string_view text) {
  for (size_t at = NextCandidate(text, 0); at != text.npos; at = NextCandidate(text, at + 1)) {
    if (MisreadAt(text.substr(at), false).size > 0) return true;
  }
  return false;
}

}  // namespace

char32_t FromWindows1252(uint8_t byte) { return byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte; }

uint32_t RepairMojibake(std::string_view valid, Rewriter& rewriter) {
  if (!HasSure(valid)) return 0;
  uint32_t count = 0;
  for (size_t at = NextCandidate(valid, 0); at != valid.npos;) {
    const Misread found = MisreadAt(valid.substr(at), true);
    if (found.size > 0) {
      rewriter.Replace(at, found.size, found.meant);
      ++count;
    }
    at = NextCandidate(valid, at + std::max<size_t>(found.size, 1));
  }
  return count;
}

}  // namespace walchen::data
