// SPDX-License-Identifier: Apache-2.0
#include "data/toxicity.h"

#include <gtest/gtest.h>

#include "data/phrases.h"

namespace walchen::data {
namespace {

ToxicityCounts Counts(std::string_view text) { return CountToxicWords(SplitWords(text)); }

TEST(Phrases, AreFoundWhateverTheirCaseAndTheLongestFirst) {
  const std::string_view phrases[] = {"alle cookies", "alle cookies akzeptieren", "impressum"};
  const PhraseSet set(phrases);
  const std::vector<Word> words = SplitWords("Bitte ALLE Cookies, akzeptieren. Impressum alle");
  EXPECT_EQ(set.MatchAt(words), 0);
  EXPECT_EQ(set.MatchAt(std::span(words).subspan(1)), 3);
  EXPECT_EQ(set.MatchAt(std::span(words).subspan(4)), 1);
  EXPECT_EQ(set.MatchAt(std::span(words).subspan(5)), 0);
  EXPECT_EQ(set.MatchAt({}), 0);
}

TEST(Toxicity, CountsWordsOfTheLists) {
  EXPECT_EQ(Counts("Du bist ein Arschloch, und noch ein ARSCHLOCH!").german, 2);
  EXPECT_EQ(Counts("What a load of bullshit.").english, 1);
}

TEST(Toxicity, CountsNothingInAServiceReport) {
  const ToxicityCounts german = Counts("Der Techniker hat die Dichtung der Pumpe getauscht und den Ölstand geprüft.");
  const ToxicityCounts english = Counts("The technician replaced the pump's seal and checked the oil level.");
  EXPECT_EQ(german.german + german.english + english.german + english.english, 0);
}

TEST(Toxicity, DoesNotSeeWordsInsideOfWords) {
  EXPECT_EQ(Counts("Scunthorpe, Essex, Marsch, Barsch").english, 0);
  EXPECT_EQ(Counts("Scunthorpe, Essex, Marsch, Barsch").german, 0);
}

}  // namespace
}  // namespace walchen::data
