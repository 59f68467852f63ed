// SPDX-License-Identifier: Apache-2.0
//
// Spreadsheets as numbers; extract_office_test.cc has them as text.
#include <cmath>

#include <gtest/gtest.h>

#include "data/part_tables.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

std::vector<NumberTable> SheetTables(const Part& part) {
  auto tables = TablesOf(part);
  EXPECT_TRUE(tables) << tables.error().ToString();
  return tables ? std::move(*tables) : std::vector<NumberTable>();
}

std::string XlsxOf(const std::string& rows) {
  return ArchiveOf(
      {{"xl/workbook.xml", "<workbook xmlns:r=\"r\"><sheets><sheet name=\"Werte\" r:id=\"a\"/></sheets></workbook>"},
       {"xl/_rels/workbook.xml.rels", R"(<R><Relationship Id="a" Target="worksheets/sheet1.xml"/></R>)"},
       {"xl/styles.xml",
        R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd\.mm\.yyyy\ hh:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="20"/></cellXfs></styleSheet>)"},
       {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}});
}

constexpr const char* kHeads =
    R"(<row r="1"><c r="A1" t="inlineStr"><is><t>Zeit</t></is></c><c r="B1" t="inlineStr"><is><t>P [kW]</t></is></c></row>)";

TEST(ReadXlsx, NumbersAreExactAndDatesAreTheTimeAxis) {
  const Part part = PartOf("a.xlsx", XlsxOf(std::string(kHeads) +
                                          R"(<row r="2"><c r="A2" s="1"><v>46348.75</v></c><c r="B2"><v>0.30000000000000004</v></c></row>
<row r="3"><c r="A3" s="1"><v>46348.791666666664</v></c><c r="B3"><v>1234.5</v></c></row>
<row r="4"><c r="A4" s="1"><v>46348.833333333336</v></c></row>)"));
  EXPECT_EQ(part.kind, PartKind::kSignal);
  EXPECT_NE(part.text.find("2026-11-22 18:00:00\t0.3\n"), std::string::npos) << part.text;
  const auto tables = SheetTables(part);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].name, "Werte");
  ASSERT_TRUE(tables[0].time);
  EXPECT_EQ(tables[0].time->start_ms, 1'795'370'400'000);
  EXPECT_EQ(tables[0].time->step_ms, 3'600'000);
  ASSERT_EQ(tables[0].columns.size(), 1u);
  EXPECT_EQ(tables[0].columns[0].unit, "kW");
  EXPECT_EQ(tables[0].columns[0].values[0], 0.30000000000000004);
  EXPECT_TRUE(std::isnan(tables[0].columns[0].values[2]));
}

TEST(ReadXlsx, TextWithDecimalCommasCountsAsNumbersBesideNumbers) {
  const Part part = PartOf("a.xlsx", XlsxOf(std::string(kHeads) +
                                          R"(<row r="2"><c r="A2" s="2"><v>46348</v></c><c r="B2" t="inlineStr"><is><t>1.234,50</t></is></c></row>
<row r="3"><c r="A3" s="2"><v>46349</v></c><c r="B3"><v>7.5</v></c></row><row r="4"><c r="A4" s="2"><v>46350</v></c><c r="B4" t="e"><v>#DIV/0!</v></c></row>)"));
  EXPECT_NE(part.text.find("1.234,50"), std::string::npos);
  const auto tables = SheetTables(part);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].columns[0].values[0], 1234.5);
  EXPECT_EQ(tables[0].columns[0].values[1], 7.5);
  EXPECT_TRUE(std::isnan(tables[0].columns[0].values[2]));
  EXPECT_EQ(tables[0].time->step_ms, 86'400'000);
}

TEST(ReadXlsx, CellsOutOfOrderKeepTheTextAndLoseTheNumbers) {
  const Part part = PartOf("a.xlsx", XlsxOf(R"(<row r="5"><c r="B5"><v>1</v></c><c r="A5"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c></row>)"));
  EXPECT_EQ(part.quarantine, "");
  EXPECT_EQ(part.kind, PartKind::kText);
  ASSERT_EQ(part.notes.size(), 1u);
  EXPECT_NE(part.notes[0].find("Werte: its numbers are left out"), std::string::npos);
  ExpectWellFormed(part);
}

TEST(ReadXlsx, ACellFarAwayIsNoFloodOfEmptyOnes) {
  const Part part = PartOf("a.xlsx", XlsxOf(R"(<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>)"));
  EXPECT_EQ(part.quarantine, "");
  const auto tables = SheetTables(part);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].rows, 2u);
}

TEST(ReadOpenDocument, SheetsBecomeTables) {
  const std::string cell = R"(<table:table-cell office:value-type=)";
  const Part part = PartOf(
      "a.ods",
      ArchiveOf({{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"},
                 {"content.xml",
                  R"(<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table table:name="Tabelle1">)"
                  R"(<table:table-row><table:table-cell><text:p>Uhrzeit</text:p></table:table-cell><table:table-cell><text:p>T (°C)</text:p></table:table-cell></table:table-row>)"
                  "<table:table-row>" + cell + R"("time" office:time-value="PT12H00M00S"/>)" + cell + R"("float" office:value="21.25"/></table:table-row>)"
                  "<table:table-row>" + cell + R"("time" office:time-value="PT12H00M01.5S"/>)" + cell + R"("string"><text:p>21,5</text:p></table:table-cell></table:table-row>)"
                  "</table:table></office:spreadsheet></office:body></office:document-content>"}},
                "zip", "none", false));
  const auto tables = SheetTables(part);
  ASSERT_EQ(tables.size(), 1u) << part.quarantine;
  ASSERT_TRUE(tables[0].time);
  EXPECT_FALSE(tables[0].time->absolute);
  EXPECT_EQ(tables[0].time->start_ms, 43'200'000);
  EXPECT_EQ(tables[0].time->step_ms, 1'500);
  ASSERT_EQ(tables[0].columns.size(), 1u);
  EXPECT_EQ(tables[0].columns[0].unit, "°C");
  EXPECT_EQ(tables[0].columns[0].values, (std::vector<double>{21.25, 21.5}));
}

}  // namespace
}  // namespace walchen::data
