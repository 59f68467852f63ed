// SPDX-License-Identifier: Apache-2.0
//
// Separated text (CSV, TSV) as numbers: RFC 4180 and what is written in its stead. The separator is found from the text;
// numbers, units and times as data/cell_table.h says.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "data/cell_grid.h"
#include "data/number_table.h"

namespace walchen::data {

struct CsvDialect {
  char delimiter = '\0';  // ';', ',', tab or '|'; 0 where every line is one cell
  bool quotes = true;     // whether "..." holds separators and line ends; false where a quote is never closed
  size_t begin = 0;       // the first byte behind Excel's line "sep=;"

  bool operator==(const CsvDialect&) const = default;
};

// From the first 64 KiB.
CsvDialect FindDialect(std::string_view utf8);

// The cells of a text; lines that begin with #, % or // are comments, of which one in front of the rows may hold the heads.
// The grid refers to the text, which must outlive it. Errors: kTooLarge (kTableMaxCells, kTableMaxColumns).
Result<CellGrid> ReadCells(std::string_view utf8, const CsvDialect& dialect);

// The numbers of a text, without columns where it holds none. Errors: kTooLarge.
Result<NumberTable> ReadCsvTable(std::string_view utf8);

}  // namespace walchen::data
