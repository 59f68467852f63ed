// SPDX-License-Identifier: Apache-2.0
#include "data/cell_table.h"

#include <algorithm>
#include <cmath>

#include "base/limits.h"
#include "data/cell_column.h"
#include "data/column_units.h"

namespace walchen::data {
namespace {

// So many rows tell which columns hold data.
constexpr uint64_t kSampledRows = 1'000;

bool HoldsAny(const CellGrid& grid, uint64_t row) {
  for (uint64_t column = 0; column < grid.WidthOf(row); ++column) {
    if (!grid.At(row, column).empty()) return true;
  }
  return false;
}

// Where the source knows its columns it knows its rows too: an empty one is a moment without values.
GridRows RowsOf(const CellGrid& grid, Heads heads) {
  GridRows rows;
  for (uint64_t row = 0; row < grid.rows(); ++row) {
    if (heads == Heads::kFirstRow || HoldsAny(grid, row)) rows.push_back(row);
  }
  return rows;
}

bool HoldsValue(const Cell& cell) { return cell.kind != CellKind::kText || !MeansMissing(cell.text); }

// Which columns hold numbers or times in at least half of the rows at the beginning; of very few rows, in any.
std::vector<bool> DataColumns(const CellGrid& grid, const GridRows& rows) {
  const size_t sampled = std::min<size_t>(rows.size(), kSampledRows);
  std::vector<bool> is_data(grid.columns());
  for (uint64_t column = 0; column < grid.columns(); ++column) {
    uint64_t values = 0, data = 0;
    for (size_t i = 0; i < sampled; ++i) {
      const Cell cell = grid.At(rows[i], column);
      if (!HoldsValue(cell)) continue;
      ++values;
      data += IsData(cell);
    }
    is_data[column] = data > 0 && (data * 2 >= values || sampled <= 4);
  }
  return is_data;
}

// Which of the filled rows is the first with data: one that has them where the columns of data are. A row with a number
// in front of the table ("Serial number; 12345") has text in one of these.
size_t FirstDataRow(const CellGrid& grid, const GridRows& rows) {
  const std::vector<bool> is_data = DataColumns(grid, rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    uint64_t fits = 0, differs = 0;
    for (uint64_t column = 0; column < grid.WidthOf(rows[i]); ++column) {
      const Cell cell = grid.At(rows[i], column);
      if (!is_data[column] || !HoldsValue(cell)) continue;
      ++(IsData(cell) ? fits : differs);
    }
    if (fits > differs) return i;
  }
  return rows.size();
}

std::string_view WithoutBrackets(std::string_view text) {
  text = WithoutSpaces(text);
  const bool bracketed = text.size() > 2 && ((text.front() == '[' && text.back() == ']') || (text.front() == '(' && text.back() == ')'));
  return bracketed ? text.substr(1, text.size() - 2) : text;
}

bool IsUnitRow(const CellGrid& grid, uint64_t row) {
  uint64_t units = 0, others = 0;
  for (uint64_t column = 0; column < grid.WidthOf(row); ++column) {
    const std::string_view text = grid.At(row, column).text;
    if (MeansMissing(text)) continue;
    const bool bracketed = WithoutBrackets(text).size() != WithoutSpaces(text).size();
    ++(bracketed || LooksLikeUnit(text) ? units : others);
  }
  return units > 0 && units >= others;
}

// Where a table's heads and rows stand.
struct Layout {
  std::vector<ColumnHead> heads;
  GridRows rows;
  std::vector<std::string> notes;
};

// The heads are the row in front of the data, or the one before it where that row holds units.
std::vector<ColumnHead> HeadsOf(const CellGrid& grid, const GridRows& filled, size_t first) {
  std::vector<ColumnHead> heads(grid.columns());
  if (first == 0) return heads;
  const bool has_units = first >= 2 && IsUnitRow(grid, filled[first - 1]);
  const uint64_t names = filled[first - (has_units ? 2 : 1)];
  for (uint64_t column = 0; column < grid.columns(); ++column) {
    heads[column] = ReadColumnHead(grid.At(names, column).text);
    if (!has_units) continue;
    const std::string_view unit = WithoutBrackets(grid.At(filled[first - 1], column).text);
    if (!MeansMissing(unit)) heads[column].unit = WithoutSpaces(unit);
  }
  return heads;
}

Layout LayoutOf(const CellGrid& grid, Heads heads) {
  Layout layout;
  const GridRows filled = RowsOf(grid, heads);
  const size_t first = heads == Heads::kFind ? FirstDataRow(grid, filled) : 1;
  if (first >= filled.size()) return layout;
  layout.heads = HeadsOf(grid, filled, first);
  layout.rows.assign(filled.begin() + static_cast<std::ptrdiff_t>(first), filled.end());
  if (first == 0) layout.notes.emplace_back("no row names the columns");
  const uint64_t empty = grid.rows() - filled[first] - layout.rows.size();
  if (empty > 0) layout.notes.push_back(fmt::format("{} empty rows are left out", empty));
  return layout;
}

struct FoundColumn {
  uint64_t column = 0;
  ColumnFacts facts;
  ColumnKind kind = ColumnKind::kEmpty;
  ColumnHead head;
  bool taken = false;  // as the axis
  UnitRule rule = UnitRule::kEither;
  std::string head_unit;  // what the head says where the cells say something else

  // How a note calls it.
  std::string Label() const { return head.name.empty() ? fmt::format("column {}", column + 1) : head.name; }
};

// The unit in the cells is the column's where the head has none. Where the head has another one, that of most numbers is, and
// the others are gaps: nobody converts them.
void TakeCellUnit(FoundColumn& found) {
  const ColumnFacts& facts = found.facts;
  if (facts.unit.empty() || facts.unit == found.head.unit) return;
  found.head_unit = found.head.unit;
  if (!found.head_unit.empty()) found.rule = facts.with_unit * 2 >= facts.numbers() ? UnitRule::kOnlyWith : UnitRule::kOnlyWithout;
  if (found.rule != UnitRule::kOnlyWithout) found.head.unit = facts.unit;
}

std::vector<FoundColumn> FindColumns(const CellGrid& grid, const Layout& layout) {
  std::vector<FoundColumn> columns(grid.columns());
  for (uint64_t column = 0; column < columns.size(); ++column) {
    columns[column] = {column, FactsOf(grid, layout.rows, column), {}, layout.heads[column], false, {}, {}};
    columns[column].kind = KindOf(columns[column].facts);
    TakeCellUnit(columns[column]);
  }
  return columns;
}

// The decimal sign of a column: what more of its cells say, else what the other columns say. Where nothing tells, a sign
// in every number is a decimal sign; where some numbers have none, it stands between thousands.
DecimalSign SignOf(const ColumnFacts& facts, const ColumnFacts& all) {
  if (facts.dot != facts.comma) return facts.comma > facts.dot ? DecimalSign::kComma : DecimalSign::kDot;
  if (all.dot != all.comma) return all.comma > all.dot ? DecimalSign::kComma : DecimalSign::kDot;
  const bool is_comma = facts.both_with_comma * 2 > facts.both;
  return is_comma == (facts.plain == 0) ? DecimalSign::kComma : DecimalSign::kDot;
}

// Builds the table column by column.
class Assembly {
 public:
  Assembly(const CellGrid& grid, Layout layout, std::string name)
      : grid_(grid), layout_(std::move(layout)) {
    table_.name = std::move(name);
    table_.rows = layout_.rows.size();
    for (std::string& note : layout_.notes) AddNote(table_, std::move(note));
    columns_ = FindColumns(grid_, layout_);
    for (const FoundColumn& found : columns_) {
      if (found.kind != ColumnKind::kNumbers) continue;
      all_.dot += found.facts.dot;
      all_.comma += found.facts.comma;
    }
  }

  NumberTable Build() {
    TakeTextAxis();
    uint64_t texts = 0;
    for (const FoundColumn& found : columns_) {
      if (found.taken) continue;
      texts += found.kind == ColumnKind::kText;
      if (found.kind == ColumnKind::kNumbers) AddNumbers(found);
      if (found.kind == ColumnKind::kTruths) AddTruths(found);
      if (found.kind == ColumnKind::kTimes) AddTimes(found);
      if (found.kind == ColumnKind::kIdentifiers) {
        AddNote(table_, fmt::format("{}: left out, as its numbers begin with zeros and name something", found.Label()));
      }
    }
    if (texts > 0) AddNote(table_, fmt::format("{} columns of text are left out", texts));
    FindNumberAxis(table_);
    return std::move(table_);
  }

 private:
  void TakeTextAxis() {
    for (FoundColumn& found : columns_) {
      if (found.kind != ColumnKind::kTimes) continue;
      TimeColumn times = TimesOf(grid_, layout_.rows, found.column);
      FoundColumn* clock = times.days_only || !times.absolute ? OtherHalf(found, times) : nullptr;
      if (clock) {
        TimeColumn other = TimesOf(grid_, layout_.rows, clock->column);
        times = times.absolute ? Joined(std::move(times), other) : Joined(std::move(other), times);
      }
      if (!HasOrder(times.ms)) continue;
      found.taken = true;
      const std::string name = clock ? found.head.name + " " + clock->head.name : found.head.name;
      if (clock) clock->taken = true;
      table_.time = AxisOf(name, std::move(times), table_);
      return;
    }
  }

  // The column of times of day beside one of days, or the other way round.
  FoundColumn* OtherHalf(const FoundColumn& first, const TimeColumn& times) {
    for (const uint64_t column : {first.column + 1, first.column - 1}) {
      if (column >= columns_.size() || columns_[column].kind != ColumnKind::kTimes) continue;
      const TimeColumn other = TimesOf(grid_, layout_.rows, column);
      if (times.absolute ? !other.absolute : other.days_only) return &columns_[column];
    }
    return nullptr;
  }

  void AddNumbers(const FoundColumn& found) {
    const DecimalSign sign = SignOf(found.facts, all_);
    ReadColumn read = NumbersOf(grid_, layout_.rows, found.column, sign, found.facts.unit, found.rule);
    if (found.rule != UnitRule::kEither) {
      AddNote(table_, fmt::format("{}: its head says {}, cells say {}: read in {}; numbers in the other are gaps", found.Label(),
                                  found.head_unit, found.facts.unit, found.head.unit));
    }
    const ColumnFacts& facts = found.facts;
    if (sign == DecimalSign::kComma && facts.comma + facts.both > 0) {
      AddNote(table_, fmt::format("{}: read with decimal commas", found.Label()));
    }
    if (facts.dot > 0 && facts.comma > 0) {
      AddNote(table_, fmt::format("{}: {} numbers with the other decimal sign are gaps", found.Label(),
                                  std::min(facts.dot, facts.comma)));
    } else if (facts.both > 0 && facts.dot + facts.comma == 0) {
      AddNote(table_, fmt::format("{}: no cell tells the decimal sign, read as a {}", found.Label(),
                                  sign == DecimalSign::kComma ? "comma" : "dot"));
    }
    if (read.unread > 0) AddNote(table_, fmt::format("{}: {} cells hold no number", found.Label(), read.unread));
    table_.columns.push_back({found.head.name, found.head.unit, std::move(read.values)});
  }

  void AddTruths(const FoundColumn& found) {
    table_.columns.push_back({found.head.name, found.head.unit, TruthsOf(grid_, layout_.rows, found.column).values});
    AddNote(table_, fmt::format("{}: 1 is true, 0 is false", found.Label()));
  }

  void AddTimes(const FoundColumn& found) {
    TimeColumn times = TimesOf(grid_, layout_.rows, found.column);
    for (const std::string& note : times.notes) AddNote(table_, fmt::format("{}: {}", found.Label(), note));
    const char* unit = times.absolute ? "ms since 1970-01-01" : "ms since midnight";
    table_.columns.push_back({found.head.name, unit, std::move(times.ms)});
  }

  const CellGrid& grid_;
  Layout layout_;
  NumberTable table_;
  std::vector<FoundColumn> columns_;
  ColumnFacts all_;  // dot and comma of all columns
};

}  // namespace

NumberTable TableOf(const CellGrid& grid, std::string name, Heads heads) {
  Layout layout = LayoutOf(grid, heads);
  NumberTable nothing;
  nothing.name = name;
  if (layout.rows.empty()) return nothing;
  // Every column is looked at in every row, also where rows are ragged: one of thousands of cells, thousands of one.
  const uint64_t places = layout.rows.size() * grid.columns();
  if (places > 4 * static_cast<uint64_t>(base::kTableMaxCells)) {
    AddNote(nothing, fmt::format("its numbers are left out: expected at most {} places, found {} rows of up to {} cells",
                                 4 * base::kTableMaxCells, layout.rows.size(), grid.columns()));
    return nothing;
  }
  return Assembly(grid, std::move(layout), std::move(name)).Build();
}

}  // namespace walchen::data
