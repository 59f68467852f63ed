// SPDX-License-Identifier: Apache-2.0
//
// From cells to numbers: finds the heads, the units and the time of a table whose cells stand in a grid. The rules are in
// docs/formats.md, section "Tables".
#pragma once

#include <string>

#include "data/cell_grid.h"
#include "data/number_table.h"

namespace walchen::data {

enum class Heads {
  kFind,      // they stand somewhere in front of the numbers, or nowhere
  kFirstRow,  // they are the first row: the source knows its columns
};

// The table that a grid holds, without columns where it holds no numbers.
NumberTable TableOf(const CellGrid& grid, std::string name, Heads heads = Heads::kFind);

}  // namespace walchen::data
