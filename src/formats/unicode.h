// SPDX-License-Identifier: Apache-2.0
//
// The properties of code points that tokenizers ask for: Unicode 16.0, except where the rules of the Python package
// `tokenizers` follow another version (see scripts/unicode_tables.py, which writes the tables).
// Pure functions of valid code points and valid UTF-8; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace walchen::formats {

// General categories by their first letter; Z, C and the unassigned are kOther unless they are White_Space.
enum class CharClass : uint8_t { kOther, kSpace, kLetter, kMark, kNumber, kPunctuation, kSymbol };

namespace internal {
constexpr char32_t kDirectClasses = 0x800;  // everything of one or two bytes: Latin, Greek, Cyrillic, Hebrew, Arabic
extern const std::array<CharClass, kDirectClasses> kClassesOfFirst;
CharClass SearchClass(char32_t code);
}  // namespace internal

inline CharClass ClassOf(char32_t code) {
  return code < internal::kDirectClasses ? internal::kClassesOfFirst[code] : internal::SearchClass(code);
}

inline bool IsSpace(char32_t code) { return ClassOf(code) == CharClass::kSpace; }
inline bool IsLetter(char32_t code) { return ClassOf(code) == CharClass::kLetter; }
inline bool IsNumber(char32_t code) { return ClassOf(code) == CharClass::kNumber; }

// As the pre-tokenizer Digits counts, which knows more than \p{N}.
bool IsNumeric(char32_t code);
// \w
bool IsWord(char32_t code);

// BERT's own classes.
bool IsBertPunctuation(char32_t code);
bool IsBertControl(char32_t code);
bool IsBertMark(char32_t code);
bool IsBertChinese(char32_t code);
// What the normaliser StripAccents takes away.
bool IsStrippedMark(char32_t code);

// Appends the lower case of one code point, whatever stands around it (so no final sigma).
void AppendLower(std::string& out, char32_t code);

// Canonical decomposition, and composition after it. Linear but for runs of combining marks, which are sorted.
std::string ToNfd(std::string_view valid);
std::string ToNfc(std::string_view valid);

}  // namespace walchen::formats
