// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_unicode.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "formats/utf8.h"

namespace walchen::formats::jinja {
namespace {

// Code points first, first + stride, ... last become themselves plus delta.
struct CaseRange {
  uint32_t first;
  uint32_t last;
  uint32_t stride;
  int32_t delta;
};

struct SpecialCase {
  uint32_t from;
  std::string_view to;
};

struct CodeRange {
  uint32_t first;
  uint32_t last;
};

#include "formats/jinja_unicode_tables.inc"

// The last range that starts at or before the code point.
template <class Range>
const Range* FindRange(std::span<const Range> ranges, uint32_t code_point) {
  const auto after = std::ranges::upper_bound(ranges, code_point, {}, &Range::first);
  if (after == ranges.begin()) return nullptr;
  const Range& range = *std::prev(after);
  return code_point <= range.last ? &range : nullptr;
}

// Whether one of the two tables knows the code point; if so its new form is appended.
bool Convert(std::span<const CaseRange> ranges, std::span<const SpecialCase> special, uint32_t code_point,
             std::string& out) {
  if (code_point == kInvalidCodePoint) return false;
  const auto found = std::ranges::lower_bound(special, code_point, {}, &SpecialCase::from);
  if (found != special.end() && found->from == code_point) {
    out.append(found->to);
    return true;
  }
  const CaseRange* range = FindRange(ranges, code_point);
  if (range == nullptr || (code_point - range->first) % range->stride != 0) return false;
  AppendUtf8(static_cast<uint32_t>(static_cast<int32_t>(code_point) + range->delta), out);
  return true;
}

bool Contains(std::span<const CodeRange> ranges, uint32_t code_point) {
  return FindRange(ranges, code_point) != nullptr;
}

// The number of bytes a sequence with this first byte has; 0 if none starts with it.
size_t SequenceBytes(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

CodePoint DecodeAt(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1};
  const size_t bytes = SequenceBytes(first);
  if (bytes == 0 || text.size() - at < bytes) return {kInvalidCodePoint, 1};
  uint32_t value = first & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if (!IsContinuation(text[at + i])) return {kInvalidCodePoint, 1};
    value = value << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (overlong || surrogate || value > 0x10FFFF) return {kInvalidCodePoint, 1};
  return {value, bytes};
}

CodePoint DecodeBefore(std::string_view text, size_t end) {
  size_t start = end - 1;
  while (start > 0 && end - start < 4 && IsContinuation(text[start])) --start;
  const CodePoint found = DecodeAt(text.substr(0, end), start);
  return start + found.bytes == end ? found : CodePoint{kInvalidCodePoint, 1};
}

void AppendUtf8(uint32_t value, std::string& out) { formats::AppendUtf8(out, value); }

size_t CountCodePoints(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    at += static_cast<unsigned char>(text[at]) < 0x80 ? 1 : DecodeAt(text, at).bytes;
  }
  return count;
}

size_t ByteOffset(std::string_view text, size_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += DecodeAt(text, at).bytes;
  return at;
}

bool IsSpace(uint32_t code_point) {
  if (code_point < 0x80) {
    return code_point == ' ' || (code_point >= 0x09 && code_point <= 0x0D) ||
           (code_point >= 0x1C && code_point <= 0x1F);
  }
  return code_point == 0x85 || code_point == 0xA0 || code_point == 0x1680 ||
         (code_point >= 0x2000 && code_point <= 0x200A) || code_point == 0x2028 || code_point == 0x2029 ||
         code_point == 0x202F || code_point == 0x205F || code_point == 0x3000;
}

bool IsLineBreak(uint32_t code_point) {
  return (code_point >= 0x0A && code_point <= 0x0D) || (code_point >= 0x1C && code_point <= 0x1E) ||
         code_point == 0x85 || code_point == 0x2028 || code_point == 0x2029;
}

bool IsPrintable(uint32_t code_point) {
  return code_point != kInvalidCodePoint && !Contains(kNotPrintable, code_point);
}

bool IsAlpha(uint32_t code_point) { return code_point != kInvalidCodePoint && Contains(kAlpha, code_point); }

bool IsUpper(uint32_t code_point) {
  std::string ignored;
  return Convert(kLower, kLowerSpecial, code_point, ignored);
}

bool IsLower(uint32_t code_point) {
  std::string ignored;
  return Convert(kUpper, kUpperSpecial, code_point, ignored);
}

void AppendUpper(uint32_t code_point, std::string& out) {
  if (!Convert(kUpper, kUpperSpecial, code_point, out)) AppendUtf8(code_point, out);
}

void AppendLower(uint32_t code_point, std::string& out) {
  if (!Convert(kLower, kLowerSpecial, code_point, out)) AppendUtf8(code_point, out);
}

void AppendTitle(uint32_t code_point, std::string& out) {
  if (!Convert(kTitle, kTitleSpecial, code_point, out)) AppendUpper(code_point, out);
}

}  // namespace walchen::formats::jinja
