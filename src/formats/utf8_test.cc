// SPDX-License-Identifier: Apache-2.0
#include "formats/utf8.h"

#include <array>

#include <gtest/gtest.h>

namespace walchen::formats {
namespace {

constexpr std::string_view kBad = "\uFFFD";

std::string Times(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Utf8, WritesWhatItReads) {
  for (const char32_t code : {U'\0', U'a', U'\u007F', U'\u0080', U'\u07FF', U'\u0800', U'\uFFFF', U'\U00010000',
                              U'\U0010FFFF'}) {
    std::string text;
    AppendUtf8(text, code);
    EXPECT_TRUE(ReadUtf8(text).valid);
    EXPECT_EQ(FirstCodePoint(text).value, code);
    EXPECT_EQ(FirstCodePoint(text).size, text.size());
    EXPECT_EQ(LastCodePointSize("x" + text), text.size());
  }
}

// The table of Unicode 16.0, section 3.9 (tables 3-8 to 3-11), and what Python's errors="replace" gives.
TEST(Utf8, ReplacesEachMaximalIllFormedPartByOneCharacter) {
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82" "A"), Times(kBad, 8) + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF" "A"), Times(kBad, 8) + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x91\x92\x93\xFF" "A\x80\xBF" "B"), Times(kBad, 5) + "A" + Times(kBad, 2) + "B");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF" "A"), Times(kBad, 4) + "A");
}

TEST(Utf8, LeavesValidTextAlone) {
  const std::string text = "Gr\u00F6\u00DFe \u65E5\u672C \U0001F600 with more than eight letters";
  EXPECT_EQ(ValidUtf8Prefix(text), text.size());
  EXPECT_EQ(ReplaceInvalidUtf8(text), text);
}

TEST(Utf8, FindsWhereTextStopsBeingValid) {
  EXPECT_EQ(ValidUtf8Prefix("0123456789\xE2\x82"), 10u);
  EXPECT_EQ(ValidUtf8Prefix("\x80"), 0u);
  EXPECT_EQ(ValidUtf8Prefix(""), 0u);
}

TEST(Utf8, MovesMarksWithTheText) {
  // a FF | b E2 82 | c : the second mark stands inside no sequence, the third in the middle of an ill-formed one.
  std::array<size_t, 5> marks = {0, 2, 4, 5, 6};
  EXPECT_EQ(ReplaceInvalidUtf8("a\xFF" "b\xE2\x82" "c", marks), "a\uFFFDb\uFFFDc");
  EXPECT_EQ(marks, (std::array<size_t, 5>{0, 4, 5, 8, 9}));
}

TEST(Utf8, PutsAMarkInsideACharacterAtItsStart) {
  std::array<size_t, 2> marks = {2, 5};
  EXPECT_EQ(ReplaceInvalidUtf8("a\u00E9\xFF" "b", marks), "a\u00E9\uFFFDb");
  EXPECT_EQ(marks, (std::array<size_t, 2>{1, 7}));
}

}  // namespace
}  // namespace walchen::formats
