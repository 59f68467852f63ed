// SPDX-License-Identifier: Apache-2.0
//
// A table of numbers: columns with names and units, and when its rows were measured where it says so. It never holds
// text cells. What is missing stays missing: no row is made up, moved or left out.
//
// Tables of a file are kept as one value: SerialiseTables writes it, ParseTables reads it from anybody's bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

struct NumberColumn {
  std::string name;  // as the file has it; empty where it names none
  std::string unit;  // as the file has it: "°C", "m/s"; empty where it says none
  std::vector<double> values;  // one per row; NaN where there is none; never infinite
};

// No row between these two times, where the step of the others wants some.
struct TimeGap {
  double from_ms = 0;  // the last row before
  double to_ms = 0;    // the first row behind

  bool operator==(const TimeGap&) const = default;
};

// When each row was measured.
struct TimeAxis {
  std::string name;  // the column that said it; empty where only a sampling rate did
  // True: in ms since 1970-01-01T00:00. False: in ms since a moment that the file does not tell.
  bool absolute = false;
  // "UTC": it was, or the file says how far from it. Empty: the clock's face as it was, the zone is not known.
  std::string zone;
  // Row i is at start_ms + i * step_ms where step_ms > 0 and stamps_ms is empty; else at stamps_ms[i], NaN where the
  // file has no time for it. With stamps, step_ms is the usual step between rows, 0 where there is none.
  double start_ms = 0;
  double step_ms = 0;
  std::vector<double> stamps_ms;
  std::vector<TimeGap> gaps;  // of a table whose stamps ascend

  double At(uint64_t row) const {
    return stamps_ms.empty() ? start_ms + static_cast<double>(row) * step_ms : stamps_ms[row];
  }
  // Rows per second; 0 where there is no usual step.
  double SamplingHz() const { return step_ms > 0 ? 1'000.0 / step_ms : 0; }
};

struct NumberTable {
  std::string name;  // of a sheet, data set or table of a database; empty where the file holds one
  uint64_t rows = 0;
  std::optional<TimeAxis> time;
  std::vector<NumberColumn> columns;
  std::vector<std::string> notes;  // what was guessed or left out: "column 3: decimal commas"; no text of cells

  bool is_signal() const { return time.has_value(); }
};

// Rows [begin, end) without a value.
struct RowRange {
  uint64_t begin = 0;
  uint64_t end = 0;

  bool operator==(const RowRange&) const = default;
};
std::vector<RowRange> GapsOf(std::span<const double> values);

// Adds a note to a table, up to kTableMaxNotes.
void AddNote(NumberTable& table, std::string note);

// Whether two tables are equal, NaN to NaN and 0 not to -0.
bool Same(const NumberTable& a, const NumberTable& b);

// Whether the axis says for each of `rows` rows when it was, or that nobody knows: finite, with a step or a stamp for each.
bool IsUsable(const TimeAxis& axis, uint64_t rows);

// The bytes of these tables, all within the bounds of base/limits.h and with axes that are usable: names and notes that are longer are cut, NaN is one.
// A column takes 1, 2, 4 or 8 bytes a row, whichever keeps every value to the last bit; one value once where all are equal.
std::string SerialiseTables(std::span<const NumberTable> tables);

// Errors: kCorrupt, kTruncated, kTooLarge, kUnsupported (a later version). Any bytes may be given.
Result<std::vector<NumberTable>> ParseTables(std::string_view bytes);

}  // namespace walchen::data
