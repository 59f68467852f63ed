// SPDX-License-Identifier: Apache-2.0
//
// The smaller formats.
#include <gtest/gtest.h>

#include "base/files.h"
#include "data/extract_gettext.h"
#include "data/extract_rtf.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

TEST(RtfPart, ReadsParagraphsCodePagesAndUnicode) {
  const Part part = RtfPart(R"({\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title Der Titel}{\author Jemand}}
\pard Gr\'fc\'dfe \u8364?\uc2\u228aexx \{x\}\par Zwei\tab drei\~vier\line{\*\generator no}{\pict 0102}\uc1\u-10179?\u-8704?\par})")
                        .value();
  EXPECT_EQ(part.text, "Grüße €äxx {x}\nZwei\tdrei\u00A0vier\n\U0001F600\n");
  EXPECT_EQ(part.title, "Der Titel");
}

TEST(RtfPart, EveryParagraphKnowsItsBytes) {
  const std::string rtf = "{\\rtf1 eins\\par\nzwei\\par}";
  const Part part = RtfPart(rtf).value();
  EXPECT_EQ(part.text, "eins\nzwei\n");
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(rtf.substr(part.spans[1].place.first, part.spans[1].place.last - part.spans[1].place.first), "zwei\\par");
}

TEST(RtfPart, UnicodeAboveThePlaneIsTwoNumbers) {
  EXPECT_EQ(RtfPart("{\\rtf1\\uc0\\u-10179\\u-8704 x}").value().text, "\U0001F600x");
  EXPECT_EQ(RtfPart("{\\rtf1\\uc0\\u-8704 x}").value().text, "\uFFFDx");
}

TEST(RtfPart, ReadsOtherCodePagesAndTables) {
  EXPECT_EQ(RtfPart("{\\rtf1\\ansicpg1251 \\'cf\\'f0\\'e8\\'e2\\'e5\\'f2}").value().text, "Привет");
  EXPECT_EQ(RtfPart("{\\rtf1 a\\cell b\\cell\\row c}").value().text, "a\tb\t\nc");
}

TEST(RtfPart, RefusesWhatIsNoRtf) {
  EXPECT_FALSE(RtfPart("text"));
  EXPECT_FALSE(RtfPart("{\\rtf1" + std::string(5'000, '{')));
  EXPECT_EQ(RtfPart("{\\rtf1 x").value().notes.size(), 1u);
  EXPECT_EQ(RtfPart("{\\rtf1 x}}}}").value().text, "x");
  EXPECT_EQ(RtfPart("{\\rtf1 a\\bin999999999 bcd").value().text, "a");
}

constexpr std::string_view kPo = R"(# SPDX-License-Identifier: MIT
msgid ""
msgstr ""
"Project-Id-Version: werk 1\n"
"Language: de\n"
"Content-Type: text/plain; charset=UTF-8\n"

#: a.c:1
msgid "Open the valve"
msgstr "Das Ventil "
"öffnen"

#, fuzzy
msgid "not sure"
msgstr "unsicher"

msgctxt "menu"
msgid "one file"
msgid_plural "%d files"
msgstr[0] "eine Datei"
msgstr[1] "%d Dateien"

msgid "untranslated"
msgstr ""

#~ msgid "old"
#~ msgstr "alt"
)";

TEST(Gettext, ACatalogueBecomesTwoPartsOfPairs) {
  const std::vector<Part> parts = PartsOf("de.po", kPo);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].inner_path, "#msgid");
  EXPECT_EQ(parts[0].language, "en");
  EXPECT_EQ(parts[0].text, "Open the valve\none file\n%d files\n");
  EXPECT_EQ(parts[1].inner_path, "#msgstr");
  EXPECT_EQ(parts[1].language, "de");
  EXPECT_EQ(parts[1].text, "Das Ventil öffnen\neine Datei\n%d Dateien\n");
  EXPECT_EQ(parts[1].title, "werk 1");
  EXPECT_EQ(parts[1].licences, (std::vector<LicenceEvidence>{{"SPDX-License-Identifier", "MIT"}}));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(parts[0].spans[i].place, parts[1].spans[i].place);
  EXPECT_EQ(parts[0].spans[1].place, (Place{Place::Kind::kMsgid, 2, 0, "menu"}));
}

TEST(Gettext, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ParsePo("msgid \"a\nmsgstr \"b\"\n").error().message(), "line 1: expected a text to end with \"");
  EXPECT_EQ(ParsePo("msgid \"a\"\nmsgst \"b\"\n").error().message(),
            "line 2: expected msgid, msgstr or a comment, found \"msgst\"");
}

// A compiled catalogue in either byte order.
std::string MoOf(const std::vector<std::pair<std::string, std::string>>& messages, bool swapped) {
  const auto number = [&](uint64_t value) {
    const auto n = swapped ? __builtin_bswap32(static_cast<uint32_t>(value)) : static_cast<uint32_t>(value);
    return std::string(reinterpret_cast<const char*>(&n), 4);
  };
  const uint64_t count = messages.size(), texts = 28 + count * 16;
  std::string originals, translations, data;
  for (const auto& [original, translation] : messages) {
    originals += number(original.size()) + number(texts + data.size());
    data += original + '\0';
    translations += number(translation.size()) + number(texts + data.size());
    data += translation + '\0';
  }
  return number(0x950412de) + number(0) + number(count) + number(28) + number(28 + count * 8) + number(0) + number(0) +
         originals + translations + data;
}

TEST(Gettext, CompiledCataloguesAreReadInBothByteOrders) {
  for (const bool swapped : {false, true}) {
    const std::string mo = MoOf({{"", "Language: de\nContent-Type: text/plain; charset=ISO-8859-1\n"},
                                 {"menu\4open", "\xF6" "ffnen"},
                                 {std::string("file\0files", 10), std::string("Datei\0Dateien", 13)}},
                                swapped);
    const Catalogue catalogue = ParseMo(mo).value();
    EXPECT_EQ(catalogue.language, "de");
    EXPECT_EQ(catalogue.messages, (std::vector<TranslatedMessage>{
                                      {"menu", "open", "öffnen"}, {"", "file", "Datei"}, {"", "files", "Dateien"}}));
    for (size_t size = 0; size < mo.size() - 1; ++size) EXPECT_FALSE(ParseMo(mo.substr(0, size))) << size;
    EXPECT_EQ(PartsOf("x.mo", mo).size(), 2u);
    EXPECT_EQ(PartsOf("locale/fr/LC_MESSAGES/x.mo", MoOf({{"a", "b"}}, swapped)).at(1).language, "fr");
  }
}

TEST(Gettext, TheSystemsOwnCataloguesAreRead) {
  const base::Path file = "/usr/share/vim/vim90/lang/de/LC_MESSAGES/vim.mo";
  const auto bytes = base::Files::Os().Read(file, 1 << 24);
  if (!bytes) GTEST_SKIP() << "no " << file.string();
  const Catalogue catalogue = ParseMo(*bytes).value();
  EXPECT_GT(catalogue.messages.size(), 1'000u);
  EXPECT_EQ(catalogue.language, "de");
}

TEST(ReadJson, TakesTheStringsThatAreText) {
  const std::string json = R"({"id": "x-1", "title": "Pumpe", "url": "https://a b c", "list": [{"text": "Ein \u00fcberlanger Satz.", "n": 1}, "drei Worte hier", "a"], "license": "CC0-1.0"})";
  const Part part = PartOf("a.json", json);
  EXPECT_EQ(part.text, "Pumpe\nEin überlanger Satz.\ndrei Worte hier\n");
  EXPECT_EQ(part.title, "Pumpe");
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"license", "CC0-1.0"}}));
  ASSERT_EQ(part.spans.size(), 3u);
  const auto source = [&](size_t i) {
    return json.substr(part.spans[i].place.first, part.spans[i].place.last - part.spans[i].place.first);
  };
  EXPECT_EQ(source(0), "\"Pumpe\"");
  EXPECT_EQ(source(1), "\"Ein \\u00fcberlanger Satz.\"");
  EXPECT_EQ(source(2), "\"drei Worte hier\"");
  EXPECT_EQ(part.spans[1].place.name, "text");
}

TEST(ReadJson, DeepAndBrokenJsonHasAReason) {
  EXPECT_NE(PartOf("a.json", "{\"text\": \"x\"").quarantine.find("expected JSON"), std::string::npos);
  EXPECT_NE(PartOf("a.json", std::string(1'000'000, '[')).quarantine.find("expected JSON"), std::string::npos);
  const std::string depth(100'000, '[');
  EXPECT_EQ(PartOf("a.json", depth + "\"eins zwei drei\"" + std::string(100'000, ']')).text, "eins zwei drei\n");
}

TEST(ReadJsonLines, ABrokenLineIsNotedAndTheOthersAreTaken) {
  const std::string lines = "{\"text\": \"eins\"}\n\n{\"text\": \"zwei\", broken\n{\"text\": \"drei\"}";
  const Part part = PartOf("a.jsonl", lines);
  EXPECT_EQ(part.text, "eins\ndrei\n");
  EXPECT_EQ(part.notes, (std::vector<std::string>{"1 lines are no JSON"}));
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(lines.substr(part.spans[1].place.first, part.spans[1].place.last - part.spans[1].place.first), "\"drei\"");
  EXPECT_NE(PartOf("a.jsonl", "no\nno\n").quarantine.find("expected JSON"), std::string::npos);
}

TEST(ReadManPage, PrintsThePageWithoutHeadAndFoot) {
  const Part part = PartOf(
      "pumpe.1",
      ".\\\" SPDX-License-Identifier: MIT\n.TH PUMPE 1 2026-11-22 Werk Handbuch\n.SH NAME\npumpe \\- f\xC3\xB6rdert\n"
      ".SH BESCHREIBUNG\nEin \\fBlanger\\fP Satz,\nder in mehreren Zeilen steht.\n");
  EXPECT_EQ(part.text, "NAME\n  pumpe - fördert\n\nBESCHREIBUNG\n  Ein langer Satz, der in mehreren Zeilen steht.");
  EXPECT_EQ(part.title, "PUMPE(1)");
  EXPECT_EQ(part.licences.size(), 1u);
  EXPECT_EQ(part.language, "");
  EXPECT_EQ(PartOf("usr/share/man/de/man8/x.8", ".TH X 8\n.SH NAME\nx\n").language, "de");
  EXPECT_EQ(PartOf("usr/share/man/pt_BR.UTF-8/man8/x.8", ".TH X 8\n.SH NAME\nx\n").language, "pt_BR");
  EXPECT_EQ(PartOf("usr/share/man/man8/x.8", ".TH X 8\n.SH NAME\nx\n").language, "");
  const Part including = PartOf("x.8", ".TH X 8\n.SH NAME\nx\n.rn so fetch\n.fetch extract_formats_test.cc\n.so extract_formats_test.cc\n'  so a\ny\n");
  EXPECT_EQ(including.quarantine, "");
  EXPECT_EQ(including.text.find("extract_formats_test"), std::string::npos) << including.text;
  EXPECT_NE(including.text.find('y'), std::string::npos) << including.text;
  EXPECT_EQ(PartOf("a.1", ".so man1/b.1\n").quarantine, kNamesAnotherFile);
}

TEST(ReadXml, TakesAllTextWithoutEntitiesFromOutside) {
  const Part part = PartOf("a.xml",
                           "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a><p>eins "
                           "&x; &amp;</p><p>zwei</p></a>");
  EXPECT_EQ(part.text, "eins &x; &\nzwei\n");
  EXPECT_NE(PartOf("a.xml", "<?xml version=\"1.0\"?><a><b></a>").quarantine.find("expected XML"), std::string::npos);
  std::string deep = "<?xml version=\"1.0\"?>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  deep += "tief";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_EQ(PartOf("a.xml", deep).text, "tief\n");
}

constexpr std::string_view kMail =
    "From: =?UTF-8?Q?J=C3=BCrgen?= <j@example.org>\nTo: werk@example.org\nSubject: =?ISO-8859-1?Q?St=F6rung?=\nDate: "
    "Sun, 22 Nov 2026 10:00:00 +0100\n"
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"m\"\n\n--m\nContent-Type: multipart/alternative; "
    "boundary=\"a\"\n\n--a\n"
    "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nDie Pumpe l=E4uft "
    "hei=DF.\n--a\n"
    "Content-Type: text/html\n\n<p>Die Pumpe l&auml;uft hei&szlig;.</p>\n--a--\n--m\nContent-Type: "
    "application/octet-stream; name=\"werte.json\"\n"
    "Content-Disposition: attachment; filename=\"../werte.json\"\nContent-Transfer-Encoding: "
    "base64\n\neyJ0ZXh0IjogImhlaXNzIn0=\n--m--\n";

TEST(ReadMessage, TextAndAttachmentsAreParts) {
  const std::vector<Part> parts = PartsOf("a.eml", kMail);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].title, "Störung");
  EXPECT_NE(parts[0].text.find("From: Jürgen <j@example.org>\n"), std::string::npos) << parts[0].text;
  EXPECT_TRUE(parts[0].text.ends_with("\n\nDie Pumpe läuft heiß.\n")) << parts[0].text;
  ASSERT_EQ(parts[0].spans.size(), 2u);
  EXPECT_EQ(parts[0].spans[0].place, (Place{Place::Kind::kMessagePart, 0, 0, "headers"}));
  EXPECT_EQ(parts[0].spans[1].place.name, "1.1");
  EXPECT_EQ(parts[1].inner_path, "werte.json");
  EXPECT_EQ(parts[1].text, "heiss\n");
}

TEST(ReadMessage, APageAloneIsRead) {
  EXPECT_TRUE(PartOf("a.eml", "From: a\nContent-Type: text/html\n\n<p>eins<p>zwei").text.ends_with("eins\n\nzwei\n"));
  EXPECT_NE(PartOf("a.eml", "just text\n").quarantine.find("expected a mail message"), std::string::npos);
}

TEST(ReadMailbox, EveryMessageIsAPart) {
  const std::string box =
      "From a@b Sun Nov 22 10:00:00 2026\nFrom: a@b\nSubject: eins\n\nErster Text\n\nFrom a@b Sun Nov 22 11:00:00 "
      "2026\n" +
      std::string(kMail);
  const std::vector<Part> parts = PartsOf("inbox", box);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].inner_path, "message-1");
  EXPECT_EQ(parts[0].title, "eins");
  EXPECT_EQ(parts[0].media_type, "message/rfc822");
  EXPECT_EQ(parts[1].title, "Störung");
  EXPECT_EQ(parts[2].inner_path, "message-2/werte.json");
}

TEST(ReadMessage, CutMailsAreStillWellFormed) {
  for (size_t size = 0; size < kMail.size(); size += 5) {
    for (const Part& part : PartsOf("a.eml", kMail.substr(0, size))) ExpectWellFormed(part);
  }
}

}  // namespace
}  // namespace walchen::data
