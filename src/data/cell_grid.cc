// SPDX-License-Identifier: Apache-2.0
#include "data/cell_grid.h"

#include <algorithm>

#include "base/limits.h"

namespace walchen::data {

Result<void> CellGrid::Add(uint64_t row, uint64_t column, Cell cell) {
  constexpr auto kMostCells = static_cast<uint64_t>(base::kTableMaxCells);
  constexpr auto kMostColumns = static_cast<uint64_t>(base::kTableMaxColumns);
  const bool same_row = row + 1 == begins_.size();
  const uint64_t begin = same_row ? begins_.back() : cells_.size();
  if (row >= kMostCells || column >= kMostColumns || begin + column >= kMostCells) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} cells in {} columns, found more", kMostCells, kMostColumns);
  }
  if (row + 1 < begins_.size() || begin + column < cells_.size()) {
    return Fail(ErrorCode::kCorrupt, "expected the cells in their order, found row {}, column {} again or too late", row + 1,
                column + 1);
  }
  if (!same_row) begins_.resize(row + 1, begin);
  cells_.resize(begin + column);
  cells_.push_back(cell);
  columns_ = std::max(columns_, column + 1);
  return {};
}

}  // namespace walchen::data
