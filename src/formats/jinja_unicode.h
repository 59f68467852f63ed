// SPDX-License-Identifier: Apache-2.0
//
// What Python's str knows about code points, for texts kept as UTF-8. Chat templates are Python programs in disguise:
// they count, cut and index texts in code points, and strip what Python calls white space.
//
// These are not the classes of formats/unicode.h and cannot share its tables: there the package `tokenizers` is followed,
// here Python 3.11 and its Unicode 14, so that a template gives the text it gives in Python. They differ on 9,272 letters,
// the lower case of 55, and on U+001C to U+001F, which only Python strips as white space.
//
// A byte that is not part of well-formed UTF-8 counts as one code point of its own (kInvalid) and is copied as it is.
// Thread-safe: pure functions over constant tables (jinja_unicode_tables.inc, made from Python's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace walchen::formats::jinja {

inline constexpr uint32_t kInvalidCodePoint = 0xFFFFFFFF;

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;
};

// The code point that starts at byte `at`, and the one that ends at byte `end`. at < text.size(), end > 0.
CodePoint DecodeAt(std::string_view text, size_t at);
CodePoint DecodeBefore(std::string_view text, size_t end);
// `value` must not be a surrogate or above U+10FFFF.
void AppendUtf8(uint32_t value, std::string& out);

size_t CountCodePoints(std::string_view text);
// The byte at which code point number `index` starts; text.size() for the number behind the last.
size_t ByteOffset(std::string_view text, size_t index);

bool IsSpace(uint32_t code_point);
bool IsLineBreak(uint32_t code_point);  // where str.splitlines splits
bool IsPrintable(uint32_t code_point);  // what repr() shows as it is
bool IsAlpha(uint32_t code_point);
bool IsUpper(uint32_t code_point);
bool IsLower(uint32_t code_point);

// The code point in upper, lower or title case; may be several ("ß" -> "SS").
void AppendUpper(uint32_t code_point, std::string& out);
void AppendLower(uint32_t code_point, std::string& out);
void AppendTitle(uint32_t code_point, std::string& out);

}  // namespace walchen::formats::jinja
