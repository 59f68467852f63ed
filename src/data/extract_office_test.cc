// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/sheet_text.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

constexpr const char* kCore =
    R"(<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Der Titel</dc:title><dc:language>de-DE</dc:language><dc:rights>CC0-1.0</dc:rights></cp:coreProperties>)";

std::string Docx(const std::string& body) {
  return ArchiveOf({{"[Content_Types].xml", "<Types/>"},
                    {"word/document.xml", "<w:document xmlns:w=\"w\"><w:body>" + body + "</w:body></w:document>"},
                    {"docProps/core.xml", kCore}});
}

TEST(ReadDocx, ParagraphsTablesAndFacts) {
  const Part part =
      PartOf("a.docx", Docx(R"(<w:p><w:r><w:t>Erster </w:t></w:r><w:r><w:t xml:space="preserve"> Satz.</w:t></w:r></w:p>
<w:p><w:del><w:r><w:delText>weg</w:delText></w:r></w:del><w:r><w:t>Zwei</w:t><w:tab/><w:t>drei</w:t><w:br/><w:t>vier</w:t></w:r>
<w:r><w:drawing><wp:docPr xmlns:wp="x" name="Bild 1" descr="Eine Pumpe"/></w:drawing></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>)"));
  EXPECT_EQ(part.text, "Erster  Satz.\nZwei\tdrei\nvier\na\tb\n");
  EXPECT_EQ(part.title, "Der Titel");
  EXPECT_EQ(part.language, "de-DE");
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"dc:rights", "CC0-1.0"}}));
  EXPECT_EQ(part.captions, (std::vector<Caption>{{"Bild 1", "Eine Pumpe"}}));
  ASSERT_EQ(part.spans.size(), 4u);
  EXPECT_EQ(SpanText(part, 1), "Zwei\tdrei\nvier");
  EXPECT_EQ(part.spans[1].place, (Place{Place::Kind::kParagraph, 2, 0, ""}));
  EXPECT_EQ(SpanText(part, 3), "b");
  ExpectWellFormed(part);
}

TEST(ReadDocx, ATextBoxWithinAParagraphKeepsSpansInOrder) {
  const Part part =
      PartOf("a.docx", Docx("<w:p><w:r><w:t>vor</w:t></w:r><w:txbx><w:p><w:r><w:t>Kasten</w:t></w:r></w:p></w:txbx>"
                            "<w:r><w:t>nach</w:t></w:r></w:p>"));
  ExpectWellFormed(part);
  ASSERT_EQ(part.spans.size(), 3u);
  EXPECT_EQ(SpanText(part, 1), "Kasten");
}

TEST(ReadDocx, SaysWhatIsMissingOrBroken) {
  EXPECT_NE(PartOf("a.docx", ArchiveOf({{"x.xml", "<x/>"}})).quarantine.find("word/document.xml"), std::string::npos);
  const Part broken = PartOf("a.docx", ArchiveOf({{"word/document.xml", "<w:document><w:p>"}}));
  EXPECT_NE(broken.quarantine.find("expected XML"), std::string::npos) << broken.quarantine;
}

TEST(ReadPptx, SlidesComeInTheOrderOfThePresentation) {
  const auto slide = [](const std::string& text) {
    return "<p:sld xmlns:p=\"p\" xmlns:a=\"a\"><p:sp><p:cNvPr name=\"Bild\" descr=\"Foto von " + text +
           "\"/><a:p><a:r><a:t>" + text + "</a:t></a:r></a:p></p:sp></p:sld>";
  };
  const Part part = PartOf(
      "a.pptx",
      ArchiveOf({{"ppt/presentation.xml", R"(<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId r:id="r2"/><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>)"},
                 {"ppt/_rels/presentation.xml.rels", R"(<R><Relationship Id="r1" Target="slides/slide1.xml"/><Relationship Id="r2" Target="slides/slide2.xml"/></R>)"},
                 {"ppt/slides/slide1.xml", slide("eins")},
                 {"ppt/slides/slide2.xml", slide("zwei")},
                 {"ppt/slides/_rels/slide2.xml.rels", R"(<R><Relationship Id="n" Target="../notesSlides/notesSlide1.xml"/></R>)"},
                 {"ppt/notesSlides/notesSlide1.xml", slide("Notiz")}}));
  EXPECT_EQ(part.text, "zwei\nNotiz\n\neins\n\n");
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(part.spans[1].place, (Place{Place::Kind::kPage, 2, 0, ""}));
  EXPECT_EQ(SpanText(part, 1), "eins\n");
  EXPECT_EQ(part.captions.size(), 3u);
}

std::string Xlsx(const std::string& rows, const std::string& workbook_properties = "") {
  return ArchiveOf(
      {{"xl/workbook.xml", "<workbook xmlns:r=\"r\">" + workbook_properties +
                               "<sheets><sheet name=\"Werte 1\" r:id=\"a\"/></sheets></workbook>"},
       {"xl/_rels/workbook.xml.rels", R"(<R><Relationship Id="a" Target="/xl/worksheets/sheet7.xml"/></R>)"},
       {"xl/sharedStrings.xml", "<sst><si><t>Datum</t></si><si><r><t>1.234</t></r><r><t>,50</t></r></si></sst>"},
       {"xl/styles.xml",
        R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd\.mm\.yyyy\ hh:mm"/><numFmt numFmtId="165" formatCode="#.##0,00\ [$EUR]"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="46"/></cellXfs></styleSheet>)"},
       {"xl/worksheets/sheet7.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}});
}

TEST(ReadXlsx, CellsHavePlacesAndValues) {
  const Part part = PartOf(
      "a.xlsx", Xlsx(R"(<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Wert</t></is></c></row>
<row r="3"><c r="A3" s="1"><v>46348</v></c><c r="B3" s="3"><v>1234.5</v></c><c r="D3" t="s"><v>1</v></c></row>
<row r="4"><c r="A4" s="2"><v>46348.75</v></c><c r="B4"><v>0.30000000000000004</v></c><c r="C4" t="b"><v>1</v></c><c r="D4" t="str"><v>x
y</v></c></row><row r="5"><c r="A5" s="4"><v>1.5</v></c></row>)"));
  EXPECT_EQ(part.text,
            "Werte 1\nDatum\tWert\n2026-11-22\t1234.5\t\t1.234,50\n2026-11-22 18:00:00\t0.3\tTRUE\tx y\n36:00:00\n\n");
  EXPECT_EQ(TextAt(part, "Werte 1!A3"), "2026-11-22");
  EXPECT_EQ(TextAt(part, "Werte 1!D3"), "1.234,50");
  EXPECT_EQ(TextAt(part, "Werte 1!B4"), "0.3");
  EXPECT_EQ(part.spans.size(), 10u);
  ExpectWellFormed(part);
}

TEST(ReadXlsx, TheOldMacsCountFrom1904) {
  const Part part = PartOf("a.xlsx", Xlsx(R"(<row r="1"><c r="A1" s="1"><v>44886</v></c></row>)", "<workbookPr date1904=\"1\"/>"));
  EXPECT_EQ(TextAt(part, "Werte 1!A1"), "2026-11-22");
}

TEST(ReadXlsx, ASheetWithoutValuesSaysSo) {
  EXPECT_EQ(PartOf("a.xlsx", Xlsx("")).quarantine, "it holds no cell with a value");
  EXPECT_EQ(PartOf("a.xlsx", Xlsx(R"(<row><c t="s"><v>99</v></c></row>)")).quarantine, "it holds no cell with a value");
}

TEST(SheetText, NumberFormatsMeanDatesWhereTheySayDays) {
  EXPECT_EQ(MeaningOfFormat("dd.mm.yyyy"), NumberMeaning::kDate);
  EXPECT_EQ(MeaningOfFormat("mmm"), NumberMeaning::kDate);
  EXPECT_EQ(MeaningOfFormat("[$-407]d. mmmm yyyy;@"), NumberMeaning::kDate);
  EXPECT_EQ(MeaningOfFormat("mm:ss"), NumberMeaning::kTime);
  EXPECT_EQ(MeaningOfFormat("[h]:mm"), NumberMeaning::kDuration);
  EXPECT_EQ(MeaningOfFormat("yyyy-mm-dd hh:mm"), NumberMeaning::kDateTime);
  EXPECT_EQ(MeaningOfFormat("#,##0.00 \"days\""), NumberMeaning::kNumber);
  EXPECT_EQ(MeaningOfFormat("0.00\\d"), NumberMeaning::kNumber);
  EXPECT_EQ(MeaningOfFormat("General"), NumberMeaning::kNumber);
}

TEST(SheetText, DatesAreThoseOfSpreadsheets) {
  EXPECT_EQ(DateText("1", NumberMeaning::kDate, false), "1900-01-01");
  EXPECT_EQ(DateText("59", NumberMeaning::kDate, false), "1900-02-28");
  EXPECT_EQ(DateText("61", NumberMeaning::kDate, false), "1900-03-01");
  EXPECT_EQ(DateText("45351.99998", NumberMeaning::kDateTime, false), "2024-02-29 23:59:58");
  EXPECT_EQ(DateText("45351.9999999", NumberMeaning::kDateTime, false), "2024-03-01 00:00:00");
  EXPECT_EQ(DateText("0.75", NumberMeaning::kDateTime, false), "18:00:00");
  EXPECT_EQ(DateText("0.75", NumberMeaning::kTime, false), "18:00:00");
  EXPECT_EQ(DateText("45351.75", NumberMeaning::kTime, false), "2024-02-29 18:00:00");
  EXPECT_EQ(DateText("1.5", NumberMeaning::kDuration, false), "36:00:00");
  EXPECT_EQ(DateText("-1", NumberMeaning::kDate, false), "-1");
  EXPECT_EQ(DateText("1e300", NumberMeaning::kDate, false), "1e+300");
  EXPECT_EQ(CellName(0, 0), "A1");
  EXPECT_EQ(CellName(9, 26), "AA10");
  EXPECT_EQ(CellName(0, 16'383), "XFD1");
}

std::string OpenDocument(const std::string& type, const std::string& body) {
  return ArchiveOf({{"mimetype", "application/vnd.oasis.opendocument." + type},
                    {"content.xml",
                     "<office:document-content xmlns:office=\"o\" xmlns:text=\"t\" xmlns:table=\"b\" xmlns:draw=\"d\" "
                     "xmlns:svg=\"s\"><office:body>" +
                         body + "</office:body></office:document-content>"},
                    {"meta.xml", "<m xmlns:dc=\"d\"><dc:title>Der Titel</dc:title><dc:language>de</dc:language></m>"}},
                   "zip", "none", false);
}

TEST(ReadOpenDocument, ATextHasParagraphs) {
  const Part part = PartOf(
      "a.odt",
      OpenDocument(
          "text",
          R"(<office:text><text:h>Kopf</text:h><text:p>Ein  <text:span>Satz</text:span><text:s text:c="2"/>mit<text:tab/>Tab
.</text:p><text:p>x<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Fuss</text:p></text:note-body></text:note></text:p>
<draw:frame draw:name="B1"><svg:title>Ein Bild</svg:title></draw:frame></office:text>)"));
  EXPECT_EQ(part.text, "Kopf\nEin Satz  mit\tTab .\nx Fuss\n");
  EXPECT_EQ(part.media_type, "application/vnd.oasis.opendocument.text");
  EXPECT_EQ(part.title, "Der Titel");
  EXPECT_EQ(part.captions, (std::vector<Caption>{{"B1", "Ein Bild"}}));
  EXPECT_EQ(part.spans.size(), 3u);
  ExpectWellFormed(part);
}

TEST(ReadOpenDocument, ASheetHasCellsWithTheirRepeats) {
  const Part part =
      PartOf("a.ods", OpenDocument("spreadsheet", R"(<office:spreadsheet><table:table table:name="T"><table:table-row>
<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="1.5"><text:p>1,50</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>
<table:table-row><table:table-cell office:value-type="date" office:date-value="2026-11-22"><text:p>22.11.26</text:p></table:table-cell></table:table-row>
</table:table></office:spreadsheet>)"));
  EXPECT_EQ(part.text, "T\na\t1.5\t1.5\n2026-11-22\n\n");
  EXPECT_EQ(TextAt(part, "T!C1"), "1.5");
  EXPECT_EQ(TextAt(part, "T!A1048575"), "2026-11-22");
}

TEST(ReadOpenDocument, ARepeatedCellIsNoBomb) {
  const Part part =
      PartOf("a.ods",
             OpenDocument(
                 "spreadsheet",
                 R"(<office:spreadsheet><table:table table:name="T"><table:table-row table:number-rows-repeated="60000">
<table:table-cell table:number-columns-repeated="60000"><text:p>a</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>)"));
  EXPECT_NE(part.quarantine.find("cells"), std::string::npos) << part.quarantine;
}

TEST(ReadOpenDocument, APresentationHasPages) {
  const Part part = PartOf("a.odp", OpenDocument("presentation", R"(<office:presentation><draw:page><text:p>eins</text:p></draw:page><draw:page>
<text:p>zwei</text:p></draw:page></office:presentation>)"));
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(part.spans[1].place, (Place{Place::Kind::kPage, 2, 0, ""}));
  EXPECT_EQ(SpanText(part, 1), "zwei\n");
}

TEST(ReadEpub, ChaptersComeInReadingOrder) {
  const std::string book = ArchiveOf(
      {{"mimetype", "application/epub+zip"},
       {"META-INF/container.xml", R"(<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>)"},
       {"OEBPS/book.opf", R"(<package xmlns:dc="d"><metadata><dc:title>Das Buch</dc:title><dc:language>de</dc:language><dc:rights>CC BY 4.0</dc:rights>
<meta property="tdm:reservation">1</meta></metadata><manifest>
<item id="a" href="a.xhtml"/> <item id="b" href="b.xhtml"/><item id="c" href="c.xhtml"/></manifest>
<spine><itemref idref="b"/><itemref idref="a"/><itemref idref="c"/> </spine></package>)"},
       {"OEBPS/a.xhtml", "<html><body><p>Ende</p></body></html>"},
       {"OEBPS/b.xhtml", "<html><body><h1>Anfang</h1><img src='x.png' alt='Bild'/></body></html>"}},
      "zip", "none", false);
  const Part part = PartOf("a.epub", book);
  EXPECT_EQ(part.text, "Anfang\n\nEnde");
  EXPECT_EQ(TextAt(part, "OEBPS/a.xhtml"), "Ende");
  EXPECT_EQ(part.title, "Das Buch");
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"dc:rights", "CC BY 4.0"}}));
  EXPECT_EQ(part.opt_outs, (std::vector<OptOutMark>{{"tdmrep", "tdm:reservation", "1"}}));
  EXPECT_EQ(part.captions.size(), 1u);
  EXPECT_EQ(part.notes, (std::vector<std::string>{"the chapter OEBPS/c.xhtml is missing"}));
}

TEST(OfficeFormats, BrokenDocumentsHaveAReason) {
  const std::vector<std::pair<std::string, std::string>> documents = {
      {"a.docx", Docx("<w:p><w:r><w:t>eins</w:t></w:r></w:p>")},
      {"a.xlsx", Xlsx(R"(<row r="1"><c r="A1"><v>1</v></c></row>)")},
      {"a.odt", OpenDocument("text", "<office:text><text:p>eins</text:p></office:text>")}};
  for (const auto& [name, whole] : documents) {
    EXPECT_EQ(PartOf(name, whole).quarantine, "");
    for (size_t size = 0; size < whole.size(); size += 7) {
      for (const Part& part : PartsOf(name, std::string_view(whole).substr(0, size))) ExpectWellFormed(part);
    }
  }
}

}  // namespace
}  // namespace walchen::data
