// SPDX-License-Identifier: Apache-2.0
//
// From cells to numbers: finds the heads, the units and the time of a table whose cells stand in a grid. The rules are in
// docs/formats.md, section "Tables".
#pragma once

#include <string>

#include "data/cell_grid.h"
#include "data/number_table.h"

namespace walchen::data {

// The table that a grid holds, without columns where it holds no numbers.
NumberTable TableOf(const CellGrid& grid, std::string name);

}  // namespace walchen::data
