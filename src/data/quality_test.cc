// SPDX-License-Identifier: Apache-2.0
#include "data/quality.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "data/boilerplate.h"
#include "data/repetition.h"
#include "data/test_documents.h"

namespace walchen::data {
namespace {

QualityMeasures Measures(std::string_view text, std::string_view language = "de") {
  return MeasureQuality(text, SplitWords(text), language);
}

QualityVerdict Verdict(std::string_view text, const QualityOptions& options, std::string_view language) {
  return JudgeQuality(Measures(text, language), options, language);
}

constexpr std::string_view kGermanManual =
    "Die Wartung der Pumpe beginnt mit einer Prüfung der Dichtung. Wenn der Druck nicht mehr gehalten wird, ist ein\n"
    "Austausch nötig. Dazu schaltet man die Anlage ab und lässt das Wasser aus der Leitung. Danach lösen zwei Schrauben\n"
    "den Deckel, und das Lager liegt frei. Ein neues Lager wird mit etwas Fett eingesetzt, bevor der Deckel wieder\n"
    "geschlossen wird. Zum Schluss läuft die Pumpe eine Stunde zur Probe, und das Ergebnis steht im Protokoll.\n";
constexpr std::string_view kEnglishManual =
    "Maintenance of the pump begins with a look at the seal. If the pressure can no longer be held, it has to be\n"
    "replaced. To do that, the plant is switched off and the water is let out of the pipe. Then two screws hold the\n"
    "cover, and the bearing can be reached. A new bearing is put in with some grease before the cover is closed again.\n"
    "At the end the pump runs for an hour as a test, and the result is written down in the log of that day.\n";

TEST(Quality, KeepsProseInBothProfiles) {
  for (const QualityOptions& options : {WebQuality(), DocumentQuality()}) {
    EXPECT_TRUE(Verdict(kGermanManual, options, "de").kept) << Verdict(kGermanManual, options, "de").reason;
    EXPECT_TRUE(Verdict(kEnglishManual, options, "en").kept) << Verdict(kEnglishManual, options, "en").reason;
  }
}

TEST(Quality, MeasuresWhatItSays) {
  const QualityMeasures measures = Measures("- eins zwei\n- drei …\n\nvier fünf 6!\n- eins zwei\n");
  EXPECT_EQ(measures.words, 8);
  EXPECT_EQ(measures.bullet_lines, 0.75);
  EXPECT_EQ(measures.ellipsis_lines, 0.25);
  EXPECT_EQ(measures.punctuated_lines, 0.25);
  EXPECT_EQ(measures.short_lines, 1);
  EXPECT_EQ(measures.duplicate_lines, 0.25);
  EXPECT_NEAR(measures.alphabetic_words, 7.0 / 8, 1e-9);
  EXPECT_NEAR(measures.symbols_per_word, 1.0 / 8, 1e-9);
  EXPECT_NEAR(measures.mean_word_letters, (4 * 4 + 4 + 4 + 4 + 1) / 8.0, 1e-9);
  EXPECT_EQ(Measures("der die und das nicht mit ein ist").stop_words, 8);
  EXPECT_EQ(Measures("the be to of and that have with", "en").stop_words, 8);
}

// For each bound of the web profile one text that breaks it alone or first, and the measure that says so.
TEST(Quality, NamesTheBoundThatWasBroken) {
  const auto measure = [](const std::string& text, std::string_view language) { return Verdict(text, WebQuality(), language).measure; };
  const std::string german(kGermanManual), english(kEnglishManual);
  std::string bullets, ellipses, headings;
  for (int i = 0; i < 30; ++i) {
    bullets += "- Punkt " + std::to_string(i * 7919) + " der Liste und das ist nicht alles.\n";
    ellipses += "Zeile " + std::to_string(i * 7919) + " hört mit drei Punkten auf und das ist ein Zeichen...\n";
    headings += "Menü " + std::to_string(i * 104729) + " und der Rest\n";
  }
  EXPECT_EQ(measure("Kurz und gut.", "de"), "words");
  EXPECT_EQ(measure(english + english, "en"), "duplicate_lines");
  EXPECT_EQ(measure(bullets, "de"), "bullet_lines");
  EXPECT_EQ(measure(ellipses, "de"), "ellipsis_lines");
  EXPECT_EQ(measure(headings, "de"), "punctuated_lines");
  EXPECT_EQ(measure(german + "Lorem ipsum dolor sit amet.\n", "de"), "lorem_ipsum");
  std::string numbers;
  for (int i = 0; i < 100; ++i) numbers += std::to_string(i * 7919) + " 3,5 ";
  EXPECT_EQ(measure(numbers, "de"), "mean_word_letters");
  EXPECT_EQ(measure(german, "en"), "stop_words");
  EXPECT_TRUE(Verdict(german, WebQuality(), "fr").kept);  // no list, no verdict
}

TEST(Quality, DocumentsMayBeShortAndDry) {
  EXPECT_TRUE(Verdict("Lager getauscht, läuft wieder.", DocumentQuality(), "de").kept);
  EXPECT_TRUE(Verdict("Pos. 1: 12 Schrauben M8x30\nPos. 2: 4 Muttern M8\n", DocumentQuality(), "de").kept);
  EXPECT_EQ(Verdict("4f 3a 00 11 99 27 31 55 00 00 00 91 23 77 12 09", DocumentQuality(), "und").measure, "letter_share");
  std::string same;
  for (int i = 0; i < 60; ++i) same += "Diese Seite wurde absichtlich leer gelassen und sagt nichts weiter als das.\n";
  EXPECT_EQ(Verdict(same, DocumentQuality(), "de").measure, "duplicate_line_bytes");
  EXPECT_FALSE(Verdict("", DocumentQuality(), "und").kept);
}

TEST(Quality, SaysWhatWasMeasuredAgainstWhat) {
  EXPECT_EQ(Verdict("Ja.", DocumentQuality(), "und").reason, "words 1 < 3");
  EXPECT_EQ(NamedMeasures(Measures(kGermanManual)).size(), 25);
}

// Repeated runs as their definition has it, with every run compared with every earlier one.
double SlowRepeatedShare(std::string_view text, std::span<const Word> words, size_t length) {
  std::vector<bool> covered(text.size());
  for (size_t i = 0; i + length <= words.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (RunHash(words.subspan(i, length)) != RunHash(words.subspan(j, length))) continue;
      const size_t end = words[i + length - 1].begin + words[i + length - 1].size;
      for (size_t at = words[i].begin; at < end; ++at) covered[at] = true;
      break;
    }
  }
  return static_cast<double>(std::count(covered.begin(), covered.end(), true)) / static_cast<double>(text.size());
}

TEST(Repetition, EqualsItsDefinition) {
  base::Rng rng(12);
  for (int round = 0; round < 30; ++round) {
    TestDocument document = DrawDocument(rng, 100);
    for (uint32_t i = rng.Below(4); i > 0; --i) {
      const auto begin = document.begin() + rng.Below(60);
      const TestDocument piece(begin, begin + 5 + rng.Below(20));
      document.insert(document.end(), piece.begin(), piece.end());
    }
    const std::string text = Text(document);
    const std::vector<Word> words = SplitWords(text);
    const std::array<double, 6> shares = RepeatedRuns(text, words);
    for (size_t length = 5; length <= 10; ++length) {
      const double exact = SlowRepeatedShare(text, words, length);
      if (shares[length - 5] > 0.1) {
        EXPECT_NEAR(shares[length - 5], exact, 1e-9);
      } else {
        EXPECT_LE(exact, shares[length - 5] + 1e-9);  // a bound
      }
    }
  }
}

TEST(Repetition, FindsTheMostFrequentRun) {
  const std::string text = "auf und ab auf und ab auf und ab";
  const std::array<double, 3> shares = TopRuns(text, SplitWords(text));
  EXPECT_NEAR(shares[0], 3.0 * 7 / 32, 1e-9);   // "auf und", three times
  EXPECT_NEAR(shares[1], 3.0 * 10 / 32, 1e-9);
  EXPECT_EQ(TopRuns("ganz verschieden", SplitWords("ganz verschieden"))[0], 0);
}

TEST(Repetition, FindsRepeatedLinesAndParagraphs) {
  const RepeatedPieces lines = FindRepeatedPieces("aaa\nbb\n\naaa\naaa\n", "\n");
  EXPECT_NEAR(lines.share, 0.5, 1e-9);
  EXPECT_NEAR(lines.byte_share, 6.0 / 11, 1e-9);
  EXPECT_NEAR(FindRepeatedPieces("eins\nzwei\n\ndrei\n\neins\nzwei", "\n\n").share, 1.0 / 3, 1e-9);
  EXPECT_EQ(FindRepeatedPieces("\n\n \n", "\n").share, 0);
}

std::string WithoutLines(std::string_view text) { return RemoveBoilerplate(text, SplitWords(text)).text; }

TEST(Boilerplate, RemovesBannersAndRowsOfLinks) {
  EXPECT_EQ(WithoutLines("Zum Inhalt springen\nStart | Produkte | Karriere | Kontakt\nDie Pumpe läuft.\n"
                         "Diese Website verwendet Cookies. Alle Cookies akzeptieren?\nSubscribe to our newsletter!\nEnde."),
            "Die Pumpe läuft.\nEnde.");
}

TEST(Boilerplate, LeavesTextAboutCookiesAndTables) {
  const std::string_view text =
      "| a | b | c | d |\n"
      "Wer im Browser alle Cookies akzeptieren will, der sollte wissen, dass damit auch solche von Dritten gespeichert werden, die "
      "sein Verhalten über viele Seiten hinweg verfolgen, wie eine Untersuchung aus dem vergangenen Jahr an tausend Seiten gezeigt hat.";
  EXPECT_EQ(WithoutLines(text), text);
  EXPECT_EQ(RemoveBoilerplate(text, SplitWords(text)).lines, 0);
}

}  // namespace
}  // namespace walchen::data
