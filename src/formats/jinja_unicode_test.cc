// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_unicode.h"

#include <vector>

#include <gtest/gtest.h>

namespace walchen::formats::jinja {
namespace {

std::vector<size_t> SizesFromFront(std::string_view text) {
  std::vector<size_t> sizes;
  for (size_t at = 0; at < text.size(); at += sizes.back()) sizes.push_back(DecodeAt(text, at).bytes);
  return sizes;
}

std::vector<size_t> SizesFromBack(std::string_view text) {
  std::vector<size_t> sizes;
  for (size_t end = text.size(); end > 0; end -= sizes.front()) {
    sizes.insert(sizes.begin(), DecodeBefore(text, end).bytes);
  }
  return sizes;
}

std::string Upper(uint32_t code_point) {
  std::string out;
  AppendUpper(code_point, out);
  return out;
}

std::string Lower(uint32_t code_point) {
  std::string out;
  AppendLower(code_point, out);
  return out;
}

std::string Title(uint32_t code_point) {
  std::string out;
  AppendTitle(code_point, out);
  return out;
}

TEST(JinjaUnicode, DecodesWhatItEncodes) {
  for (const uint32_t code_point : {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xFFFDu, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    AppendUtf8(code_point, text);
    EXPECT_EQ(DecodeAt(text, 0).value, code_point);
    EXPECT_EQ(DecodeAt(text, 0).bytes, text.size());
    EXPECT_EQ(DecodeBefore(text, text.size()).value, code_point);
  }
}

TEST(JinjaUnicode, TakesBrokenSequencesByteForByte) {
  // A lone continuation, an overlong slash, a surrogate, one above the last code point, a cut sequence.
  for (const std::string_view text : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_EQ(SizesFromFront(text), std::vector<size_t>(text.size(), 1));
    EXPECT_EQ(CountCodePoints(text), text.size());
    EXPECT_EQ(DecodeAt(text, 0).value, kInvalidCodePoint);
  }
}

TEST(JinjaUnicode, ReadsTheSameCodePointsFromBothEnds) {
  for (const std::string_view text : {"aé日🚀z", "\xE2\x82z\xF0\x9F\x9A", "a\x80\x80\x80\x80", "é\x80", "\xC3\xC3\xA9"}) {
    EXPECT_EQ(SizesFromFront(text), SizesFromBack(text)) << text;
  }
}

TEST(JinjaUnicode, FindsTheByteOfACodePoint) {
  EXPECT_EQ(ByteOffset("aé日z", 0), 0u);
  EXPECT_EQ(ByteOffset("aé日z", 2), 3u);
  EXPECT_EQ(ByteOffset("aé日z", 3), 6u);
  EXPECT_EQ(ByteOffset("aé日z", 4), 7u);
  EXPECT_EQ(ByteOffset("aé日z", 99), 7u);
}

TEST(JinjaUnicode, ChangesCaseAsPythonDoes) {
  EXPECT_EQ(Upper('a') + Upper(0xDF) + Upper(0xFF) + Upper(0x101) + Upper(0x1C6) + Upper('1'), "ASSŸĀǄ1");
  EXPECT_EQ(Lower('A') + Lower(0x130) + Lower(0x100) + Lower(0x1E9E) + Lower(0x10400), "ai̇āß𐐨");
  EXPECT_EQ(Title(0x1C6) + Title(0xDF) + Title(0xFB01) + Title('x'), "ǅSsFiX");
  EXPECT_EQ(Upper(0x100), "Ā");
  EXPECT_EQ(Lower(0x101), "ā");
}

TEST(JinjaUnicode, KnowsSpacesLettersAndWhatIsPrintable) {
  for (const uint32_t space : {0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1F, 0x85, 0xA0, 0x2003, 0x3000}) {
    EXPECT_TRUE(IsSpace(space)) << space;
  }
  EXPECT_FALSE(IsSpace(0x200B) || IsSpace('a') || IsSpace(kInvalidCodePoint) || IsSpace(0x180E));
  EXPECT_TRUE(IsLineBreak('\n') && IsLineBreak(0x1E) && IsLineBreak(0x2028) && !IsLineBreak(0x1F) && !IsLineBreak(' '));
  EXPECT_TRUE(IsPrintable('a') && IsPrintable(' ') && IsPrintable(0x1F680) && IsPrintable(0xE9));
  EXPECT_FALSE(IsPrintable(0x7F) || IsPrintable(0xA0) || IsPrintable(0x200B) || IsPrintable(0xE000) ||
               IsPrintable(kInvalidCodePoint));
  EXPECT_TRUE(IsAlpha(0xE4) && IsAlpha(0x65E5) && !IsAlpha('_') && !IsAlpha('5') && !IsAlpha(kInvalidCodePoint));
  EXPECT_TRUE(IsUpper('A') && IsLower(0xDF) && !IsLower('1') && !IsUpper(0x65E5) && !IsUpper(kInvalidCodePoint));
}

}  // namespace
}  // namespace walchen::formats::jinja
