// SPDX-License-Identifier: Apache-2.0
//
// Grids of cells, and the tables and texts that they become where the source knows its columns.
#include "data/cell_grid.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "data/cell_table.h"
#include "data/part_tables.h"
#include "data/table_text.h"

namespace walchen::data {
namespace {

// Rows of cells; the first one holds heads.
CellGrid GridOf(const std::vector<std::vector<Cell>>& rows) {
  CellGrid grid;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    for (uint64_t column = 0; column < rows[row].size(); ++column) EXPECT_TRUE(grid.Add(row, column, rows[row][column]));
  }
  return grid;
}

Cell Number(double value) { return {{}, value, CellKind::kNumber}; }
Cell Moment(double ms) { return {{}, ms, CellKind::kTime}; }

TEST(CellGrid, CellsInBetweenAreEmpty) {
  CellGrid grid;
  ASSERT_TRUE(grid.Add(0, 2, {"x"}));
  ASSERT_TRUE(grid.Add(3, 0, Number(7)));
  EXPECT_EQ(grid.rows(), 4u);
  EXPECT_EQ(grid.columns(), 3u);
  EXPECT_EQ(grid.cells(), 4u);
  EXPECT_TRUE(grid.At(0, 0).empty());
  EXPECT_EQ(grid.At(0, 2).text, "x");
  EXPECT_EQ(grid.WidthOf(1), 0u);
  EXPECT_TRUE(grid.At(2, 9).empty());
  EXPECT_EQ(grid.At(3, 0).value, 7);
  EXPECT_FALSE(grid.At(3, 0).empty());
}

TEST(CellGrid, RefusesCellsOutOfOrderAndTooMany) {
  CellGrid grid;
  ASSERT_TRUE(grid.Add(1, 1, {"x"}));
  for (const auto& [row, column] : {std::pair(1, 1), std::pair(1, 0), std::pair(0, 5)}) {
    const auto added = grid.Add(static_cast<uint64_t>(row), static_cast<uint64_t>(column), {"y"});
    ASSERT_FALSE(added) << row << ", " << column;
    EXPECT_EQ(added.error().code(), ErrorCode::kCorrupt);
  }
  const auto most_columns = static_cast<uint64_t>(base::kTableMaxColumns), most = static_cast<uint64_t>(base::kTableMaxCells);
  for (const auto& [row, column] : {std::pair<uint64_t, uint64_t>(2, most_columns), std::pair<uint64_t, uint64_t>(most, 0)}) {
    const auto added = grid.Add(row, column, {"y"});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code(), ErrorCode::kTooLarge);
  }
  EXPECT_EQ(grid.cells(), 2u);
}

TEST(CellTable, ASourceThatKnowsItsColumnsKeepsEveryRow) {
  const CellGrid grid = GridOf({{{"2026"}, {"v [bar]"}}, {Cell(), Cell()}, {Number(1), {"1,5"}}, {Cell(), Cell()}});
  const NumberTable known = TableOf(grid, "t", Heads::kFirstRow);
  EXPECT_EQ(known.rows, 3u);
  ASSERT_EQ(known.columns.size(), 2u);
  EXPECT_EQ(known.columns[0].name, "2026");
  EXPECT_EQ(known.columns[1].unit, "bar");
  EXPECT_TRUE(std::isnan(known.columns[1].values[0]));
  EXPECT_EQ(known.columns[1].values[1], 1.5);
  // Elsewhere an empty line says nothing.
  EXPECT_EQ(TableOf(grid, "t", Heads::kFind).columns.at(0).values.back(), 1);
}

TEST(CellTable, InfiniteNumbersAreGaps) {
  const NumberTable table = TableOf(GridOf({{{"v"}}, {Number(INFINITY)}, {Number(2)}}), "", Heads::kFirstRow);
  EXPECT_TRUE(std::isnan(table.columns.at(0).values[0]));
  EXPECT_EQ(table.notes, (std::vector<std::string>{"v: 1 cells hold no number"}));
}

TEST(CellTable, AColumnOfMomentsThatIsNoAxisKeepsItsNumbers) {
  const NumberTable table = TableOf(GridOf({{{"a"}, {"b"}}, {Moment(0), Moment(5'000)}, {Moment(1'000), Moment(3'000)}, {Moment(2'000), Cell()}}), "",
                                    Heads::kFirstRow);
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->name, "a");
  EXPECT_EQ(table.time->step_ms, 1'000);
  ASSERT_EQ(table.columns.size(), 1u);
  EXPECT_EQ(table.columns[0].unit, "ms since 1970-01-01");
  EXPECT_EQ(table.columns[0].values[1], 3'000);
}

TEST(TableText, RowsStandThereOnlyBesideText) {
  Part part;
  ASSERT_TRUE(AddTableText(GridOf({{{"a"}, {"b"}}, {Number(1), Number(2)}}), "Zahlen", part));
  EXPECT_EQ(part.text, "Zahlen\na\tb\n\n");
  const CellGrid words = GridOf({{{"wann"}, {"was"}, {"lang"}}, {Moment(86'399'000), {"Pumpe\tan\n"}, {{}, 1'500, CellKind::kDuration}}});
  ASSERT_TRUE(AddTableText(words, "Worte", part));
  EXPECT_EQ(part.text, "Zahlen\na\tb\n\nWorte\nwann\twas\tlang\n1970-01-01 23:59:59\tPumpe an \t1.5 s\n\n");
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(part.spans[1].place.name, "Worte");
  EXPECT_EQ(part.text.substr(part.spans[1].begin, 5), "Worte");
}

NumberTable OneNumber(const char* name) {
  NumberTable table;
  table.name = name;
  table.rows = 1;
  table.columns = {{"v", "", {1}}};
  table.notes = {"a note"};
  return table;
}

TEST(PartTables, TablesAreAPartsContentAndTheirNotesItsNotes) {
  Part part;
  AddTables(std::vector{NumberTable(), OneNumber("x"), OneNumber("")}, part);
  EXPECT_EQ(part.kind, PartKind::kTable);
  EXPECT_EQ(part.notes, (std::vector<std::string>{"x: a note", "a note"}));
  ASSERT_TRUE(TablesOf(part));
  EXPECT_EQ(TablesOf(part)->size(), 2u);
  Part empty;
  AddTables(std::vector<NumberTable>(1), empty);
  EXPECT_EQ(empty.kind, PartKind::kText);
  EXPECT_TRUE(TablesOf(empty)->empty());
  part.content.pop_back();
  EXPECT_FALSE(TablesOf(part));
}

// The only table of a part, as it comes back.
NumberTable Kept(NumberTable table) {
  Part part;
  std::vector<NumberTable> tables;
  tables.push_back(std::move(table));
  AddTables(std::move(tables), part);
  auto kept = TablesOf(part);
  EXPECT_TRUE(kept) << kept.error().ToString();
  return kept && kept->size() == 1 ? std::move(kept->front()) : NumberTable();
}

TEST(PartTables, WhatCannotBeReadAgainIsLeftOutWithANote) {
  NumberTable wide = OneNumber("x");
  wide.columns.resize(static_cast<size_t>(base::kTableMaxColumns) + 1, wide.columns[0]);
  const NumberTable cut = Kept(std::move(wide));
  EXPECT_EQ(cut.columns.size(), static_cast<size_t>(base::kTableMaxColumns));
  EXPECT_EQ(cut.notes.back(), "1 columns are left out, as a table has at most 65536");
  NumberTable two = OneNumber("x");
  two.rows = 2;
  two.columns[0].values = {1, 2};
  const TimeAxis good{"t", false, "", 0, 1, {}, {}};
  two.time = good;
  EXPECT_TRUE(Kept(two).time);
  std::vector<TimeAxis> wrong(7, good);
  wrong[0].step_ms = INFINITY;
  wrong[1].start_ms = NAN;
  wrong[2].stamps_ms = {0, INFINITY};
  wrong[3].stamps_ms = {0};
  wrong[4].gaps = {{0, INFINITY}};
  wrong[5].step_ms = 0;
  wrong[6].start_ms = wrong[6].step_ms = 1.7e308;
  for (const TimeAxis& axis : wrong) {
    two.time = axis;
    const NumberTable kept = Kept(two);
    EXPECT_FALSE(kept.time);
    EXPECT_EQ(kept.notes.back(), "its times are left out, as they are no finite numbers");
    EXPECT_EQ(kept.columns.size(), 1u);
  }
}

TEST(PartTables, TooManyTablesAreLeftOutWithANote) {
  Part part;
  AddTables(std::vector<NumberTable>(static_cast<size_t>(base::kTablesMaxCount) + 2, OneNumber("x")), part);
  ASSERT_FALSE(part.notes.empty());
  EXPECT_EQ(part.notes[0], "2 tables are left out, as a file has at most 4096");
  EXPECT_EQ(TablesOf(part)->size(), 4'096u);
  EXPECT_EQ(part.notes.size(), 101u);
}

}  // namespace
}  // namespace walchen::data
