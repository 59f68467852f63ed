// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/test_extract.h"
#include "data/tool.h"

namespace walchen::data {
namespace {

// A PDF of objects that are numbered from 1; the first one is the catalogue.
std::string PdfOf(const std::vector<std::string>& objects, const std::string& trailer = "") {
  std::string pdf = "%PDF-1.4\n";
  std::vector<size_t> places;
  for (size_t i = 0; i < objects.size(); ++i) {
    places.push_back(pdf.size());
    pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  const size_t table = pdf.size();
  pdf += fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (const size_t place : places) pdf += fmt::format("{:010} 00000 n \n", place);
  return pdf +
         fmt::format("trailer\n<</Size {}/Root 1 0 R{}>>\nstartxref\n{}\n%%EOF\n", objects.size() + 1, trailer, table);
}

std::string StreamOf(const std::string& content, const std::string& dictionary = "") {
  return fmt::format("<<{}/Length {}>>\nstream\n{}\nendstream", dictionary, content.size(), content);
}

struct PlacedText {
  int x, y;
  std::string text;
};

// Pages of words at places, in 1/72 inch from below on the left.
std::string TextPdf(const std::vector<std::vector<PlacedText>>& pages) {
  const std::string xmp =
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"r\"><rdf:Description xmlns:tdm=\"t\" "
      "tdm:reservation=\"1\">"
      "<dc:rights xmlns:dc=\"d\"><rdf:Alt><rdf:li>CC BY "
      "4.0</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>";
  std::vector<std::string> objects = {"<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R>>", "",
                                      "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
                                      "<</Title(Die Pumpe)>>", StreamOf(xmp, "/Type/Metadata/Subtype/XML")};
  std::string kids;
  for (const std::vector<PlacedText>& page : pages) {
    std::string content;
    for (const PlacedText& word : page) {
      content += fmt::format("BT /F 11 Tf {} {} Td ({}) Tj ET\n", word.x, word.y, word.text);
    }
    objects.push_back(StreamOf(content));
    objects.push_back(
        fmt::format("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {} 0 R/Resources<</Font<</F 3 0 R>>>>>>",
                    objects.size()));
    kids += fmt::format("{} 0 R ", objects.size());
  }
  objects[1] = fmt::format("<</Type/Pages/Kids[{}]/Count {}>>", kids, pages.size());
  return PdfOf(objects, "/Info 4 0 R");
}

// A page that is nothing but a picture of the first page of another PDF, as a scanner makes it.
std::string ScanOf(const std::string& pdf) {
  const std::string pgm =
      RunTool({"pdftoppm", "-gray", "-r", "200", std::string(kToolInput)}, pdf, "poppler-utils").value();
  int width = 0, height = 0, begin = 0;
  EXPECT_EQ(std::sscanf(pgm.c_str(), "P5 %d %d 255%n", &width, &height, &begin), 2);
  const std::string pixels = pgm.substr(static_cast<size_t>(begin) + 1);
  return PdfOf(
      {"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
       "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
       StreamOf("595 0 0 842 0 0 cm /I Do"),
       StreamOf(pixels,
                fmt::format("/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceGray/BitsPerComponent 8",
                            width, height))});
}

const std::vector<PlacedText> kLetter = {{70, 780, "Die Pumpe f\xF6rdert Wasser."}, {70, 760, "Sie l\xE4uft seit Montag."}};

TEST(ReadPdf, PagesAreSpansAndMetadataIsRead) {
  const Part part = PartOf("a.pdf", TextPdf({kLetter, {{70, 780, "Zweite Seite."}}}));
  EXPECT_EQ(part.quarantine, "");
  EXPECT_EQ(part.text, "Die Pumpe fördert Wasser.\nSie läuft seit Montag.\n\nZweite Seite.");
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(part.spans[1].place, (Place{Place::Kind::kPage, 2, 0, ""}));
  EXPECT_EQ(SpanText(part, 1), "Zweite Seite.");
  EXPECT_EQ(part.title, "Die Pumpe");
  EXPECT_EQ(part.opt_outs, (std::vector<OptOutMark>{{"tdmrep", "tdm:reservation", "1"}}));
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"dc:rights", "CC BY 4.0"}}));
}

TEST(ReadPdf, ColumnsOfProseAreReadOneAfterTheOtherAndTablesRowByRow) {
  std::vector<PlacedText> prose, table;
  for (int line = 0; line < 8; ++line) {
    prose.push_back({70, 780 - line * 14, fmt::format("links steht hier Satz L{}", line)});
    prose.push_back({320, 780 - line * 14, fmt::format("rechts steht hier Satz R{}", line)});
    table.push_back({70, 780 - line * 14, fmt::format("Pumpe{}", line)});
    table.push_back({250, 780 - line * 14, fmt::format("{},5", line)});
    table.push_back({400, 780 - line * 14, fmt::format("{} kg", line)});
  }
  const Part part = PartOf("a.pdf", TextPdf({prose, table}));
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_LT(SpanText(part, 0).find("L7"), SpanText(part, 0).find("R0")) << SpanText(part, 0);
  const std::string rows = SpanText(part, 1);
  EXPECT_LT(rows.find("Pumpe0"), rows.find("0,5"));
  EXPECT_LT(rows.find("0 kg"), rows.find("Pumpe1")) << rows;
}

TEST(ReadPdf, AScannedPageIsReadFromItsPicture) {
  const Part part = PartOf("scan.pdf", ScanOf(TextPdf({kLetter})));
  EXPECT_NE(part.text.find("Die Pumpe fördert Wasser."), std::string::npos) << part.text << part.quarantine;
  EXPECT_EQ(part.notes, (std::vector<std::string>{"page 1: read from its picture"}));
  ASSERT_EQ(part.spans.size(), 1u);
  EXPECT_EQ(part.spans[0].place, (Place{Place::Kind::kPage, 1, 0, ""}));
}

TEST(ReadPdf, ABrokenOneHasAReason) {
  const std::string whole = TextPdf({kLetter});
  for (size_t size = 8; size < whole.size(); size += whole.size() / 12) {
    for (const Part& part : PartsOf("a.pdf", std::string_view(whole).substr(0, size))) ExpectWellFormed(part);
  }
  const Part part = PartOf("a.pdf", "%PDF-1.4\nnothing");
  EXPECT_NE(part.quarantine.find("pdfinfo cannot read it"), std::string::npos) << part.quarantine;
}

TEST(RunTool, SaysWhatIsMissing) {
  EXPECT_EQ(RunTool({"no-such-program"}, "", "some-package").error().message(),
            "expected the program no-such-program: install the package some-package");
  EXPECT_EQ(RunTool({"cat", std::string(kToolInput)}, "abc", "coreutils").value(), "abc");
  EXPECT_EQ(RunTool({"sh", "-c", "echo bad >&2; exit 3"}, "", "dash").error().message(), "sh cannot read it: \"bad\"");
  EXPECT_EQ(RunTool({"sh", "-c", "kill -9 $$"}, "", "dash").error().message(), "sh was ended by signal 9");
  const auto endless = RunTool({"yes"}, "", "coreutils");
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::data
