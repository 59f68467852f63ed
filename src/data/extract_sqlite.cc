// SPDX-License-Identifier: Apache-2.0
//
// SQLite databases, opened from memory: tables and views, without what a hostile schema could make of them (SQLite's
// advice for such files: https://sqlite.org/security.html).
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/cell_table.h"
#include "data/extract_readers.h"
#include "data/part_tables.h"
#include "data/table_text.h"

namespace walchen::data {
namespace {

// A view may be a recursion without end: so many steps of SQLite's machine for one table.
constexpr int kStepsAtOnce = 1'000'000;
constexpr int kMostSteps = 100;
constexpr int kLongestValueBytes = 16'777'216;

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Error Trouble(sqlite3* database) { return {ErrorCode::kCorrupt, sqlite3_errmsg(database)}; }

// Only reading, of the file itself.
int Allow(void*, int action, const char*, const char*, const char*, const char*) {
  const bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE;
  return reads ? SQLITE_OK : SQLITE_DENY;
}

// `bytes` must outlive the database.
Result<Database> Open(std::string& bytes) {
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened, &sqlite3_close);
  if (status != SQLITE_OK) return tl::unexpected(Trouble(opened));
  auto* data = reinterpret_cast<unsigned char*>(bytes.data());
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  if (sqlite3_deserialize(opened, "main", data, size, size, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
    return tl::unexpected(Trouble(opened));
  }
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_exec(opened, "PRAGMA cell_size_check = ON", nullptr, nullptr, nullptr);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kLongestValueBytes);
  sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(opened, SQLITE_LIMIT_WORKER_THREADS, 0);
  sqlite3_set_authorizer(opened, Allow, nullptr);
  return database;
}

// Ends what takes longer than kMostSteps for as long as it lives, and no longer: the handler points to it.
class StepLimit {
 public:
  explicit StepLimit(sqlite3* database) : database_(database) { sqlite3_progress_handler(database, kStepsAtOnce, Count, &steps_); }
  StepLimit(const StepLimit&) = delete;
  StepLimit& operator=(const StepLimit&) = delete;
  ~StepLimit() { sqlite3_progress_handler(database_, 0, nullptr, nullptr); }

 private:
  static int Count(void* steps) { return ++*static_cast<int*>(steps) > kMostSteps ? 1 : 0; }

  sqlite3* database_;
  int steps_ = 0;
};

Result<Statement> Prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int status = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  Statement owned(statement, &sqlite3_finalize);
  if (status != SQLITE_OK) return tl::unexpected(Trouble(database));
  return owned;
}

std::string_view ColumnText(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return text ? std::string_view(text, static_cast<size_t>(sqlite3_column_bytes(row, column))) : std::string_view();
}

// Tables and views in the order in which they were made; virtual tables need code that nobody here has.
Result<std::vector<std::string>> TableNames(sqlite3* database, Part& part) {
  const StepLimit limit(database);
  TRY_ASSIGN(const Statement rows,
             Prepare(database, "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND "
                               "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"));
  std::vector<std::string> names;
  uint64_t left_out = 0;
  int status = sqlite3_step(rows.get());
  for (; status == SQLITE_ROW; status = sqlite3_step(rows.get())) {
    std::string name(ColumnText(rows.get(), 0));
    if (Lowered(ColumnText(rows.get(), 1).substr(0, 15)) == "create virtual ") {
      part.notes.push_back(fmt::format("{}: a virtual table is not read", base::Quoted(name)));
    } else if (names.size() < static_cast<size_t>(base::kTablesMaxCount)) {
      names.push_back(std::move(name));
    } else {
      ++left_out;
    }
  }
  if (status != SQLITE_DONE) return tl::unexpected(Trouble(database));
  if (left_out > 0) {
    part.notes.push_back(fmt::format("{} tables are left out, as a file has at most {}", left_out, base::kTablesMaxCount));
  }
  return names;
}

Cell CellOf(sqlite3_stmt* row, int column, CellGrid& grid) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
    case SQLITE_FLOAT: return {{}, sqlite3_column_double(row, column), CellKind::kNumber};
    case SQLITE_TEXT: return {grid.Keep(std::string(ColumnText(row, column)))};
    default: return {};  // NULL, or bytes, which ReadTable counts
  }
}

Result<CellGrid> ReadTable(sqlite3* database, const std::string& name, Part& part) {
  const StepLimit limit(database);
  std::string quoted;
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  TRY_ASSIGN(const Statement rows, Prepare(database, fmt::format("SELECT * FROM \"{}\"", quoted)));
  CellGrid grid;
  const int columns = sqlite3_column_count(rows.get());
  for (int column = 0; column < columns; ++column) {
    const char* head = sqlite3_column_name(rows.get(), column);
    TRY(grid.Add(0, static_cast<uint64_t>(column), {grid.Keep(head ? head : "")}));
  }
  std::vector<bool> has_bytes(static_cast<size_t>(columns));
  int status = sqlite3_step(rows.get());
  for (uint64_t row = 1; status == SQLITE_ROW; status = sqlite3_step(rows.get()), ++row) {
    for (int column = 0; column < columns; ++column) {
      if (sqlite3_column_type(rows.get(), column) == SQLITE_BLOB) has_bytes[static_cast<size_t>(column)] = true;
      TRY(grid.Add(row, static_cast<uint64_t>(column), CellOf(rows.get(), column, grid)));
    }
  }
  if (status != SQLITE_DONE) return tl::unexpected(Trouble(database));
  if (const auto count = std::ranges::count(has_bytes, true); count > 0) {
    part.notes.push_back(fmt::format("{}: bytes in {} columns are left out", name, count));
  }
  return grid;
}

}  // namespace

Result<void> ReadSqlite(const Source& source, Extraction& extraction) {
  std::string bytes(source.bytes);
  Part part;
  // Bytes 18 and 19 say 2 where changes may stand in a file beside it, without which SQLite does not open this one.
  if (bytes.size() > 20 && (bytes[18] == 2 || bytes[19] == 2)) {
    bytes[18] = bytes[19] = 1;
    part.notes.emplace_back("changes that stand in its -wal file are not read");
  }
  TRY_ASSIGN(const Database database, Open(bytes));
  TRY_ASSIGN(const std::vector<std::string> names, TableNames(database.get(), part));
  std::vector<NumberTable> tables;
  for (const std::string& name : names) {
    const auto grid = ReadTable(database.get(), name, part);
    if (!grid) {
      part.notes.push_back(fmt::format("{}: {}", name, grid.error().message()));
      continue;
    }
    TRY(AddTableText(*grid, name, part));
    tables.push_back(TableOf(*grid, name, Heads::kFirstRow));
  }
  if (tables.empty()) return Fail(ErrorCode::kCorrupt, "it holds no table that can be read: {}", part.notes.empty() ? "there is none" : part.notes.back());
  AddTables(std::move(tables), part);
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
