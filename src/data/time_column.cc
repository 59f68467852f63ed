// SPDX-License-Identifier: Apache-2.0
#include "data/time_column.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "data/missing_number.h"
#include "data/number_clock.h"

namespace walchen::data {
namespace {

// How the times of a column follow each other; those that are missing are passed over.
struct Steps {
  uint64_t forward = 0, back = 0, repeated = 0, missing = 0;

  uint64_t all() const { return forward + back + repeated; }
};

Steps StepsOf(std::span<const double> ms) {
  Steps steps;
  double before = kNan;
  for (const double now : ms) {
    if (std::isnan(now)) {
      ++steps.missing;
      continue;
    }
    if (!std::isnan(before)) ++(now > before ? steps.forward : now < before ? steps.back : steps.repeated);
    before = now;
  }
  return steps;
}

std::vector<double> InOrder(std::span<const std::optional<TimeText>> cells, DayOrder order) {
  std::vector<double> ms;
  ms.reserve(cells.size());
  for (const auto& cell : cells) ms.push_back(cell ? MillisecondsOf(*cell, order).value_or(kNan) : kNan);
  return ms;
}

// What the texts of a column say together.
struct Facts {
  uint64_t said = 0, dated = 0, timed = 0, with_offset = 0, two_digit_years = 0, either = 0, half_days = 0;
};

Facts FactsOf(std::span<const std::optional<TimeText>> cells) {
  Facts facts;
  for (const auto& cell : cells) {
    if (!cell) continue;
    ++facts.said;
    facts.dated += cell->has_date;
    facts.timed += cell->has_time;
    facts.with_offset += cell->offset_minutes.has_value();
    facts.two_digit_years += cell->two_digit_year;
    facts.either += cell->either_order;
    facts.half_days += cell->half_days;
  }
  return facts;
}

// How far times are from going one way, and behind that from ascending.
std::pair<uint64_t, uint64_t> Disorder(const Steps& steps) { return {std::min(steps.back, steps.forward), steps.back}; }

// The order that fewer rows contradict; where none contradicts either, the one in which fewer rows go against the others;
// else that of those who count half days.
DayOrder DecideOrder(std::span<const double> day_first, std::span<const double> month_first, bool half_days,
                     TimeColumn& column) {
  const Steps day = StepsOf(day_first), month = StepsOf(month_first);
  if (day.missing != month.missing) return day.missing < month.missing ? DayOrder::kDayFirst : DayOrder::kMonthFirst;
  if (const auto day_is = Disorder(day), month_is = Disorder(month); day_is != month_is) {
    const bool day_wins = day_is < month_is;
    const Steps& won = day_wins ? day : month;
    column.notes.push_back(fmt::format("days and months stand in either order: read {} first, as then the times {}",
                                       day_wins ? "days" : "months", won.back > won.forward ? "descend" : "ascend"));
    return day_wins ? DayOrder::kDayFirst : DayOrder::kMonthFirst;
  }
  if (std::ranges::equal(day_first, month_first)) return DayOrder::kDayFirst;
  column.notes.push_back(fmt::format("days and months stand in either order: read {}",
                                     half_days ? "months first, as AM and PM say" : "days first; nothing tells"));
  return half_days ? DayOrder::kMonthFirst : DayOrder::kDayFirst;
}

double MedianStep(std::span<const double> stamps) {
  std::vector<double> steps;
  for (size_t i = 1; i < stamps.size(); ++i) {
    if (!std::isnan(stamps[i]) && !std::isnan(stamps[i - 1])) steps.push_back(stamps[i] - stamps[i - 1]);
  }
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::ranges::nth_element(steps, middle);
  const double median = *middle;
  const auto near = std::ranges::count_if(steps, [&](double s) { return std::abs(s - median) <= 0.1 * median; });
  return static_cast<size_t>(near) * 2 >= steps.size() && median > 0 ? median : 0;
}

// Whether every time is where an even step puts it, up to what a double can tell of it.
bool IsEven(std::span<const double> stamps, double step) {
  const double slack = std::max(step * 1e-6, 4 * std::numeric_limits<double>::epsilon() *
                                                 std::max(std::abs(stamps.front()), std::abs(stamps.back())));
  for (size_t i = 0; i < stamps.size(); ++i) {
    if (std::abs(stamps.front() + static_cast<double>(i) * step - stamps[i]) > slack) return false;
  }
  return true;
}

void FindGaps(TimeAxis& axis) {
  for (size_t i = 1; axis.step_ms > 0 && i < axis.stamps_ms.size(); ++i) {
    const double from = axis.stamps_ms[i - 1], to = axis.stamps_ms[i];
    if (to - from > 1.5 * axis.step_ms) axis.gaps.push_back({from, to});
  }
}

}  // namespace

TimeColumn TimesOf(std::span<const std::optional<TimeText>> cells) {
  TimeColumn column;
  const Facts facts = FactsOf(cells);
  column.absolute = facts.dated > 0;
  column.days_only = facts.dated > 0 && facts.timed == 0;
  column.ms = InOrder(cells, DayOrder::kDayFirst);
  if (facts.either > 0) {
    std::vector<double> month_first = InOrder(cells, DayOrder::kMonthFirst);
    const DayOrder order = DecideOrder(column.ms, month_first, facts.half_days > 0, column);
    if (order == DayOrder::kMonthFirst) column.ms = std::move(month_first);
  }
  const auto missing = static_cast<uint64_t>(std::ranges::count_if(column.ms, [](double v) { return std::isnan(v); }));
  if (const uint64_t wrong = missing - (cells.size() - facts.said); wrong > 0) {
    column.notes.push_back(fmt::format("{} times are no day in the order of the others", wrong));
  }
  // "12:30" among days is no moment.
  uint64_t strange = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] && cells[i]->has_date != column.absolute) column.ms[i] = kNan, ++strange;
  }
  if (strange > 0) column.notes.push_back(fmt::format("{} times have no day, as the others have", strange));
  if (facts.two_digit_years > 0) column.notes.emplace_back("years of two digits are 1969 to 2068");
  if (facts.with_offset == facts.said && facts.said > 0) column.zone = "UTC";
  else if (facts.with_offset > 0) column.notes.emplace_back("only some times say their zone: the others are read as UTC");
  return column;
}

TimeColumn Joined(TimeColumn days, const TimeColumn& times) {
  for (size_t i = 0; i < days.ms.size(); ++i) days.ms[i] += times.ms[i];
  days.days_only = false;
  days.zone = times.zone;
  days.notes.insert(days.notes.end(), times.notes.begin(), times.notes.end());
  return days;
}

bool HasOrder(std::span<const double> ms) {
  const Steps steps = StepsOf(ms);
  return std::min(steps.back, steps.forward) * 4 <= steps.all() && steps.missing * 2 <= ms.size();
}

TimeAxis AxisOf(std::string name, TimeColumn column, NumberTable& table) {
  TimeAxis axis;
  axis.name = std::move(name);
  axis.absolute = column.absolute;
  axis.zone = std::move(column.zone);
  for (std::string& note : column.notes) AddNote(table, std::move(note));
  std::ranges::replace_if(column.ms, [](double ms) { return std::isinf(ms); }, kNan);
  const Steps steps = StepsOf(column.ms);
  if (steps.missing > 0) AddNote(table, fmt::format("{} rows have no time", steps.missing));
  if (steps.repeated > 0) AddNote(table, fmt::format("{} times repeat the one before", steps.repeated));
  if (steps.back > 0 && steps.forward > 0) AddNote(table, fmt::format("{} times go back", steps.back));
  if (steps.back > 0 && steps.forward == 0) AddNote(table, "the times descend: the newest row comes first");
  axis.stamps_ms = std::move(column.ms);
  if (axis.stamps_ms.empty()) return axis;
  axis.start_ms = std::isnan(axis.stamps_ms[0]) ? 0 : axis.stamps_ms[0];
  if (steps.back > 0) return axis;
  axis.step_ms = MedianStep(axis.stamps_ms);
  const bool complete = steps.missing == 0 && steps.repeated == 0 && axis.stamps_ms.size() > 1;
  const double mean = (axis.stamps_ms.back() - axis.stamps_ms[0]) / static_cast<double>(axis.stamps_ms.size() - 1);
  for (const double step : {axis.step_ms, mean}) {
    if (complete && step > 0 && std::isfinite(step) && IsEven(axis.stamps_ms, step)) {
      axis.step_ms = step;
      axis.stamps_ms.clear();
      return axis;
    }
  }
  FindGaps(axis);
  return axis;
}

void FindNumberAxis(NumberTable& table) {
  if (table.time || table.columns.size() < 2) return;
  for (auto column = table.columns.begin(); column != table.columns.end(); ++column) {
    if (!HasOrder(column->values)) continue;
    auto times = TakeTimes(*column);
    if (!times) continue;
    const std::string name = column->name;
    table.columns.erase(column);
    table.time = AxisOf(name, std::move(*times), table);
    return;
  }
}

}  // namespace walchen::data
