// SPDX-License-Identifier: Apache-2.0
#include "formats/pretokenizer.h"

#include <gtest/gtest.h>

namespace walchen::formats {
namespace {

using Words = std::vector<std::string>;

Words Cut(std::vector<PretokenizerStep> steps, std::string_view text, bool at_start = true) {
  const Pieces pieces = PreTokenize(steps, std::string(text), at_start);
  Words words;
  for (size_t i = 0; i < pieces.spans.size(); ++i) words.emplace_back(pieces[i]);
  return words;
}
Words Cut(Pattern pattern, std::string_view text) { return Cut({CutPattern{pattern}}, text); }

TEST(Pretokenizer, Gpt2KeepsTheSpaceInFrontOfAWord) {
  EXPECT_EQ(Cut(Pattern::kGpt2, "Hello world"), (Words{"Hello", " world"}));
  EXPECT_EQ(Cut(Pattern::kGpt2, "a  b"), (Words{"a", " ", " b"}));
  EXPECT_EQ(Cut(Pattern::kGpt2, "a\tb "), (Words{"a", "\t", "b", " "}));
  EXPECT_EQ(Cut(Pattern::kGpt2, "a \n"), (Words{"a", " \n"}));
  EXPECT_EQ(Cut(Pattern::kGpt2, ""), Words{});
}

TEST(Pretokenizer, Gpt2SeparatesLettersNumbersAndSigns) {
  EXPECT_EQ(Cut(Pattern::kGpt2, "x12!? 3e\u0301"), (Words{"x", "12", "!?", " 3", "e", "\u0301"}));
  EXPECT_EQ(Cut(Pattern::kGpt2, "Gr\u00F6\u00DFe \u00BD"), (Words{"Gr\u00F6\u00DFe", " \u00BD"}));
}

TEST(Pretokenizer, Gpt2CutsLowerCaseContractionsOnly) {
  EXPECT_EQ(Cut(Pattern::kGpt2, "he'll'LL"), (Words{"he", "'ll", "'", "LL"}));
  EXPECT_EQ(Cut(Pattern::kGpt2, " 's"), (Words{" '", "s"}));
}

TEST(Pretokenizer, Llama3CutsContractionsInAnyCase) {
  EXPECT_EQ(Cut(Pattern::kLlama3, "he'LL I'Ve"), (Words{"he", "'LL", " I", "'Ve"}));
  EXPECT_EQ(Cut(Pattern::kLlama3, "x'\u017Fy"), (Words{"x", "'\u017F", "y"}));  // the long s folds to s
}

TEST(Pretokenizer, Llama3TakesThreeDigitsAtATimeAndQwenOne) {
  EXPECT_EQ(Cut(Pattern::kLlama3, "12345 6"), (Words{"123", "45", " ", "6"}));
  EXPECT_EQ(Cut(Pattern::kQwen2, "123"), (Words{"1", "2", "3"}));
}

TEST(Pretokenizer, Llama3EndsASpaceRunAtItsLastLineBreak) {
  EXPECT_EQ(Cut(Pattern::kLlama3, "a \n\n  b"), (Words{"a", " \n\n", " ", " b"}));
  EXPECT_EQ(Cut(Pattern::kLlama3, "a   "), (Words{"a", "   "}));
  EXPECT_EQ(Cut(Pattern::kLlama3, "x;\n\ny"), (Words{"x", ";\n\n", "y"}));
  EXPECT_EQ(Cut(Pattern::kLlama3, "\ta (b"), (Words{"\ta", " (", "b"}));
}

TEST(Pretokenizer, DeepSeek3JoinsASignWithAsciiLettersAndLeavesOddCharactersAsGaps) {
  EXPECT_EQ(Cut(Pattern::kDeepSeek3, "_abc-\u00E9"), (Words{"_abc", "-", "\u00E9"}));
  EXPECT_EQ(Cut(Pattern::kDeepSeek3, std::string_view("\x01\x01" "a\x02", 4)), (Words{"\x01", "\x01" "a", "\x02"}));
  EXPECT_EQ(Cut(Pattern::kDeepSeek3, "\u0301\u0301"), (Words{"\u0301\u0301"}));
}

TEST(Pretokenizer, DeepSeekLlmReproducesItsOddSignClass) {
  // ':' to '~' in the class of signs includes the ASCII letters, so umlauts are cut off.
  const std::vector<PretokenizerStep> steps = {CutPattern{Pattern::kDeepSeekLetters}, CutPattern{Pattern::kDeepSeekSigns}};
  EXPECT_EQ(Cut(steps, " Gr\u00F6\u00DFe"), (Words{" Gr", "\u00F6\u00DF", "e"}));
}

TEST(Pretokenizer, CutsTrailingSpaceOffOnce) {
  EXPECT_EQ(Cut(Pattern::kTrailingSpace, " a b \t\u3000"), (Words{" a b", " \t\u3000"}));
  EXPECT_EQ(Cut(Pattern::kTrailingSpace, "  "), (Words{"  "}));
  EXPECT_EQ(Cut(Pattern::kTrailingSpace, "ab"), (Words{"ab"}));
}

TEST(Pretokenizer, KnowsTheExpressionsOfTheFamiliesAndNoOthers) {
  EXPECT_EQ(PatternOf(R"(\p{N}{1,3})"), Pattern::kNumbersUpTo3);
  EXPECT_EQ(PatternOf("[\r\n]"), Pattern::kLineBreak);
  EXPECT_EQ(PatternOf(R"(\s+$)"), Pattern::kTrailingSpace);
  EXPECT_EQ(PatternOf(R"(\w+)"), std::nullopt);
  EXPECT_EQ(PatternOf(""), std::nullopt);
}

TEST(Pretokenizer, SpellsEveryPatternAsItReadsIt) {
  for (int i = 0; i <= static_cast<int>(Pattern::kSpacePunctuation); ++i) {
    const auto pattern = static_cast<Pattern>(i);
    EXPECT_EQ(PatternOf(ExpressionOf(pattern)), pattern) << i;
  }
}

TEST(Pretokenizer, CutsDigitsAloneOrInRuns) {
  EXPECT_EQ(Cut({CutDigits{true}}, "a12\u0663"), (Words{"a", "1", "2", "\u0663"}));
  EXPECT_EQ(Cut({CutDigits{false}}, "a12b"), (Words{"a", "12", "b"}));
}

TEST(Pretokenizer, BertDropsSpacesAndIsolatesPunctuation) {
  EXPECT_EQ(Cut({CutWords{CutWords::kBert}}, " don't $5.\n"), (Words{"don", "'", "t", "$", "5", "."}));
  EXPECT_EQ(Cut({CutWords{CutWords::kWordOrSigns}}, "a_1 !? b"), (Words{"a_1", "!?", "b"}));
  EXPECT_EQ(Cut({CutWords{CutWords::kWhitespace}}, " a,\u3000b "), (Words{"a,", "b"}));
  EXPECT_EQ(Cut({CutWords{CutWords::kPunctuation}}, "a, b"), (Words{"a", ",", " b"}));
}

TEST(Pretokenizer, CutsAtATextInEveryManner) {
  EXPECT_EQ(Cut({CutText{"-", CutText::kRemoved}}, "a-b--c"), (Words{"a", "b", "c"}));
  EXPECT_EQ(Cut({CutText{"-", CutText::kIsolated}}, "a-b--c"), (Words{"a", "-", "b", "-", "-", "c"}));
  EXPECT_EQ(Cut({CutText{"-", CutText::kMergedWithPrevious}}, "a-b--c"), (Words{"a-", "b-", "-", "c"}));
  EXPECT_EQ(Cut({CutText{"-", CutText::kMergedWithNext}}, "a-b--c"), (Words{"a", "-b", "-", "-c"}));
}

TEST(Pretokenizer, MetaspaceMarksSpacesAndTheBeginning) {
  const std::string mark = "\u2581";
  EXPECT_EQ(Cut({Metaspace{mark}}, "a  b"), (Words{mark + "a", mark, mark + "b"}));
  EXPECT_EQ(Cut({Metaspace{mark}}, " a"), (Words{mark + "a"}));
  EXPECT_EQ(Cut({Metaspace{mark, Metaspace::kFirst, false}}, "a b", true), (Words{mark + "a" + mark + "b"}));
  EXPECT_EQ(Cut({Metaspace{mark, Metaspace::kFirst, false}}, "a b", false), (Words{"a" + mark + "b"}));
  EXPECT_EQ(Cut({Metaspace{mark, Metaspace::kNever, true}}, "a b"), (Words{"a", mark + "b"}));
}

TEST(Pretokenizer, SpaceMarksBeginWordsButRunsOfThemStayWhole) {
  EXPECT_EQ(Cut({CutSpaceMarks{}}, "\u2581a\u2581\u2581b"), (Words{"\u2581a", "\u2581\u2581b"}));
  EXPECT_EQ(Cut({CutSpaceMarks{}}, "ab"), (Words{"ab"}));
}

TEST(Pretokenizer, PutsASpaceInFrontWhereThereIsNone) {
  EXPECT_EQ(Cut({PrefixSpace{}}, "a"), (Words{" a"}));
  EXPECT_EQ(Cut({PrefixSpace{}}, " a"), (Words{" a"}));
}

}  // namespace
}  // namespace walchen::formats
