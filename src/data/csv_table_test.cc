// SPDX-License-Identifier: Apache-2.0
#include "data/csv_table.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "data/part_tables.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

NumberTable Csv(std::string_view text) {
  auto table = ReadCsvTable(text);
  EXPECT_TRUE(table) << table.error().ToString();
  return table ? std::move(*table) : NumberTable();
}

// The only column's values, NaN as -999 so that they compare.
std::vector<double> Values(const NumberTable& table, size_t column = 0) {
  if (column >= table.columns.size()) return {-1'000};
  std::vector<double> values = table.columns[column].values;
  for (double& value : values) value = std::isnan(value) ? -999 : value;
  return values;
}

bool HasNote(const NumberTable& table, std::string_view part) {
  return std::ranges::any_of(table.notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

TEST(CsvTable, AGermanLog) {
  const NumberTable table = Csv("\"Datum\";\"Temperatur [°C]\";\"Leistung\"\r\n"
                                "31.12.2026 23:59:58;21,5;1.234,5\r\n31.12.2026 23:59:59;-3,25;\r\n"
                                "01.01.2027 00:00:00;#NV;987\r\n");
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->name, "Datum");
  EXPECT_TRUE(table.time->absolute);
  EXPECT_EQ(table.time->zone, "");
  EXPECT_EQ(table.time->start_ms, 1'798'761'598'000);
  EXPECT_EQ(table.time->step_ms, 1'000);
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].name, "Temperatur");
  EXPECT_EQ(table.columns[0].unit, "°C");
  EXPECT_EQ(Values(table), (std::vector<double>{21.5, -3.25, -999}));
  EXPECT_EQ(Values(table, 1), (std::vector<double>{1234.5, -999, 987}));
  EXPECT_TRUE(HasNote(table, "Temperatur: read with decimal commas"));
}

TEST(CsvTable, AnEnglishLogWithAUnitRowAndAMPM) {
  const NumberTable table = Csv("Time,Pressure,Flow\n,[bar],l/min\n12/31/2026 11:59 PM,\"1,013.25\",2\n1/1/2027 12:00 AM,1.5,3\n");
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->step_ms, 60'000);
  EXPECT_EQ(table.columns[0].unit, "bar");
  EXPECT_EQ(table.columns[1].unit, "l/min");
  EXPECT_EQ(Values(table), (std::vector<double>{1013.25, 1.5}));
}

TEST(CsvTable, ADecimalSignIsDecidedOverTheColumnAndNeverPerCell) {
  // Dots stand between thousands where the column has a comma somewhere.
  EXPECT_EQ(Values(Csv("a;b\n1.234;x\n1,5;y\n")), (std::vector<double>{1234, 1.5}));
  // Another column tells it.
  EXPECT_EQ(Values(Csv("a;b\n1.234;2,5\n1.500;3,5\n")), (std::vector<double>{1234, 1500}));
  // Nothing tells: a sign in every number is a decimal sign, in some it stands between thousands.
  NumberTable table = Csv("a;b\n1.234;x\n1.500;y\n");
  EXPECT_EQ(Values(table), (std::vector<double>{1.234, 1.5}));
  EXPECT_TRUE(HasNote(table, "no cell tells the decimal sign, read as a dot"));
  EXPECT_EQ(Values(Csv("a;b\n1.234;x\n987;y\n")), (std::vector<double>{1234, 987}));
  EXPECT_EQ(Values(Csv("a\tb\n1,234\tx\n2,500\ty\n")), (std::vector<double>{1.234, 2.5}));
  // Both signs: the rarer one's numbers are gaps, and it is said.
  table = Csv("a;b\n1,5;x\n2,5;y\n2.75;z\n");
  EXPECT_EQ(Values(table), (std::vector<double>{1.5, 2.5, -999}));
  EXPECT_TRUE(HasNote(table, "a: 1 numbers with the other decimal sign are gaps"));
}

TEST(CsvTable, FindsTheDialect) {
  EXPECT_EQ(FindDialect("a;b\n1,5;2,5\n").delimiter, ';');
  EXPECT_EQ(FindDialect("a,b\n1,2\n").delimiter, ',');
  EXPECT_EQ(FindDialect("a\tb\n1,5\t2,5\n").delimiter, '\t');
  EXPECT_EQ(FindDialect("a|b\n1|2\n").delimiter, '|');
  EXPECT_EQ(FindDialect("Wert\n1,5\n2,5\n").delimiter, '\0');
  EXPECT_EQ(FindDialect("").delimiter, '\0');
  EXPECT_EQ(FindDialect("sep=;\r\na;b\r\n"), (CsvDialect{';', true, 7}));
  // A separator within the cells of another one.
  EXPECT_EQ(FindDialect("\"a\",\"b\"\n\"1\",\"x; y\"\n\"2\",\"x; z\"\n").delimiter, ',');
  EXPECT_EQ(FindDialect("a,b\n1,x; y\n2,x; z\n3,x\n").delimiter, ',');
  EXPECT_EQ(FindDialect("Bericht der Halle, 3\nvom Montag\n\nt;x;y\n1;2;3\n4;5;6\n").delimiter, ';');
}

TEST(CsvTable, QuotesHoldSeparatorsLineEndsAndQuotes) {
  const auto grid = ReadCells("a;b\n\"x;\"\"y\"\"\nz\";1\n\"ab\"c;2\n", FindDialect("a;b\n1;2\n"));
  ASSERT_TRUE(grid);
  ASSERT_EQ(grid->rows(), 3u);
  EXPECT_EQ(grid->At(1, 0).text, "x;\"y\"\nz");
  EXPECT_EQ(grid->At(1, 1).text, "1");
  EXPECT_EQ(grid->At(2, 0).text, "abc");
  // A quote that is never closed is a sign like others.
  EXPECT_EQ(Values(Csv("a;b\n1;2\n\"3;4\n5;6\n"), 1), (std::vector<double>{2, 4, 6}));
}

TEST(CsvTable, LinesInFrontOfTheTableAreNoRows) {
  const NumberTable table = Csv("Messgerät;X100\nSeriennummer;12345\nStand;31.12.2026\n\nZeit [s];U [V];I [A]\n0,0;1,5;2\n0,5;1,6;3\n1,0;1,7;4\n1,5;1,8;5\n");
  EXPECT_EQ(table.rows, 4u);
  ASSERT_TRUE(table.time);
  EXPECT_FALSE(table.time->absolute);
  EXPECT_EQ(table.time->step_ms, 500);
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].name, "U");
  EXPECT_EQ(table.columns[1].unit, "A");
}

TEST(CsvTable, CommentsMayHoldTheHeads) {
  const NumberTable table = Csv("# recorded in hall 3\n# time_s,x,y\n0,1,2\n1,3,4\n# pause\n2,5,6\n");
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[1].name, "y");
  EXPECT_EQ(Values(table, 1), (std::vector<double>{2, 4, 6}));
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->SamplingHz(), 1);
  EXPECT_EQ(Values(Csv("#;x\n#NV;1\n2;2\n")), (std::vector<double>{-999, 2}));
}

TEST(CsvTable, SecondsAndMillisecondsSince1970) {
  const NumberTable seconds = Csv("timestamp,v\n1798761598,1\n1798761599,2\n");
  ASSERT_TRUE(seconds.time);
  EXPECT_EQ(seconds.time->start_ms, 1'798'761'598'000);
  EXPECT_EQ(seconds.time->zone, "UTC");
  const NumberTable ms = Csv("ts;v\n1798761598000;1\n1798761598500;2\n");
  ASSERT_TRUE(ms.time);
  EXPECT_EQ(ms.time->step_ms, 500);
  EXPECT_FALSE(Csv("id;v\n1798761598;1\n1798761599;2\n").time);
}

TEST(CsvTable, DayAndTimeInTwoColumns) {
  for (const char* text : {"Datum;Uhrzeit;v\n31.12.2026;23:59:58;1\n31.12.2026;23:59:59;2\n",
                           "Uhrzeit;Datum;v\n23:59:58;31.12.2026;1\n23:59:59;31.12.2026;2\n"}) {
    const NumberTable table = Csv(text);
    ASSERT_TRUE(table.time);
    EXPECT_TRUE(table.time->absolute);
    EXPECT_EQ(table.time->start_ms, 1'798'761'598'000);
    EXPECT_EQ(table.columns.size(), 1u);
  }
}

TEST(CsvTable, TheJumpsOfSummerTimeAreKeptAndNoted) {
  // The clock of Berlin: an hour that is not there in March, one that is there twice in October.
  const NumberTable march = Csv("Zeit;v\n29.03.2026 01:00;1\n29.03.2026 01:30;2\n29.03.2026 03:00;3\n29.03.2026 03:30;4\n");
  ASSERT_TRUE(march.time);
  EXPECT_EQ(march.time->gaps.size(), 1u);
  const NumberTable october = Csv("Zeit;v\n25.10.2026 02:00;1\n25.10.2026 02:30;2\n25.10.2026 02:00;3\n25.10.2026 02:30;4\n25.10.2026 03:00;5\n");
  ASSERT_TRUE(october.time);
  EXPECT_TRUE(HasNote(october, "1 times go back"));
  EXPECT_EQ(Values(october), (std::vector<double>{1, 2, 3, 4, 5}));
  // With offsets nothing jumps.
  const NumberTable offsets = Csv("Zeit;v\n2026-10-25T02:30:00+02:00;1\n2026-10-25T02:00:00+01:00;2\n2026-10-25T02:30:00+01:00;3\n");
  ASSERT_TRUE(offsets.time);
  EXPECT_EQ(offsets.time->step_ms, 1'800'000);
  EXPECT_EQ(offsets.time->zone, "UTC");
}

TEST(CsvTable, WhatIsNoNumberStaysOut) {
  const NumberTable table = Csv("PLZ;Name;v;ok\n01234;Meier;1;WAHR\n80331;Schulz;Fehler;FALSCH\n10115;Weber;3;WAHR\n");
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].name, "v");
  EXPECT_EQ(Values(table), (std::vector<double>{1, -999, 3}));
  EXPECT_EQ(Values(table, 1), (std::vector<double>{1, 0, 1}));
  EXPECT_TRUE(HasNote(table, "PLZ: left out"));
  EXPECT_TRUE(HasNote(table, "v: 1 cells hold no number"));
  EXPECT_TRUE(HasNote(table, "1 columns of text are left out"));
  for (const std::string& note : table.notes) EXPECT_EQ(note.find("Meier"), std::string::npos);
}

TEST(CsvTable, UnitsInCells) {
  const NumberTable table = Csv("Preis;Masse\n1.234,50 €;5 kg\n12,00 €;7 g\n");
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].unit, "€");
  EXPECT_EQ(Values(table), (std::vector<double>{1234.5, 12}));
  EXPECT_EQ(Values(table, 1), (std::vector<double>{5, -999}));
}

TEST(CsvTable, AUnitInMostCellsCountsMoreThanTheHeads) {
  NumberTable table = Csv("Spannung [V];x\n500 mV;1\n250 mV;2\n1,5;3\n");
  EXPECT_EQ(table.columns[0].unit, "mV");
  EXPECT_EQ(Values(table), (std::vector<double>{500, 250, -999}));
  EXPECT_TRUE(HasNote(table, "Spannung: its head says V, cells say mV: read in mV; numbers in the other are gaps"));
  table = Csv("Spannung [V];x\n1;1\n2;2\n250 mV;3\n");
  EXPECT_EQ(table.columns[0].unit, "V");
  EXPECT_EQ(Values(table), (std::vector<double>{1, 2, -999}));
  EXPECT_TRUE(HasNote(table, "read in V"));
  table = Csv("Spannung [mV];x\n500 mV;1\n250;2\n");
  EXPECT_EQ(Values(table), (std::vector<double>{500, 250}));
  EXPECT_FALSE(HasNote(table, "its head says"));
}

TEST(CsvTable, SmallOnes) {
  EXPECT_TRUE(Csv("").columns.empty());
  EXPECT_TRUE(Csv("a;b\n").columns.empty());
  EXPECT_TRUE(Csv("a;b\nx;y\n").columns.empty());
  EXPECT_EQ(Values(Csv("a;b\n1;2")), (std::vector<double>{1}));
  EXPECT_EQ(Values(Csv("1;2\n3;4\n"), 1), (std::vector<double>{2, 4}));
  EXPECT_EQ(Values(Csv("v\n7\n7\n7\n")), (std::vector<double>{7, 7, 7}));
  EXPECT_EQ(Values(Csv("v\r1\r2\r")), (std::vector<double>{1, 2}));
  EXPECT_EQ(Values(Csv("a;b\n1;2\n3\n;;\n5;6;7\n"), 1), (std::vector<double>{2, -999, 6}));
}

TEST(CsvTable, FiveThousandColumns) {
  std::string text;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 5'000; ++column) text += row == 0 ? fmt::format("k{};", column) : fmt::format("{},{};", column, row);
    text += "end\n";
  }
  const NumberTable table = Csv(text);
  ASSERT_EQ(table.columns.size(), 5'000u);
  EXPECT_EQ(table.columns[4'999].name, "k4999");
  EXPECT_EQ(table.columns[4'999].values[1], 4999.2);
  EXPECT_FALSE(ReadCsvTable(std::string(70'000, ';') + "\n1\n"));
}

TEST(ReadSeparatedText, APartHasItsLinesAndItsNumbers) {
  const std::string text = "Zeit;T [°C]\n2026-01-01T00:00:00Z;1,5\n2026-01-01T00:00:01Z;2,5\n";
  const Part part = PartOf("a.csv", "\xEF\xBB\xBF" + text);
  EXPECT_EQ(part.text, text);
  EXPECT_EQ(part.kind, PartKind::kSignal);
  EXPECT_EQ(part.media_type, "text/csv");
  const auto tables = TablesOf(part);
  ASSERT_TRUE(tables);
  ASSERT_EQ(tables->size(), 1u);
  EXPECT_EQ(Values((*tables)[0]), (std::vector<double>{1.5, 2.5}));
  EXPECT_EQ(PartOf("a.csv", "x;y\n1;2\n").kind, PartKind::kTable);
  const Part words = PartOf("a.csv", "x;y\na;b\n");
  EXPECT_EQ(words.kind, PartKind::kText);
  EXPECT_EQ(words.content, "");
  // Windows-1252, as Excel writes it.
  const Part old = PartOf("a.csv", "Gr\xF6\xDF" "e;T [\xB0" "C]\n1;1,5\n2;2,5\n");
  ASSERT_TRUE(TablesOf(old));
  EXPECT_EQ(TablesOf(old)->at(0).columns[1].unit, "°C");
}

TEST(ReadSeparatedText, WhatIsTooWideKeepsItsText) {
  const Part part = PartOf("a.csv", std::string(70'000, ';') + "\n1;2\n");
  EXPECT_EQ(part.kind, PartKind::kText);
  ASSERT_FALSE(part.notes.empty());
  EXPECT_NE(part.notes[0].find("its numbers are left out"), std::string::npos);
}

}  // namespace
}  // namespace walchen::data
