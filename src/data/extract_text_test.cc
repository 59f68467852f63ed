// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/extract_charset.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

TEST(DecodeText, KeepsUtf8AndItsPlaces) {
  const DecodedText decoded = DecodeText("\xEF\xBB\xBFGr\xC3\xBC\xC3\x9F" "e").value();
  EXPECT_EQ(decoded.text, "Grüße");
  EXPECT_EQ(decoded.charset, "UTF-8");
  EXPECT_EQ(decoded.PlaceOf(2, 4), (Place{Place::Kind::kBytes, 5, 7, ""}));
}

TEST(DecodeText, ConvertsGermanLatin1) {
  const std::string latin1 =
      "Die gr\xF6\xDFte Pumpe f\xFChrt das \xD6l \xFC"
      "ber die K\xFChlung zur\xFC"
      "ck. Sch\xF6ne Gr\xFC\xDF"
      "e aus M\xFCnchen.";
  const DecodedText decoded = DecodeText(latin1).value();
  EXPECT_EQ(decoded.text, "Die größte Pumpe führt das Öl über die Kühlung zurück. Schöne Grüße aus München.");
  EXPECT_EQ(decoded.spans.size(), 1u);
  EXPECT_EQ(decoded.spans[0].place.last, latin1.size());
}

TEST(DecodeText, OneSignOfATableIsWindows1252) {
  EXPECT_EQ(DecodeText("Druck [\xB5" "bar]\n").value().text, "Druck [µbar]\n");
  EXPECT_EQ(DecodeText("5 m\xB2; 3 \x80\n").value().text, "5 m²; 3 €\n");
  // Czech has letters that German has not.
  const DecodedText czech = DecodeText("P\xF8\xEDli\xB9 \xBElu\xBBou\xE8k\xFD k\xF9\xF2 \xFAp\xECl \xEF\xE1" "belsk\xE9 \xF3" "dy. Prob\xEDh\xE1 " "m\xECsto.").value();
  EXPECT_NE(czech.charset, "WINDOWS-1252");
}

TEST(DecodeText, ConvertsUtf16WithAndWithoutAMark) {
  const std::string_view text("P\0u\0m\0p\0e\0 \0\xFC\0b\0e\0r\0", 20);
  EXPECT_EQ(DecodeText(text).value().text, "Pumpe über");
  EXPECT_EQ(DecodeText("\xFF\xFE" + std::string(text)).value().text, "Pumpe über");
}

TEST(DecodeText, ADeclaredEncodingCountsWhereTheBytesAreNoUtf8) {
  EXPECT_EQ(DecodeText("\xBD", "ISO-8859-15").value().text, "œ");
  EXPECT_EQ(DecodeText("\xC3\xBC", "ISO-8859-15").value().text, "ü");
  EXPECT_EQ(DecodeText("Gr\xFC\xDF" "e", "no such encoding").value().text, "Grüße");
}

TEST(DecodeText, PlacesOfConvertedTextHoldTheSourcesBytes) {
  std::string latin1;
  for (int i = 0; i < 1'000; ++i) latin1 += "Gr\xFC\xDF" "e an alle ";
  const DecodedText decoded = DecodeText(latin1, "WINDOWS-1252").value();
  ASSERT_GT(decoded.spans.size(), 2u);
  for (size_t i = 1; i < decoded.spans.size(); ++i) {
    EXPECT_EQ(decoded.spans[i].begin, decoded.spans[i - 1].end);
    EXPECT_EQ(decoded.spans[i].place.first, decoded.spans[i - 1].place.last);
  }
  const size_t at = decoded.text.rfind("Grüße");
  const Place place = decoded.PlaceOf(at, at + 7);
  EXPECT_NE(latin1.substr(place.first, place.last - place.first).find("Gr\xFC\xDF" "e"), std::string::npos);
}

TEST(ReadText, APlainTextIsItselfWithItsBytes) {
  const Part part = PartOf("notes.txt", "Hallo Welt\n");
  EXPECT_EQ(part.text, "Hallo Welt\n");
  EXPECT_EQ(part.media_type, "text/plain");
  ASSERT_EQ(part.spans.size(), 1u);
  EXPECT_EQ(part.spans[0], (Span{0, 11, {Place::Kind::kBytes, 0, 11, ""}}));
  ExpectWellFormed(part);
}

TEST(ReadText, WhatIsNoTextIsQuarantinedWithTheReason) {
  EXPECT_EQ(PartOf("empty.txt", "").quarantine, "the file is empty");
  EXPECT_EQ(PartOf("blank.txt", " \n\t\n").quarantine, "it holds no text");
  const Part zeros = PartOf("zeros.txt", std::string(100, '\0'));
  EXPECT_NE(zeros.quarantine.find("no reader"), std::string::npos) << zeros.quarantine;
  EXPECT_EQ(PartOf("a.exe", std::string_view("MZ\0\1", 4)).quarantine,
            "no reader for content that begins with \"MZ\\x00\\x01\"");
}

TEST(ReadText, SourceCodeShowsItsLicence) {
  const Part part =
      PartOf("main.cc",
             "/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n// SPDX-FileCopyrightText: 2026 A B\nint main() {}\n");
  EXPECT_EQ(part.media_type, "text/x-source");
  ASSERT_EQ(part.licences.size(), 2u);
  EXPECT_EQ(part.licences[0], (LicenceEvidence{"SPDX-License-Identifier", "MIT OR Apache-2.0"}));
  EXPECT_EQ(part.licences[1], (LicenceEvidence{"SPDX-FileCopyrightText", "2026 A B"}));
  const Part header = PartOf("x.py", "# Permission is hereby granted, free of charge, to any person\nprint(1)\n");
  ASSERT_EQ(header.licences.size(), 1u);
  EXPECT_EQ(header.licences[0].value, "Permission is hereby granted, free of charge, to any person");
}

TEST(ReadText, MarkdownHasATitlePicturesAndFrontMatter) {
  const Part part = PartOf("a.md",
                           "---\ntitle: \"Die Pumpe\"\nlang: de\nlicense: CC-BY-4.0\ntdm-reservation: 1\n---\n\n# "
                           "Anders\n\n![Ein Rohr](img/rohr.png)\n");
  EXPECT_EQ(part.title, "Die Pumpe");
  EXPECT_EQ(part.language, "de");
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"license", "CC-BY-4.0"}}));
  EXPECT_EQ(part.opt_outs, (std::vector<OptOutMark>{{"tdmrep", "tdm-reservation", "1"}}));
  EXPECT_EQ(part.captions, (std::vector<Caption>{{"img/rohr.png", "Ein Rohr"}}));
  EXPECT_EQ(PartOf("b.md", "Die Pumpe\n=========\nText\n").title, "Die Pumpe");
  EXPECT_EQ(PartOf("c.md", "Text\n\n# Kapitel\n").title, "Kapitel");
}

TEST(FindFormat, NamesDecideWhereTheContentFits) {
  const auto type = [](std::string_view name, std::string_view bytes) {
    const Format* format = FindFormat(Formats(), name, bytes);
    return format ? std::string(format->media_type) : "none";
  };
  EXPECT_EQ(type("folder/A.HTML", "text"), "text/html");
  EXPECT_EQ(type("a", "<!DOCTYPE html><p>x"), "text/html");
  EXPECT_EQ(type("a.pdf", "%PDF-1.4"), "application/pdf");
  EXPECT_EQ(type("a.pdf", "<html>"), "text/html");
  EXPECT_EQ(type("a.pdf", "simply text"), "text/plain");
  EXPECT_EQ(type("ls.1", ".TH LS 1\n"), "text/troff");
  EXPECT_EQ(type("syslog.1", "Nov 22 kernel: ok\n"), "text/plain");
  EXPECT_EQ(type("LICENSE", "MIT"), "text/plain");
  EXPECT_EQ(type("a.bin", std::string_view("\0\1\2", 3)), "none");
}

}  // namespace
}  // namespace walchen::data
