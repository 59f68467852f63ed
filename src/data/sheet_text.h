// SPDX-License-Identifier: Apache-2.0
//
// Spreadsheets as text and as tables of numbers. As text: a line per row, a tab between cells, every cell with its place. A number is written as the
// value that it is, with a decimal point, whatever the sheet shows; text stays text ("1.234,50" too); dates are ISO
// 8601.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/cell_grid.h"
#include "data/extract.h"
#include "data/number_table.h"

namespace walchen::data {

// Adds the cells of one sheet after the other to a part, in the order of rows and columns.
class SheetText {
 public:
  explicit SheetText(Part& part) : part_(part) {}

  void BeginSheet(std::string_view name);
  // row and column count from 0, the column ascending within a row. Empty values take no place. `typed` is what the file
  // says that the value is, where it says that.
  // Errors: kTooLarge over the bounds of a part.
  Result<void> AddCell(uint64_t row, uint64_t column, std::string_view value, Cell typed = {});
  void EndSheet();
  // Hands the tables of all sheets to the part.
  void Finish();

 private:
  Part& part_;
  CellGrid grid_;
  std::string without_numbers_;  // why this sheet becomes no table
  std::vector<NumberTable> tables_;
  std::string sheet_;
  bool row_open_ = false;
  uint64_t row_ = 0, column_ = 0;
};

// "B3" for row 2, column 1.
std::string CellName(uint64_t row, uint64_t column);

// A number as text: at most 15 digits, which is what spreadsheets know of it. What is no number stays as it is.
std::string NumberText(std::string_view number);

// What a number format shows of a number.
enum class NumberMeaning { kNumber, kDate, kTime, kDateTime, kDuration };
// A format's code, as "dd.mm.yyyy hh:mm" or "#,##0.00 [$EUR]".
NumberMeaning MeaningOfFormat(std::string_view code);

// Days since 1899-12-30 (or 1904-01-01) as "2026-11-22", "13:05:00" or both, whichever the number has; a duration as
// "27:05:00". What is out of range stays a number.
std::string DateText(std::string_view serial, NumberMeaning meaning, bool from_1904);

// A number as a cell of a grid: the number, or the time that its format makes of it, to the millisecond. What is no number
// is an empty cell.
Cell TypedCell(std::string_view number, NumberMeaning meaning, bool from_1904);

}  // namespace walchen::data
