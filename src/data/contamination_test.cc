// SPDX-License-Identifier: Apache-2.0
#include "data/contamination.h"

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

constexpr std::string_view kQuestion =
    "Welche Schraube hält den Deckel der Pumpe, wenn die Dichtung aus Gummi ist und das Wasser heiß wird?";
constexpr std::string_view kShortItem = "A gear with twelve teeth turns once every second.";

ContaminationIndex Index() {
  const EvaluationText items[] = {{"werkstatt", kQuestion}, {"gears", kShortItem}, {"gears", "Too short to say anything."}};
  return ContaminationIndex(items);
}

ContaminationReport Check(std::string_view text) { return Index().Check(SplitWords(text)); }

TEST(Contamination, FindsAnItemWhateverItsPunctuation) {
  const std::string text = "Vorher. welche schraube hält den deckel der pumpe wenn die dichtung aus gummi ist und das wasser "
                           "heiß wird? Nachher kommt noch etwas.";
  const ContaminationReport report = Check(text);
  EXPECT_EQ(report.sets, std::vector<std::string>{"werkstatt"});
  EXPECT_EQ(report.runs, SplitWords(kQuestion).size() - 12);
  ASSERT_EQ(report.spans.size(), 1);
  EXPECT_EQ(text.substr(report.spans[0].begin, 8), "welche s");
  EXPECT_EQ(text.substr(report.spans[0].end - 4, 4), "wird");
  EXPECT_NEAR(report.word_share, 18.0 / 23, 1e-9);
}

TEST(Contamination, FindsAShortItemWhole) {
  EXPECT_EQ(Check("We know: a gear with twelve teeth turns once every second, always.").sets, std::vector<std::string>{"gears"});
  EXPECT_EQ(Check("A gear with twelve teeth turns once every minute, always.").runs, 0);
}

TEST(Contamination, ForgivesTwelveWords) {
  EXPECT_EQ(Check("Schraube hält den Deckel der Pumpe, wenn die Dichtung aus Gummi ist, sagte er.").runs, 0);
  EXPECT_EQ(Check("Too short to say anything.").runs, 0);
  EXPECT_EQ(Check("").word_share, 0);
}

TEST(Contamination, CountsTwoPlacesAndBothSets) {
  const std::string text = std::string(kQuestion) + " Dazwischen steht ein Satz. " + std::string(kShortItem);
  const ContaminationReport report = Check(text);
  EXPECT_EQ(report.spans.size(), 2);
  EXPECT_EQ(report.sets, (std::vector<std::string>{"werkstatt", "gears"}));
}

}  // namespace
}  // namespace walchen::data
