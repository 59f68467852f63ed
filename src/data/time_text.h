// SPDX-License-Identifier: Apache-2.0
//
// Times as people and programs write them in tables: ISO 8601, "31.12.2026 23:59:59,5", "12/31/2026 11:59 PM",
// "31. Dezember 2026", "Dec 31, 2026", a time of day alone. Days follow the Gregorian calendar in both directions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace walchen::data {

inline constexpr double kMsPerDay = 86'400'000;

// Whether "03/04/2026" is the 3rd of April or the 4th of March. Only a whole column can tell.
enum class DayOrder { kDayFirst, kMonthFirst };

// What a text says, with nothing guessed. Fields that it does not say are empty.
struct TimeText {
  bool has_date = false;
  int year = 0;
  // Where `either_order`, `day` is the first of the two numbers and `month` the second; else what they say.
  int month = 1, day = 1;
  bool either_order = false;
  bool two_digit_year = false;
  bool has_time = false;
  bool half_days = false;  // "11 PM"
  double ms = 0;  // since midnight; 24:00 and a leap second reach into the next day
  std::optional<int> offset_minutes;  // how far its zone is ahead of UTC, where it says that

  bool operator==(const TimeText&) const = default;
};

// Nothing where the text is no time, or one that cannot be in either order (31.02., 25:00).
std::optional<TimeText> ReadTimeText(std::string_view text);

// In ms since 1970-01-01T00:00: of UTC where the text has an offset, else of the clock's face. A time of day alone is since
// midnight. Nothing where there is no such day in this order.
std::optional<double> MillisecondsOf(const TimeText& text, DayOrder order);

}  // namespace walchen::data
