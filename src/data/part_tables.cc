// SPDX-License-Identifier: Apache-2.0
#include "data/part_tables.h"

#include <algorithm>

#include "base/limits.h"

namespace walchen::data {
namespace {

// Of all tables of a part: a person reads them.
constexpr size_t kNotesShown = 100;

void CopyNotes(const NumberTable& table, Part& part, size_t& left) {
  for (const std::string& note : table.notes) {
    if (left == 0) return;
    --left;
    part.notes.push_back(table.name.empty() ? note : fmt::format("{}: {}", table.name, note));
  }
}

// Makes a table one that can be kept.
void CutToBounds(NumberTable& table) {
  const auto most = static_cast<size_t>(base::kTableMaxColumns);
  if (table.columns.size() > most) {
    AddNote(table, fmt::format("{} columns are left out, as a table has at most {}", table.columns.size() - most, most));
    table.columns.resize(most);
  }
  if (table.time && !IsUsable(*table.time, table.rows)) {
    AddNote(table, "its times are left out, as they are no finite numbers");
    table.time.reset();
  }
}

}  // namespace

void AddTables(std::vector<NumberTable> tables, Part& part) {
  size_t left = kNotesShown;
  // One without rows that has notes says why it is not there.
  for (const NumberTable& table : tables) {
    if (table.rows == 0) CopyNotes(table, part, left);
  }
  std::erase_if(tables, [](const NumberTable& table) { return table.columns.empty(); });
  if (tables.empty()) return;
  const auto most = static_cast<size_t>(base::kTablesMaxCount);
  if (tables.size() > most) {
    part.notes.push_back(fmt::format("{} tables are left out, as a file has at most {}", tables.size() - most, most));
    tables.resize(most);
  }
  for (NumberTable& table : tables) CutToBounds(table);
  uint64_t numbers = 0;
  for (const NumberTable& table : tables) numbers += table.rows * (table.columns.size() + 1);
  if (numbers > static_cast<uint64_t>(base::kTableMaxNumbers)) {
    part.notes.push_back(fmt::format("its numbers are left out: expected at most {} in all tables, found {}",
                                     base::kTableMaxNumbers, numbers));
    return;
  }
  std::string content = SerialiseTables(tables);
  if (content.size() > static_cast<uint64_t>(base::kExtractContentMaxBytes)) {
    part.notes.push_back(fmt::format("its numbers are left out: expected at most {} bytes, found {}",
                                     base::kExtractContentMaxBytes, content.size()));
    return;
  }
  part.kind = std::ranges::any_of(tables, &NumberTable::is_signal) ? PartKind::kSignal : PartKind::kTable;
  part.content = std::move(content);
  for (const NumberTable& table : tables) CopyNotes(table, part, left);
}

Result<std::vector<NumberTable>> TablesOf(const Part& part) {
  const bool has_tables = part.kind == PartKind::kTable || part.kind == PartKind::kSignal;
  if (!has_tables || part.content.empty()) return std::vector<NumberTable>();
  return ParseTables(part.content);
}

}  // namespace walchen::data
