// SPDX-License-Identifier: Apache-2.0
#include "data/language.h"

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

TEST(Language, TellsGermanFromEnglish) {
  for (const std::string_view text : {
           "Die Pumpe läuft seit gestern wieder ohne Störung.", "Bitte prüfen Sie den Ölstand vor jeder Fahrt.",
           "Der Sensor meldet einen Wert außerhalb des zulässigen Bereichs.", "Ich weiß nicht, was soll es bedeuten."}) {
    EXPECT_EQ(DetectLanguage(text).language, "de") << text;
  }
  for (const std::string_view text : {
           "The pump has been running without trouble since yesterday.", "Please check the oil level before each trip.",
           "The sensor reports a value outside of the allowed range.", "It was the best of times, it was the worst of times."}) {
    EXPECT_EQ(DetectLanguage(text).language, "en") << text;
  }
}

TEST(Language, KnowsOthers) {
  EXPECT_EQ(DetectLanguage("Le moteur ne démarre plus depuis hier soir, il faut appeler le technicien.").language, "fr");
  EXPECT_EQ(DetectLanguage("Насос работает без перебоев со вчерашнего дня.").language, "ru");
  EXPECT_EQ(DetectLanguage("ポンプは昨日から正常に動作しています。確認してください。お願いします。").language, "ja");
}

TEST(Language, IsUndeterminedWhereThereIsTooLittle) {
  for (const std::string_view text : {"", "OK", "12.06.2023 14:00", "Lindenstraße 14", "P-204"}) {
    const LanguageVerdict verdict = DetectLanguage(text);
    EXPECT_EQ(verdict.language, "und") << text;
    EXPECT_EQ(verdict.confidence, 0);
  }
}

TEST(Language, BelievesOfAFewWordsOnlyThatTheyAreGermanOrEnglish) {
  EXPECT_EQ(DetectLanguage("Moottori ei käynnisty eilisestä").language, "und");
  EXPECT_EQ(DetectLanguage("Moottori ei ole käynnistynyt eilisestä lähtien, ja huoltomies pitää kutsua paikalle heti.").language, "fi");
}

TEST(Language, SaysWhatShareIsInIt) {
  std::string mixed;
  for (int i = 0; i < 6; ++i) mixed += "Die Anlage wird jeden Morgen von Hand geprüft und danach eingeschaltet. ";
  for (int i = 0; i < 3; ++i) mixed += "Every evening the plant is switched off and inspected by the night shift. ";
  const LanguageVerdict verdict = DetectLanguage(mixed);
  EXPECT_EQ(verdict.language, "de");
  EXPECT_EQ(verdict.second, "en");
  EXPECT_NEAR(verdict.share, 0.66, 0.08);
  EXPECT_NEAR(verdict.second_share, 0.33, 0.08);
}

TEST(Language, SamplesALongText) {
  std::string text;
  while (text.size() < 200'000) text += "Der Müller mahlt das Korn, bis die Säcke gefüllt sind. ";
  while (text.size() < 400'000) text += "The miller grinds the grain until all of the sacks are filled. ";
  const LanguageVerdict verdict = DetectLanguage(text);
  EXPECT_NEAR(verdict.share, 0.5, 0.1);
  EXPECT_NEAR(verdict.share + verdict.second_share, 1, 0.02);
}

}  // namespace
}  // namespace walchen::data
