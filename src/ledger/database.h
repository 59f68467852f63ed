// SPDX-License-Identifier: Apache-2.0
//
// SQLite as the ledger uses it: statements that are prepared once, values bound by type, errors as values that say what
// to do. Internal to this library.
//
// SQLite reaches the disk by itself, not through base::Files: its journal and its locks are what makes a change whole.
// Not thread-safe, and not to be used in a process forked after it was opened. Queries must not outlive their Database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/files.h"
#include "base/status.h"

namespace walchen::ledger {

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class Database;

// One execution of a statement. Ends it when it goes out of scope, so that no lock stays behind.
class Query {
 public:
  Query(Database& database, std::string_view sql, StatementHandle statement)
      : database_(&database), sql_(sql), statement_(std::move(statement)) {}
  Query(Query&&) noexcept = default;
  Query& operator=(Query&&) = delete;
  ~Query();

  // Goes to the next row; false behind the last one.
  Result<bool> Next();

  // Of the row, columns from 0 on. A value of another type is 0 or empty. Views live until Next.
  int64_t Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string_view Text(int column) const;
  base::Bytes Blob(int column) const;
  bool IsNull(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

 private:
  friend class Database;
  Result<void> Check(int status);
  Result<void> Bind(int index, int64_t value) { return Check(sqlite3_bind_int64(statement_.get(), index, value)); }
  Result<void> Bind(int index, uint64_t value) { return Bind(index, static_cast<int64_t>(value)); }
  Result<void> Bind(int index, std::string_view value);
  Result<void> Bind(int index, base::Bytes value);

  Database* database_;
  std::string_view sql_;
  StatementHandle statement_;
};

class Database {
 public:
  // `flags` are sqlite3_open_v2's.
  static Result<std::unique_ptr<Database>> Open(const base::Path& path, int flags, int64_t busy_ms);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Begins a query; ?1, ?2, ... take the values: integers, texts, base::Bytes for blobs. `sql` must live for ever.
  template <class... Values>
  Result<Query> Ask(std::string_view sql, const Values&... values) {
    TRY_ASSIGN(Query query, Prepare(sql));
    int index = 0;
    Result<void> bound;
    ((bound = bound ? query.Bind(++index, values) : bound), ...);
    if (!bound) return Forward(bound);
    return query;
  }

  // Runs a statement to its end.
  template <class... Values>
  Result<void> Run(std::string_view sql, const Values&... values) {
    TRY_ASSIGN(Query query, Ask(sql, values...));
    bool more = true;
    while (more) {
      TRY_ASSIGN(more, query.Next());
    }
    return {};
  }

  // The first column of the first row; 0 where there is none.
  template <class... Values>
  Result<int64_t> Number(std::string_view sql, const Values&... values) {
    TRY_ASSIGN(Query query, Ask(sql, values...));
    TRY_ASSIGN(const bool found, query.Next());
    return found ? query.Int(0) : 0;
  }

  // Several statements in a row, without values.
  Result<void> Script(const std::string& sql);

  // How many rows the last statement changed.
  int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  void set_busy_ms(int64_t busy_ms) { sqlite3_busy_timeout(handle_.get(), static_cast<int>(busy_ms)); }
  const base::Path& path() const { return path_; }
  sqlite3* handle() { return handle_.get(); }

  // What the last failed call says: kResourceExhausted (disk full), kUnavailable (somebody else writes), kCorrupt,
  // kPermissionDenied, kIo.
  Error Failure(int status) const;

 private:
  friend class Query;
  explicit Database(const base::Path& path) : path_(path) {}
  Result<Query> Prepare(std::string_view sql);

  base::Path path_;
  std::unique_ptr<sqlite3, CloseDatabase> handle_;
  std::unordered_map<std::string_view, std::vector<StatementHandle>> idle_;  // by their SQL; before handle_ is closed
};

}  // namespace walchen::ledger
