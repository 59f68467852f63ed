// SPDX-License-Identifier: Apache-2.0
#include "data/sheet_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/limits.h"
#include "data/cell_table.h"
#include "data/extraction.h"
#include "data/part_tables.h"
#include "data/time_text.h"

namespace walchen::data {
namespace {

// So many tabs show that cells are missing; a cell in the last column of a large sheet must not take kilobytes.
constexpr uint64_t kGapMax = 64;

constexpr double kLastDay = 2'958'466;  // 10000-01-01
// 1970-01-01 as a spreadsheet counts it.
constexpr double kEpoch = 25'569, kEpochFrom1904 = 24'107;

std::optional<double> ReadNumber(std::string_view text) {
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !std::isfinite(number)) return {};
  return number;
}

}  // namespace

std::string CellName(uint64_t row, uint64_t column) {
  std::string letters;
  for (uint64_t left = column + 1; left > 0; left = (left - 1) / 26) {
    letters += static_cast<char>('A' + (left - 1) % 26);
  }
  std::ranges::reverse(letters);
  return fmt::format("{}{}", letters, row + 1);
}

std::string NumberText(std::string_view number) {
  const auto value = ReadNumber(number);
  return value ? fmt::format("{:.15g}", *value) : std::string(number);
}

NumberMeaning MeaningOfFormat(std::string_view code) {
  bool date = false, time = false, duration = false, quoted = false;
  const std::string lower = Lowered(code.substr(0, code.find(';')));
  for (size_t i = 0; i < lower.size(); ++i) {
    const char c = lower[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\\' || c == '_' || c == '*') {
      ++i;  // the next letter is shown, not obeyed
    } else if (c == '[') {
      const size_t end = lower.find(']', i);
      if (end == std::string::npos) break;
      const std::string_view inner = std::string_view(lower).substr(i + 1, end - i - 1);
      duration = duration || (!inner.empty() && inner.find_first_not_of("hms") == std::string_view::npos);
      i = end;
    } else {
      date = date || c == 'y' || c == 'd';
      time = time || c == 'h' || c == 's';
      // A month alone is a date; beside hours it is minutes.
      if (c == 'm' && lower.find_first_of("hs") == std::string::npos) date = true;
    }
  }
  if (lower == "general" || lower == "standard") return NumberMeaning::kNumber;
  if (duration) return NumberMeaning::kDuration;
  return date && time ? NumberMeaning::kDateTime
         : date       ? NumberMeaning::kDate
         : time       ? NumberMeaning::kTime
                      : NumberMeaning::kNumber;
}

std::string DateText(std::string_view serial, NumberMeaning meaning, bool from_1904) {
  const auto value = ReadNumber(serial);
  if (!value || meaning == NumberMeaning::kNumber || *value < 0 || *value >= kLastDay) return NumberText(serial);
  auto days = static_cast<int64_t>(*value);
  auto seconds = std::llround((*value - static_cast<double>(days)) * 86'400);
  if (meaning == NumberMeaning::kDuration || (meaning != NumberMeaning::kDate && days == 0)) {
    seconds += days * 86'400;
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3'600, seconds / 60 % 60, seconds % 60);
  }
  if (seconds == 86'400) ++days, seconds = 0;
  // Lotus counted 1900 as a leap year, and its followers do: before March everything is one day off.
  if (!from_1904 && days < 60) ++days;
  using std::chrono::year;
  const std::chrono::sys_days epoch = from_1904 ? year(1904) / 1 / 1 : year(1899) / 12 / 30;
  const std::chrono::year_month_day date(epoch + std::chrono::days(days));
  const std::string text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (meaning != NumberMeaning::kDateTime && seconds == 0) return text;
  return fmt::format("{} {:02}:{:02}:{:02}", text, seconds / 3'600, seconds / 60 % 60, seconds % 60);
}

Cell TypedCell(std::string_view number, NumberMeaning meaning, bool from_1904) {
  const auto value = ReadNumber(number);
  if (!value) return {};
  if (meaning == NumberMeaning::kNumber || *value < 0 || *value >= kLastDay) return {{}, *value, CellKind::kNumber};
  double days = std::floor(*value);
  const double ms = std::round((*value - days) * kMsPerDay);
  if (meaning == NumberMeaning::kDuration || (meaning != NumberMeaning::kDate && days == 0)) {
    return {{}, days * kMsPerDay + ms, CellKind::kDuration};
  }
  if (!from_1904 && days < 60) ++days;  // as in DateText
  return {{}, (days - (from_1904 ? kEpochFrom1904 : kEpoch)) * kMsPerDay + ms, CellKind::kTime};
}

void SheetText::BeginSheet(std::string_view name) {
  sheet_ = name;
  part_.text += name;
  part_.text += '\n';
  row_open_ = false;
  grid_ = CellGrid();
  without_numbers_.clear();
}

Result<void> SheetText::AddCell(uint64_t row, uint64_t column, std::string_view value, Cell typed) {
  if (value.empty()) return {};
  if (part_.text.size() > static_cast<uint64_t>(base::kExtractTextMaxBytes) ||
      part_.spans.size() >= static_cast<uint64_t>(base::kExtractMaxSpans)) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} cells and {} bytes, found more", base::kExtractMaxSpans,
                base::kExtractTextMaxBytes);
  }
  if (without_numbers_.empty()) {
    const Cell cell = typed.kind == CellKind::kText ? Cell{grid_.Keep(std::string(value))} : typed;
    if (const auto added = grid_.Add(row, column, cell); !added) without_numbers_ = added.error().message();
  }
  if (row_open_ && row != row_) {
    part_.text += '\n';
    row_open_ = false;
  }
  const uint64_t gap = row_open_ ? column - std::min(column, column_) : column;
  part_.text.append(std::min(gap, kGapMax), '\t');
  row_open_ = true;
  row_ = row;
  column_ = column;
  const uint64_t begin = part_.text.size();
  part_.text += value;
  // A row is a line.
  std::replace_if(
      part_.text.begin() + static_cast<std::ptrdiff_t>(begin), part_.text.end(),
      [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  part_.spans.push_back(
      {begin, part_.text.size(), {Place::Kind::kCells, 0, 0, fmt::format("{}!{}", sheet_, CellName(row, column))}});
  return {};
}

void SheetText::EndSheet() {
  part_.text += row_open_ ? "\n\n" : "\n";
  if (without_numbers_.empty()) {
    tables_.push_back(TableOf(grid_, sheet_));
  } else {
    part_.notes.push_back(fmt::format("{}: its numbers are left out: {}", sheet_, without_numbers_));
  }
}

void SheetText::Finish() { AddTables(std::move(tables_), part_); }

}  // namespace walchen::data
