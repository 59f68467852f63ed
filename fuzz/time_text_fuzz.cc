// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as lines of a column of times: what a text says can be, and the column keeps its rows.
#include "data/time_text.h"

#include <cmath>

#include "base/status.h"
#include "data/time_column.h"

using namespace walchen;

namespace {

void CheckTime(const data::TimeText& time) {
  CHECK(time.has_date || time.has_time);
  CHECK(time.ms >= 0 && time.ms < 86'402'000, "{}", time.ms);
  CHECK(std::abs(time.offset_minutes.value_or(0)) < 16 * 60);
  const auto day_first = data::MillisecondsOf(time, data::DayOrder::kDayFirst);
  const auto month_first = data::MillisecondsOf(time, data::DayOrder::kMonthFirst);
  CHECK(day_first || month_first);
  CHECK(time.either_order || day_first == month_first);
  for (const auto& ms : {day_first, month_first}) CHECK(!ms || std::isfinite(*ms));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::optional<data::TimeText>> cells;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    cells.push_back(data::ReadTimeText(rest.substr(0, end)));
    if (cells.back()) CheckTime(*cells.back());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  data::TimeColumn column = data::TimesOf(cells);
  CHECK(column.ms.size() == cells.size());
  if (!data::HasOrder(column.ms)) return 0;
  data::NumberTable table;
  const data::TimeAxis axis = data::AxisOf("t", std::move(column), table);
  CHECK(axis.stamps_ms.empty() || axis.stamps_ms.size() == cells.size());
  for (const data::TimeGap& gap : axis.gaps) CHECK(gap.from_ms < gap.to_ms);
  return 0;
}
