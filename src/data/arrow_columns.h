// SPDX-License-Identifier: Apache-2.0
//
// What the plug-in for Parquet and Arrow hands over. It is a shared object of its own (src/arrow), loaded when the first
// such file is read, because the libraries that it needs take 60 MB and are not on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/cell_grid.h"

namespace walchen::data {

struct ArrowColumn {
  std::string name;
  std::string unit;
  CellKind kind = CellKind::kNumber;
  std::vector<double> values;       // one per row, NaN where there is none; empty for texts
  std::vector<std::string> texts;   // one per row, for kText alone
};

// Reads the bytes of a file and replaces `columns`; columns of lists, records and bytes are left out and counted. Moments
// and durations are in ms, true is 1, a decimal is the double nearest to it, a code is what it stands for.
// Returns false with the reason in `error`. Never throws. Both sides are built together, so these types are the same.
using ReadArrowFunction = bool (*)(const char* bytes, uint64_t size, uint64_t cells_max, std::vector<ArrowColumn>* columns,
                                   uint64_t* left_out, std::string* error);

// The function's name in the plug-in, and the plug-in's beside the program.
inline constexpr const char* kReadArrowName = "WalchenReadArrow";
inline constexpr const char* kArrowPlugin = "walchen_arrow.so";

}  // namespace walchen::data
