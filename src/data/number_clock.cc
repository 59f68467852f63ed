// SPDX-License-Identifier: Apache-2.0
#include "data/number_clock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "data/column_units.h"
#include "data/extraction.h"
#include "data/missing_number.h"
#include "data/number_text.h"
#include "data/time_text.h"

namespace walchen::data {
namespace {

// 1973 and 2286 in ms since 1970: between them numbers of s, ms, µs and ns do not meet.
constexpr double kLeastMomentMs = 1e11, kMostMomentMs = 1e13;
// Calendars of files differ before 1582-10-15.
constexpr double kGregorianMs = -12'219'292'800'000;
constexpr double kYear10000Ms = 253'402'300'800'000;

constexpr std::array<std::string_view, 16> kClockNames = {"time",      "timestamp", "ts",     "zeit",    "zeitstempel", "epoch",
                                                          "unix",      "unixtime",  "unix_time", "t",    "time_s",      "time_ms",
                                                          "zeit_s",    "zeit_ms",   "elapsed", "messzeit"};
constexpr std::array<std::string_view, 4> kDayNames = {"datum", "date", "datetime", "date_time"};

bool IsMoment(double ms) { return ms >= kLeastMomentMs && ms < kMostMomentMs; }

template <size_t kCount>
bool IsIn(const std::array<std::string_view, kCount>& list, std::string_view lower_name) {
  return std::ranges::find(list, lower_name) != list.end();
}

struct Clock {
  double ms_per_unit = 0;
  double start_ms = 0;
};

// netCDF's unit of a time (CF conventions 1.11, section 4.4): "hours since 1900-01-01 00:00:00".
std::optional<Clock> ReadSince(std::string_view unit) {
  constexpr std::string_view kSince = " since ";
  const std::string lower = Lowered(unit);
  const size_t at = lower.find(kSince);
  if (at == std::string::npos) return {};
  const double ms_per_unit = MillisecondsOf(WithoutSpaces(std::string_view(lower).substr(0, at)));
  std::string_view day = WithoutSpaces(std::string_view(lower).substr(at + kSince.size()));
  if (ms_per_unit == 0 || day.find_first_not_of("0123456789") != 4 || day[4] != '-') return {};
  // "0:0:0" and "00:00:0.0" are midnight in many files.
  const size_t clock = std::min(day.find_first_of(" t"), day.size());
  if (day.find_first_not_of("0:.", clock + 1) == std::string_view::npos) day = day.substr(0, clock);
  const auto text = ReadTimeText(day);
  const auto start_ms = text ? MillisecondsOf(*text, DayOrder::kDayFirst) : std::nullopt;
  if (!start_ms || *start_ms < kGregorianMs) return {};
  return Clock{ms_per_unit, *start_ms};
}

void Apply(const Clock& clock, std::vector<double>& values) {
  for (double& value : values) {
    value = clock.start_ms + value * clock.ms_per_unit;
    if (!std::isfinite(value)) value = kNan;
  }
}

TimeColumn TakeSince(const Clock& clock, NumberColumn& column) {
  TimeColumn times;
  times.ms = std::move(column.values);
  Apply(clock, times.ms);
  std::ranges::replace_if(times.ms, [](double ms) { return ms < kGregorianMs || ms >= kYear10000Ms; }, kNan);
  times.absolute = true;
  times.zone = "UTC";
  return times;
}

// Takes a column in a unit of time; `first` is its first number.
TimeColumn TakeInUnit(std::string_view unit, double ms_per_unit, double first, NumberColumn& column) {
  TimeColumn times;
  times.ms = std::move(column.values);
  Apply({ms_per_unit, 0}, times.ms);
  times.absolute = IsMoment(first * ms_per_unit);
  if (times.absolute) times.zone = "UTC";
  if (times.absolute || column.unit.empty()) {
    times.notes.push_back(fmt::format("{}: read as {}{}", column.name, unit, times.absolute ? " since 1970-01-01" : ""));
  }
  return times;
}

// YYYYMMDD, YYYYMMDDhhmm or YYYYMMDDhhmmss of 1900 to 2199 in ms since 1970 of the clock's face.
std::optional<double> ReadPacked(double value) {
  const bool has_seconds = value >= 1e13 && value < 1e14, has_clock = has_seconds || (value >= 1e11 && value < 1e12);
  if (!(has_clock || (value >= 1e7 && value < 1e8)) || value != std::trunc(value)) return {};
  auto left = static_cast<int64_t>(value);
  const auto take = [&](int64_t base) {
    const int64_t last = left % base;
    left /= base;
    return last;
  };
  const int64_t second = has_seconds ? take(100) : 0, minute = has_clock ? take(100) : 0, hour = has_clock ? take(100) : 0;
  const int64_t day = take(100), month = take(100);
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(left)), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (left < 1900 || left >= 2200 || !date.ok() || hour > 23 || minute > 59 || second > 59) return {};
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return (static_cast<double>(days) * 86'400 + static_cast<double>(hour * 3'600 + minute * 60 + second)) * 1'000;
}

// Takes a column of which every number is the digits of a day.
std::optional<TimeColumn> TakePacked(NumberColumn& column) {
  if (!std::ranges::all_of(column.values, [](double v) { return std::isnan(v) || ReadPacked(v).has_value(); })) return {};
  TimeColumn times;
  times.ms = std::move(column.values);
  for (double& ms : times.ms) ms = ReadPacked(ms).value_or(kNan);
  times.absolute = true;
  times.notes.push_back(fmt::format("{}: read as the digits of year, month and day", column.name));
  return times;
}

// The unit that the column or the end of its name states.
std::string_view StatedUnit(const NumberColumn& column, std::string_view lower_name) {
  if (!column.unit.empty()) return column.unit;
  return lower_name.ends_with("_ms") ? "ms" : lower_name.ends_with("_s") ? "s" : "";
}

}  // namespace

std::optional<TimeColumn> TakeTimes(NumberColumn& column) {
  const std::string name = Lowered(column.name);
  const bool promises_days = IsIn(kDayNames, name);
  const auto first = std::ranges::find_if(column.values, [](double v) { return !std::isnan(v); });
  // "T" is a temperature.
  const bool names_time = promises_days || (IsIn(kClockNames, name) && column.name != "T");
  if (!names_time || first == column.values.end()) return {};
  if (const auto clock = ReadSince(column.unit)) return TakeSince(*clock, column);
  if (const std::string_view unit = StatedUnit(column, name); !unit.empty()) {
    const double ms_per_unit = MillisecondsOf(unit);
    return ms_per_unit > 0 ? std::optional(TakeInUnit(unit, ms_per_unit, *first, column)) : std::nullopt;
  }
  if (auto times = TakePacked(column)) return times;
  struct Scale {
    std::string_view unit;
    double ms;
  };
  for (const Scale& scale : {Scale{"seconds", 1e3}, Scale{"milliseconds", 1}, Scale{"microseconds", 1e-3}, Scale{"nanoseconds", 1e-6}}) {
    if (IsMoment(*first * scale.ms)) return TakeInUnit(scale.unit, scale.ms, *first, column);
  }
  if (promises_days) return {};
  return TakeInUnit("seconds", 1e3, *first, column);
}

}  // namespace walchen::data
