// SPDX-License-Identifier: Apache-2.0
#include "data/text_repair.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "data/mojibake.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

std::string Repaired(std::string_view text) { return RepairText(text).text; }

TEST(TextRepair, LeavesCleanTextAlone) {
  const std::string text = "Größe, Maß: „schön“ – 20 °C…\n\tEinrückung  bleibt\n\nNächster Absatz, E-Mail.\n";
  const RepairedText repaired = RepairText(text);
  EXPECT_EQ(repaired.text, text);
  EXPECT_TRUE(repaired.places.identity());
  EXPECT_EQ(repaired.counts, RepairCounts{});
}

TEST(TextRepair, ReadsBytesThatAreNoUtf8AsWindows1252) {
  EXPECT_EQ(Repaired("Gr\xF6\xDF" "e 5\x80"), "Größe 5€");
  EXPECT_EQ(Repaired("schön und sch\xF6n"), "schön und schön");
  EXPECT_EQ(Repaired("a\x81z"), "a\uFFFDz");
  EXPECT_EQ(RepairText("\xE4\xF6\xFC").counts.invalid_bytes, 3);
}

TEST(TextRepair, RepairsMojibake) {
  EXPECT_EQ(Repaired("FÃ¼r GrÃ¶ÃŸe und Ã„rger"), "Für Größe und Ärger");
  EXPECT_EQ(Repaired("â€žZitatâ€œ â€“ donâ€™t"), "„Zitat“ – don’t");
  EXPECT_EQ(Repaired("20 Â°C, 5 â‚¬"), "20 °C, 5 €");
  EXPECT_EQ(Repaired("ðŸ˜€"), "😀");
  EXPECT_EQ(Repaired("fÃƒÂ¼r"), "für");  // twice
  EXPECT_EQ(Repaired("fÃ¼r Ä\u008Deský"), "für český");
}

TEST(TextRepair, LeavesWhatOnlyLooksLikeMojibake) {
  for (const std::string_view text : {"Die Umlaute „Ä“, „Ö“ und „Ü“", "SÃO PAULO", "â ê î", "Ångström", "naïve Façade"}) {
    EXPECT_EQ(Repaired(text), text);
  }
}

TEST(TextRepair, RemovesWhatNobodySees) {
  EXPECT_EQ(Repaired("\uFEFFa\u200Bb\u2060c\x07" "d\u202E"), "abcd");
  EXPECT_EQ(Repaired("Donau\u00ADdampf\u00AD\nschiff"), "Donaudampfschiff");
  EXPECT_EQ(Repaired("10\u00A0kg\u2009x\u3000y"), "10 kg x y");
  EXPECT_EQ(Repaired("\uFB01nden o\uFB00en"), "finden offen");
  EXPECT_EQ(Repaired("👩\u200D🔧"), "👩\u200D🔧");
}

TEST(TextRepair, EndsEveryLineTheSameWay) {
  EXPECT_EQ(Repaired("a\r\nb\rc\u2028d\u2029e\u0085f\fg"), "a\nb\nc\nd\n\ne\nf\ng");
  EXPECT_EQ(Repaired("a  \t\nb\n\n\n\n\nc\n"), "a\nb\n\nc\n");
  EXPECT_EQ(Repaired("\n \n\na"), "a");
}

TEST(TextRepair, Composes) {
  EXPECT_EQ(Repaired("u\u0308ber e\u0301"), "über é");
  EXPECT_EQ(Repaired("s\u0323\u0307"), "\u1E69");
  EXPECT_EQ(Repaired("3 \u2126"), "3 \u03A9");
  EXPECT_EQ(Repaired("u\u200B\u0308"), "ü");  // the mark meets its letter only when what is between them has gone
}

TEST(TextRepair, JoinsWordsDividedAtLineEnds) {
  EXPECT_EQ(Repaired("Die Schwin-\ngung der Pumpe"), "Die Schwingung der Pumpe");
  EXPECT_EQ(Repaired("the vibra-  \n   tion"), "the vibration");
  EXPECT_EQ(Repaired("Vor-\nund Nachteile"), "Vor-\nund Nachteile");
  EXPECT_EQ(Repaired("eine E-Mail, noch eine Mess-\nMail"), "eine E-Mail, noch eine Mess-Mail");
  EXPECT_EQ(Repaired("a well-known fact is well-\nknown"), "a well-known fact is well-known");
  EXPECT_EQ(Repaired("- eins -\n- zwei"), "- eins -\n- zwei");
  EXPECT_EQ(Repaired("Seiten 3-\n4"), "Seiten 3-\n4");
  EXPECT_EQ(RepairText("ab-\ncd", {.join_divided_words = false}).text, "ab-\ncd");
}

TEST(TextRepair, KeepsThePlaces) {
  const std::string source = "\uFEFFA\r\n\r\n\r\n\r\nfÃ¼r die Schwin-\n  gung x\u0308 Ende";
  const RepairedText repaired = RepairText(source);
  EXPECT_EQ(repaired.text, "A\n\nfür die Schwingung ẍ Ende");
  for (const std::string_view word : {"A", "die", "Schwin", "gung", "Ende"}) {
    EXPECT_EQ(repaired.places.ToSource(repaired.text.find(word)), source.find(word)) << word;
    EXPECT_EQ(repaired.places.ToResult(source.find(word)), repaired.text.find(word)) << word;
  }
  EXPECT_EQ(repaired.places.ToSource(repaired.text.size()), source.size());
}

// Any mixture of what is repaired comes out valid, composed and free of what should go.
TEST(TextRepair, HoldsItsPromisesOnMixtures) {
  const std::string_view pieces[] = {"a",  "ö",    "\xF6", "Ã¼", "\u0308", "-\n", "\r\n", " ",      "\u00AD", "\n\n\n",
                                     "\t", "\x01", "ﬁ",    "â€", "\u200B", "E2", "\xE2", "\u00A0", "한",     "\u1100\u1161"};
  base::Rng rng(11);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (uint32_t i = rng.Below(30); i > 0; --i) text += pieces[rng.Below(std::size(pieces))];
    const RepairedText repaired = RepairText(text);
    ASSERT_EQ(formats::ValidUtf8Prefix(repaired.text), repaired.text.size());
    ASSERT_EQ(formats::ToNfc(repaired.text), repaired.text);
    for (const std::string_view gone : {"\r", "\u00AD", "\u200B", "\x01", "\n\n\n", " \n", "\t\n", "\u00A0"}) {
      ASSERT_EQ(repaired.text.find(gone), std::string::npos) << text;
    }
    size_t last = 0;
    for (size_t i = 0; i <= repaired.text.size(); ++i) {
      const size_t place = repaired.places.ToSource(i);
      ASSERT_TRUE(place >= last && place <= text.size()) << text;
      last = place;
    }
  }
}

}  // namespace
}  // namespace walchen::data
