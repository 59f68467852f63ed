// SPDX-License-Identifier: Apache-2.0
#include "formats/utf8.h"

#include <cstdint>
#include <cstring>

namespace walchen::formats {
namespace {

unsigned char ByteAt(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }

// What may follow a lead byte; the first trailing byte is narrower after E0, ED, F0 and F4 (overlong forms, surrogates,
// beyond U+10FFFF).
struct Trail {
  size_t count = 0;
  unsigned char low = 0x80, high = 0xBF;
};

Trail TrailOf(unsigned char lead) {
  if (lead < 0xC2 || lead > 0xF4) return {};
  if (lead < 0xE0) return {1};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead < 0xF0) return {2};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return {3};
}

size_t AsciiPrefix(std::string_view bytes) {
  size_t i = 0;
  while (i + 8 <= bytes.size()) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    if ((word & 0x8080808080808080u) != 0) break;
    i += 8;
  }
  while (i < bytes.size() && ByteAt(bytes, i) < 0x80) ++i;
  return i;
}

}  // namespace

void AppendUtf8(std::string& out, char32_t code) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

Utf8Sequence ReadUtf8(std::string_view bytes) {
  const unsigned char lead = ByteAt(bytes, 0);
  if (lead < 0x80) return {1, true};
  const Trail trail = TrailOf(lead);
  size_t size = 1;
  while (size <= trail.count && size < bytes.size()) {
    const unsigned char byte = ByteAt(bytes, size);
    const unsigned char low = size == 1 ? trail.low : 0x80;
    const unsigned char high = size == 1 ? trail.high : 0xBF;
    if (byte < low || byte > high) break;
    ++size;
  }
  return {size, trail.count > 0 && size == trail.count + 1};
}

size_t ValidUtf8Prefix(std::string_view bytes) {
  size_t position = 0;
  while (position < bytes.size()) {
    position += AsciiPrefix(bytes.substr(position));
    if (position == bytes.size()) break;
    const Utf8Sequence sequence = ReadUtf8(bytes.substr(position));
    if (!sequence.valid) break;
    position += sequence.size;
  }
  return position;
}

std::string ReplaceInvalidUtf8(std::string_view bytes, std::span<size_t> marks) {
  std::string out;
  out.reserve(bytes.size());
  size_t next_mark = 0;
  size_t position = 0;
  while (position < bytes.size()) {
    const size_t valid = ValidUtf8Prefix(bytes.substr(position));
    const size_t bad = position + valid;
    while (next_mark < marks.size() && marks[next_mark] <= bad) {
      size_t mark = marks[next_mark];
      while (mark > position && mark < bad && (ByteAt(bytes, mark) & 0xC0) == 0x80) --mark;
      marks[next_mark++] = out.size() + (mark - position);
    }
    out.append(bytes, position, valid);
    if (bad == bytes.size()) break;
    const size_t end = bad + ReadUtf8(bytes.substr(bad)).size;
    while (next_mark < marks.size() && marks[next_mark] < end) marks[next_mark++] = out.size();
    AppendUtf8(out, kReplacementCharacter);
    position = end;
  }
  while (next_mark < marks.size()) marks[next_mark++] = out.size();
  return out;
}

}  // namespace walchen::formats
