// SPDX-License-Identifier: Apache-2.0
#include "data/missing_number.h"
#include "data/number_table.h"

#include <cmath>

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

NumberTable TestTable() {
  NumberTable table;
  table.name = "Werte";
  table.rows = 4;
  table.time = TimeAxis{"Zeit", true, "UTC", 1e12, 1'000, {1e12, 1e12 + 1'000, kNan, 1e12 + 9'000}, {{1e12, 1e12 + 9'000}}};
  table.columns = {{"T", "°C", {21.5, 0.1, kNan, -3.25}},
                   {"n", "", {1, 2, 3, 200}},
                   {"gleich", "", {7, 7, 7, 7}},
                   {"weit", "", {1e300, -0.0, 5e-324, 1.0 / 3}},
                   {"leer", "", {kNan, kNan, kNan, kNan}},
                   {"schmal", "", {static_cast<double>(0.1F), 1, kNan, -2}}};
  table.notes = {"eine Notiz"};
  return table;
}

TEST(NumberTable, ComesBackToTheLastBit) {
  const std::vector<NumberTable> tables = {TestTable(), {}};
  const auto back = ParseTables(SerialiseTables(tables));
  ASSERT_TRUE(back) << back.error().ToString();
  ASSERT_EQ(back->size(), 2u);
  EXPECT_TRUE(Same((*back)[0], tables[0]));
  EXPECT_TRUE(Same((*back)[1], tables[1]));
  EXPECT_TRUE(std::signbit((*back)[0].columns[3].values[1]));
}

TEST(NumberTable, DifferentTablesAreNotTheSame) {
  const NumberTable table = TestTable();
  NumberTable other = table;
  other.columns[3].values[1] = 0.0;
  EXPECT_FALSE(Same(table, other));
  other = table;
  other.time->zone = "";
  EXPECT_FALSE(Same(table, other));
  other = table;
  other.time.reset();
  EXPECT_FALSE(Same(table, other));
}

TEST(NumberTable, PacksWhatHasFewDecimalsSmall) {
  NumberTable table;
  table.rows = 10'000;
  NumberColumn& column = table.columns.emplace_back();
  for (int i = 0; i < 10'000; ++i) column.values.push_back(i % 7 == 0 ? kNan : (i % 3'000) / 10.0);
  EXPECT_LT(SerialiseTables({&table, 1}).size(), 20'100u);
  const auto back = ParseTables(SerialiseTables({&table, 1}));
  ASSERT_TRUE(back);
  EXPECT_TRUE(Same((*back)[0], table));
}

TEST(NumberTable, AnyChangedByteIsFound) {
  const NumberTable table = TestTable();
  const std::string bytes = SerialiseTables({&table, 1});
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_FALSE(ParseTables(changed)) << i;
    EXPECT_FALSE(ParseTables(bytes.substr(0, i))) << i;
  }
  EXPECT_FALSE(ParseTables(bytes + "x"));
}

TEST(NumberTable, LongNamesAreCutBetweenCodePoints) {
  NumberTable table;
  for (int i = 0; i < 5'000; ++i) table.name += "ä";
  table.name += '\xff';
  const auto back = ParseTables(SerialiseTables({&table, 1}));
  ASSERT_TRUE(back) << back.error().ToString();
  EXPECT_EQ((*back)[0].name.size(), 4'096u);
}

TEST(NumberTable, NotesEnd) {
  NumberTable table;
  for (int i = 0; i < 2'000; ++i) AddNote(table, "x");
  EXPECT_EQ(table.notes.size(), 1'001u);
  EXPECT_EQ(table.notes.back(), "there is more to note");
  EXPECT_TRUE(ParseTables(SerialiseTables({&table, 1})));
}

TEST(NumberTable, GapsAreRangesOfRows) {
  EXPECT_EQ(GapsOf(std::vector<double>{kNan, 1, kNan, kNan, 2, kNan}),
            (std::vector<RowRange>{{0, 1}, {2, 4}, {5, 6}}));
  EXPECT_TRUE(GapsOf(std::vector<double>{1, 2}).empty());
}

}  // namespace
}  // namespace walchen::data
