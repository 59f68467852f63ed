// SPDX-License-Identifier: Apache-2.0
//
// A whole column of times: in which order its days stand, and whether it is the axis of a table. No row is moved.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/number_table.h"
#include "data/time_text.h"

namespace walchen::data {

struct TimeColumn {
  std::vector<double> ms;  // one per row, NaN where there is none
  bool absolute = false;   // since 1970, else since midnight or since a moment that is not known
  bool days_only = false;  // no row says a time of day
  std::string zone;        // as TimeAxis::zone
  std::vector<std::string> notes;
};

// Which of the two orders the whole column says: the one in which every day exists; where both do, the one in which the
// days ascend, or else descend; else, with a note, the month first beside AM and PM and the day first without them. A row that is no day in
// that order becomes NaN, with a note.
TimeColumn TimesOf(std::span<const std::optional<TimeText>> cells);

// Adds a column of times of day to one of days.
TimeColumn Joined(TimeColumn days, const TimeColumn& times);

// Whether three of four rows are not before the row before, or not behind it: else a column of times is no axis.
bool HasOrder(std::span<const double> ms);

// The axis that these times are, with notes about what repeats or goes back.
TimeAxis AxisOf(std::string name, TimeColumn column, NumberTable& table);

// Where a table has no axis and several columns, makes the first one the axis whose numbers are times (data/number_clock.h)
// and have an order.
void FindNumberAxis(NumberTable& table);

}  // namespace walchen::data
