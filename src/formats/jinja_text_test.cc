// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_text.h"

#include <gtest/gtest.h>

namespace walchen::formats::jinja {
namespace {

using Ranges = std::vector<ByteRange>;

Ranges Marks(const TextBuilder& builder) {
  const MarkedText view = builder.view();
  return {view.trusted.begin(), view.trusted.end()};
}

TextBuilder Mixed() {
  TextBuilder builder;
  builder.Append("ab", true);
  builder.Append("cd", false);
  builder.Append("ef", true);
  return builder;
}

TEST(JinjaText, AdjacentTrustedPiecesAreOneRange) {
  TextBuilder builder;
  builder.Append("ab", true);
  builder.Append("", false);
  builder.Append("cd", true);
  builder.Append("e", false);
  EXPECT_EQ(builder.view().bytes, "abcde");
  EXPECT_EQ(Marks(builder), (Ranges{{0, 4}}));
}

TEST(JinjaText, AppendingASliceKeepsItsMarks) {
  const TextBuilder mixed = Mixed();
  TextBuilder builder;
  builder.Append("x", false);
  builder.Append(mixed.view(), 1, 5);
  EXPECT_EQ(builder.view().bytes, "xbcde");
  EXPECT_EQ(Marks(builder), (Ranges{{1, 2}, {4, 5}}));
}

TEST(JinjaText, AnEmptySliceInsideAMarkLeavesNoMark) {
  const TextBuilder mixed = Mixed();
  TextBuilder builder;
  builder.Append(mixed.view(), 1, 1);
  EXPECT_TRUE(Marks(builder).empty());
  EXPECT_TRUE(SliceMarks(mixed.view().trusted, 1, 1).empty());
}

TEST(JinjaText, SlicesCutMarksAtTheirBorders) {
  const TextBuilder mixed = Mixed();
  const auto marks = mixed.view().trusted;
  EXPECT_EQ(SliceMarks(marks, 0, 6), (Ranges{{0, 2}, {4, 6}}));
  EXPECT_EQ(SliceMarks(marks, 1, 5), (Ranges{{0, 1}, {3, 4}}));
  EXPECT_EQ(SliceMarks(marks, 2, 4), Ranges());
  EXPECT_EQ(SliceMarks(marks, 5, 6), (Ranges{{0, 1}}));
}

TEST(JinjaText, EveryByteKnowsItsMark) {
  const TextBuilder mixed = Mixed();
  std::string marks;
  for (size_t i = 0; i < mixed.size(); ++i) marks.push_back(IsTrusted(mixed.view(), i) ? 't' : '-');
  EXPECT_EQ(marks, "tt--tt");
}

TEST(JinjaText, StopsGrowingAtTheBoundAndSaysSo) {
  TextBuilder builder;
  const std::string piece(1 << 24, 'a');
  for (int i = 0; i < 4; ++i) builder.Append(piece, false);
  EXPECT_EQ(builder.size(), size_t{1} << 26);
  EXPECT_FALSE(builder.overflowed());
  builder.Append("b", true);
  EXPECT_TRUE(builder.overflowed());
  EXPECT_EQ(builder.size(), size_t{1} << 26);
  EXPECT_TRUE(Marks(builder).empty());
}

}  // namespace
}  // namespace walchen::formats::jinja
