// SPDX-License-Identifier: Apache-2.0
#include "formats/unicode.h"

#include <gtest/gtest.h>

namespace walchen::formats {
namespace {

std::string Lower(char32_t code) {
  std::string out;
  AppendLower(out, code);
  return out;
}

TEST(Unicode, KnowsTheClassesOfCodePoints) {
  EXPECT_EQ(ClassOf(U'a'), CharClass::kLetter);
  EXPECT_EQ(ClassOf(U'\u00DF'), CharClass::kLetter);
  EXPECT_EQ(ClassOf(U'\u4E00'), CharClass::kLetter);
  EXPECT_EQ(ClassOf(U'\U0003134A'), CharClass::kLetter);
  EXPECT_EQ(ClassOf(U'\U0003134B'), CharClass::kOther);  // the first code point after CJK extension G
  EXPECT_EQ(ClassOf(U'7'), CharClass::kNumber);
  EXPECT_EQ(ClassOf(U'\u00BD'), CharClass::kNumber);
  EXPECT_EQ(ClassOf(U'\u0301'), CharClass::kMark);
  EXPECT_EQ(ClassOf(U'!'), CharClass::kPunctuation);
  EXPECT_EQ(ClassOf(U'$'), CharClass::kSymbol);
  EXPECT_EQ(ClassOf(U'\U0001F600'), CharClass::kSymbol);
  EXPECT_EQ(ClassOf(U'\0'), CharClass::kOther);
  EXPECT_EQ(ClassOf(U'\U0010FFFF'), CharClass::kOther);
}

TEST(Unicode, CountsExactlyTheCodePointsWithWhiteSpaceAsSpace) {
  int spaces = 0;
  for (char32_t code = 0; code < 0x110000; ++code) spaces += IsSpace(code) ? 1 : 0;
  EXPECT_EQ(spaces, 25);  // PropList.txt
  EXPECT_TRUE(IsSpace(U'\u0085') && IsSpace(U'\u3000') && IsSpace(U'\t'));
  EXPECT_FALSE(IsSpace(U'\u200B'));
}

TEST(Unicode, TellsWordsFromOtherCharacters) {
  for (const char32_t code : {U'a', U'_', U'9', U'\u0301', U'\u2163', U'\u203F'}) EXPECT_TRUE(IsWord(code));
  for (const char32_t code : {U' ', U'-', U'\u00BD', U'\U0001F600'}) EXPECT_FALSE(IsWord(code));
}

TEST(Unicode, LowersOneCodePointAtATime) {
  EXPECT_EQ(Lower(U'A'), "a");
  EXPECT_EQ(Lower(U'\u00C4'), "\u00E4");
  EXPECT_EQ(Lower(U'\u1E9E'), "\u00DF");
  EXPECT_EQ(Lower(U'\u03A3'), "\u03C3");
  EXPECT_EQ(Lower(U'\u0130'), "i\u0307");
  EXPECT_EQ(Lower(U'\u0101'), "\u0101");
  EXPECT_EQ(Lower(U'\u0100'), "\u0101");
  EXPECT_EQ(Lower(U'5'), "5");
}

TEST(Unicode, DecomposesFully) {
  EXPECT_EQ(ToNfd("plain"), "plain");
  EXPECT_EQ(ToNfd("\u00E9"), "e\u0301");
  EXPECT_EQ(ToNfd("\u1E69"), "s\u0323\u0307");        // two steps
  EXPECT_EQ(ToNfd("\u212B"), "A\u030A");              // a singleton, then a pair
  EXPECT_EQ(ToNfd("\uAC01"), "\u1100\u1161\u11A8");
  EXPECT_EQ(ToNfd("a\u0301\u0323"), "a\u0323\u0301");  // marks in canonical order
}

TEST(Unicode, ComposesWhatBelongsTogether) {
  EXPECT_EQ(ToNfc("e\u0301"), "\u00E9");
  EXPECT_EQ(ToNfc("\u1100\u1161\u11A8"), "\uAC01");
  EXPECT_EQ(ToNfc("\uAC00\u11A8"), "\uAC01");
  EXPECT_EQ(ToNfc("s\u0307\u0323"), "\u1E69");
  EXPECT_EQ(ToNfc("a\u0323\u0301"), "\u1EA1\u0301");
  EXPECT_EQ(ToNfc("\u0958"), "\u0915\u093C");          // excluded from composition
  EXPECT_EQ(ToNfc("\u0344"), "\u0308\u0301");          // two marks never become one
  EXPECT_EQ(ToNfc("q\u0307\u0323"), "q\u0323\u0307");  // nothing to compose with
}

// UAX 15: normalising twice changes nothing.
TEST(Unicode, NormalisesToAFixedPoint) {
  std::string text;
  for (char32_t code = 0xC0; code < 0x3000; ++code) {
    text += "x";
    text += Lower(code);
  }
  EXPECT_EQ(ToNfd(ToNfd(text)), ToNfd(text));
  EXPECT_EQ(ToNfc(ToNfc(text)), ToNfc(text));
  EXPECT_EQ(ToNfc(ToNfd(text)), ToNfc(text));
}

}  // namespace
}  // namespace walchen::formats
