// SPDX-License-Identifier: Apache-2.0
//
// The text of a table that is none in its file: a line with its name, one with the heads and, where a column holds text,
// one per row, with a tab between cells. Of numbers alone nobody learns a language.
#pragma once

#include <string_view>

#include "base/status.h"
#include "data/cell_grid.h"
#include "data/extract.h"

namespace walchen::data {

// Adds such a text to a part; the table is one place (kSection). The grid's first row holds the heads.
// Errors: kTooLarge over kExtractTextMaxBytes.
Result<void> AddTableText(const CellGrid& grid, std::string_view name, Part& part);

}  // namespace walchen::data
