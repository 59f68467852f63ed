// SPDX-License-Identifier: Apache-2.0
//
// The cells of a sheet or of a separated text as they stand, before anybody knows what they mean.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

enum class CellKind : uint8_t {
  kText,      // what it means is still to be found out; empty: there is nothing
  kNumber,    // the file says that it is the number `value`
  kTime,      // the file says that it is `value` ms since 1970-01-01T00:00 of a clock
  kUtcTime,   // the same of UTC
  kDuration,  // the file says that it is `value` ms since midnight, or long
};

struct Cell {
  std::string_view text = {};  // must live as long as the grid: CellGrid::Keep
  double value = 0;
  CellKind kind = CellKind::kText;

  bool empty() const { return kind == CellKind::kText && text.empty(); }
};

// Rows of different lengths. Cells that nobody added are empty.
class CellGrid {
 public:
  // Row and column count from 0; rows ascend, and columns within a row.
  // Errors: kTooLarge over kTableMaxCells, the empty ones in between included; kCorrupt out of that order.
  Result<void> Add(uint64_t row, uint64_t column, Cell cell);
  // A text that lives as long as the grid.
  std::string_view Keep(std::string text) { return kept_.emplace_back(std::move(text)); }

  uint64_t rows() const { return begins_.size(); }
  uint64_t columns() const { return columns_; }  // of the longest row
  uint64_t cells() const { return cells_.size(); }
  uint64_t WidthOf(uint64_t row) const { return EndOf(row) - begins_[row]; }
  Cell At(uint64_t row, uint64_t column) const {
    return column < WidthOf(row) ? cells_[begins_[row] + column] : Cell();
  }

 private:
  uint64_t EndOf(uint64_t row) const { return row + 1 < begins_.size() ? begins_[row + 1] : cells_.size(); }

  std::vector<Cell> cells_;
  std::vector<uint64_t> begins_;  // of each row
  uint64_t columns_ = 0;
  std::deque<std::string> kept_;
};

}  // namespace walchen::data
