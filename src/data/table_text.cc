// SPDX-License-Identifier: Apache-2.0
#include "data/table_text.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/limits.h"

namespace walchen::data {
namespace {

std::string MomentText(double ms) {
  constexpr double kYear10000 = 253'402'300'800'000;
  if (!(ms >= -62'167'219'200'000 && ms < kYear10000)) return fmt::format("{}", ms);
  const double day = std::floor(ms / 86'400'000);
  const std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(static_cast<int64_t>(day))));
  const auto left = static_cast<int64_t>(ms - day * 86'400'000);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), left / 3'600'000,
                     left / 60'000 % 60, left / 1'000 % 60);
}

void AddCellText(const Cell& cell, std::string& text) {
  const size_t begin = text.size();
  switch (cell.kind) {
    case CellKind::kText: text += cell.text; break;
    case CellKind::kNumber: text += std::isnan(cell.value) ? "" : fmt::format("{}", cell.value); break;
    case CellKind::kTime:
    case CellKind::kUtcTime: text += MomentText(cell.value); break;
    case CellKind::kDuration: text += fmt::format("{} s", cell.value / 1'000); break;
  }
  // A row is a line.
  std::replace_if(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(),
                  [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
}

bool HoldsText(const CellGrid& grid) {
  for (uint64_t row = 1; row < grid.rows(); ++row) {
    for (uint64_t column = 0; column < grid.WidthOf(row); ++column) {
      const Cell cell = grid.At(row, column);
      if (cell.kind == CellKind::kText && !cell.text.empty()) return true;
    }
  }
  return false;
}

}  // namespace

Result<void> AddTableText(const CellGrid& grid, std::string_view name, Part& part) {
  const uint64_t begin = part.text.size();
  part.text.append(name);
  part.text += '\n';
  const uint64_t rows = HoldsText(grid) ? grid.rows() : std::min<uint64_t>(grid.rows(), 1);
  for (uint64_t row = 0; row < rows; ++row) {
    for (uint64_t column = 0; column < grid.WidthOf(row); ++column) {
      if (column > 0) part.text += '\t';
      AddCellText(grid.At(row, column), part.text);
    }
    part.text += '\n';
    if (part.text.size() > static_cast<uint64_t>(base::kExtractTextMaxBytes)) {
      return Fail(ErrorCode::kTooLarge, "expected at most {} bytes of text, found more", base::kExtractTextMaxBytes);
    }
  }
  part.spans.push_back({begin, part.text.size(), {Place::Kind::kSection, 0, 0, std::string(name)}});
  part.text += '\n';
  return {};
}

}  // namespace walchen::data
