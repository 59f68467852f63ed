// SPDX-License-Identifier: Apache-2.0
#include "data/cell_column.h"

#include <cmath>

#include "data/column_units.h"
#include "data/extraction.h"
#include "data/missing_number.h"

namespace walchen::data {
namespace {

std::optional<bool> ReadTruth(std::string_view text) {
  if (text.size() < 4 || text.size() > 6) return {};
  const std::string lower = Lowered(text);
  if (lower == "true" || lower == "wahr") return true;
  if (lower == "false" || lower == "falsch") return false;
  return {};
}

bool IsMoment(const Cell& cell) { return cell.kind == CellKind::kTime || cell.kind == CellKind::kUtcTime; }

void CountNumber(std::string_view number, ColumnFacts& facts) {
  const NumberForm form = FormOf(number);
  facts.plain += form == NumberForm::kPlain;
  facts.dot += form == NumberForm::kDot;
  facts.comma += form == NumberForm::kComma;
  facts.both += form == NumberForm::kBoth;
  facts.both_with_comma += form == NumberForm::kBoth && number.find(',') != std::string_view::npos;
}

void CountText(std::string_view text, ColumnFacts& facts) {
  if (FormOf(text) != NumberForm::kNone) {
    facts.identifiers += LooksLikeIdentifier(text);
    CountNumber(text, facts);
  } else if (ReadTimeText(text)) {
    ++facts.times;
  } else if (const auto [number, unit] = SplitUnit(text); !unit.empty() && FormOf(number) != NumberForm::kNone) {
    if (facts.unit.empty()) facts.unit = unit;
    if (facts.unit == unit) ++facts.with_unit, CountNumber(number, facts);
  } else {
    facts.truths += ReadTruth(text).has_value();
  }
}

}  // namespace

ColumnFacts FactsOf(const CellGrid& grid, const GridRows& rows, uint64_t column) {
  ColumnFacts facts;
  for (const uint64_t row : rows) {
    const Cell cell = grid.At(row, column);
    if (cell.kind == CellKind::kText && MeansMissing(cell.text)) continue;
    ++facts.values;
    if (cell.kind == CellKind::kNumber) ++facts.typed;
    else if (cell.kind != CellKind::kText) ++facts.times;
    else CountText(cell.text, facts);
  }
  return facts;
}

ColumnKind KindOf(const ColumnFacts& facts) {
  if (facts.values == 0) return ColumnKind::kEmpty;
  if (facts.times * 2 > facts.values) return ColumnKind::kTimes;
  if (facts.truths == facts.values) return ColumnKind::kTruths;
  if (facts.identifiers > 0 && facts.dot + facts.comma + facts.typed == 0) return ColumnKind::kIdentifiers;
  return facts.numbers() * 2 >= facts.values ? ColumnKind::kNumbers : ColumnKind::kText;
}

bool IsData(const Cell& cell) {
  if (cell.kind != CellKind::kText) return true;
  if (MeansMissing(cell.text)) return false;
  if (FormOf(cell.text) != NumberForm::kNone || ReadTimeText(cell.text)) return true;
  const auto [number, unit] = SplitUnit(cell.text);
  return !unit.empty() && FormOf(number) != NumberForm::kNone;
}

ReadColumn NumbersOf(const CellGrid& grid, const GridRows& rows, uint64_t column, DecimalSign sign, const std::string& unit,
                     UnitRule rule) {
  const bool with = rule != UnitRule::kOnlyWithout && !unit.empty(), without = rule != UnitRule::kOnlyWith;
  ReadColumn read;
  read.values.reserve(rows.size());
  for (const uint64_t row : rows) {
    const Cell cell = grid.At(row, column);
    std::optional<double> value;
    if (without && cell.kind == CellKind::kNumber && std::isfinite(cell.value)) value = cell.value;
    if (without && cell.kind == CellKind::kText) value = ReadNumber(cell.text, sign);
    if (with && !value && cell.kind == CellKind::kText && SplitUnit(cell.text).unit == unit) {
      value = ReadNumber(SplitUnit(cell.text).number, sign);
    }
    const bool missing = cell.kind == CellKind::kText && MeansMissing(cell.text);
    read.unread += !value && !missing;
    read.values.push_back(value.value_or(kNan));
  }
  return read;
}

ReadColumn TruthsOf(const CellGrid& grid, const GridRows& rows, uint64_t column) {
  ReadColumn read;
  read.values.reserve(rows.size());
  for (const uint64_t row : rows) {
    const auto truth = ReadTruth(WithoutSpaces(grid.At(row, column).text));
    read.values.push_back(truth ? *truth : kNan);
  }
  return read;
}

TimeColumn TimesOf(const CellGrid& grid, const GridRows& rows, uint64_t column) {
  std::vector<std::optional<TimeText>> texts;
  texts.reserve(rows.size());
  uint64_t said = 0, clocks = 0, utc = 0;
  bool only_days = true;
  for (const uint64_t row : rows) {
    const Cell cell = grid.At(row, column);
    texts.push_back(cell.kind == CellKind::kText ? ReadTimeText(cell.text) : std::nullopt);
    said += texts.back().has_value();
    clocks += cell.kind == CellKind::kTime;
    utc += cell.kind == CellKind::kUtcTime;
    if (IsMoment(cell)) only_days = only_days && std::fmod(cell.value, 86'400'000) == 0;
  }
  TimeColumn times = TimesOf(texts);
  if (clocks + utc > 0) {
    times.absolute = true;
    times.days_only = only_days && (said == 0 || times.days_only);
    if (clocks == 0 && said == 0) times.zone = "UTC";
  }
  uint64_t unread = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Cell cell = grid.At(rows[i], column);
    const bool is_text = cell.kind == CellKind::kText;
    const bool fits = times.absolute ? IsMoment(cell) : cell.kind == CellKind::kDuration;
    if (fits && std::isfinite(cell.value)) times.ms[i] = cell.value;
    else unread += is_text ? !texts[i] && !MeansMissing(cell.text) : true;
  }
  if (unread > 0) times.notes.push_back(fmt::format("{} cells hold no time of that kind", unread));
  return times;
}

}  // namespace walchen::data
