// SPDX-License-Identifier: Apache-2.0
//
// Columns of numbers that are times: seconds since 1970, "hours since 1900-01-01", 20260131.
#pragma once

#include <optional>

#include "data/number_table.h"
#include "data/time_column.h"

namespace walchen::data {

// The times in a column that is called like a time ("t", "Zeit", "timestamp"), with notes about what was guessed:
//   * by netCDF's "UNIT since DATE" of an ISO day of the Gregorian calendar, in UTC
//   * in the unit that it states: since 1970 where that gives a moment from 1973 to 2286, else since a moment that is not
//     known
//   * without a unit: the digits of days (20260131, 202601311200, 20260131120000); else since 1970 in s, ms, µs or ns where
//     their size says so; else seconds since a moment that is not known
// Nothing where the unit is another one, or where the name promises days ("Datum") and the numbers are none. Takes the
// column's values where it returns something. A time that no double holds is NaN.
std::optional<TimeColumn> TakeTimes(NumberColumn& column);

}  // namespace walchen::data
