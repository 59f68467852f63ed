// SPDX-License-Identifier: Apache-2.0
//
// What a column of cells is, decided over the whole column and never by one cell: numbers with a decimal comma or dot,
// times, true and false, names of things, or text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/cell_grid.h"
#include "data/number_text.h"
#include "data/time_column.h"

namespace walchen::data {

enum class ColumnKind { kEmpty, kNumbers, kTimes, kTruths, kIdentifiers, kText };

// What the cells of a column say together.
struct ColumnFacts {
  uint64_t values = 0;   // cells that hold something
  uint64_t typed = 0;    // numbers by the file's own word
  uint64_t plain = 0, dot = 0, comma = 0, both = 0;  // texts by NumberForm
  uint64_t both_with_comma = 0;  // those of `both` that are written with a comma
  uint64_t times = 0;
  uint64_t truths = 0;
  uint64_t identifiers = 0;
  std::string unit;      // the first that stands in a cell behind a number
  uint64_t with_unit = 0;  // numbers with that unit

  uint64_t numbers() const { return typed + plain + dot + comma + both; }
};

// Rows of a grid, in the order of the table.
using GridRows = std::vector<uint64_t>;

ColumnFacts FactsOf(const CellGrid& grid, const GridRows& rows, uint64_t column);
ColumnKind KindOf(const ColumnFacts& facts);

// Whether a cell is a number or a time, in whatever form.
bool IsData(const Cell& cell);

struct ReadColumn {
  std::vector<double> values;
  uint64_t unread = 0;  // cells that hold something which is no number of this column
};
// Which numbers of a column count: with and without its unit behind them, or only one of both.
enum class UnitRule { kEither, kOnlyWith, kOnlyWithout };
ReadColumn NumbersOf(const CellGrid& grid, const GridRows& rows, uint64_t column, DecimalSign sign, const std::string& unit,
                     UnitRule rule);
ReadColumn TruthsOf(const CellGrid& grid, const GridRows& rows, uint64_t column);

// The times of a column; cells that are none are NaN.
TimeColumn TimesOf(const CellGrid& grid, const GridRows& rows, uint64_t column);

}  // namespace walchen::data
