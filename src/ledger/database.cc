// SPDX-License-Identifier: Apache-2.0
#include "ledger/database.h"

namespace walchen::ledger {

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  database_->idle_[sql_].push_back(std::move(statement_));
}

Result<void> Query::Check(int status) {
  if (status == SQLITE_OK) return {};
  return tl::unexpected<Error>(database_->Failure(status));
}

Result<bool> Query::Next() {
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return tl::unexpected<Error>(database_->Failure(status));
}

std::string_view Query::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

base::Bytes Query::Blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<void> Query::Bind(int index, std::string_view value) {
  return Check(sqlite3_bind_text64(statement_.get(), index, value.empty() ? "" : value.data(), value.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8));
}

Result<void> Query::Bind(int index, base::Bytes value) {
  if (value.empty()) return Check(sqlite3_bind_zeroblob(statement_.get(), index, 0));  // a null pointer would be NULL
  return Check(sqlite3_bind_blob64(statement_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT));
}

Result<std::unique_ptr<Database>> Database::Open(const base::Path& path, int flags, int64_t busy_ms) {
  std::unique_ptr<Database> database(new Database(path));
  sqlite3* handle = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database->handle_.reset(handle);
  if (handle == nullptr) return Fail(ErrorCode::kResourceExhausted, "{}: no memory to open it", path.native());
  if (status != SQLITE_OK) return tl::unexpected<Error>(database->Failure(status));
  sqlite3_extended_result_codes(handle, 1);
  database->set_busy_ms(busy_ms);
  return database;
}

Result<Query> Database::Prepare(std::string_view sql) {
  if (auto idle = idle_.find(sql); idle != idle_.end() && !idle->second.empty()) {
    StatementHandle statement = std::move(idle->second.back());
    idle->second.pop_back();
    return Query(*this, sql, std::move(statement));
  }
  sqlite3_stmt* statement = nullptr;
  const int status = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (status != SQLITE_OK) return tl::unexpected<Error>(Failure(status));
  return Query(*this, sql, StatementHandle(statement));
}

Result<void> Database::Script(const std::string& sql) {
  const int status = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (status == SQLITE_OK) return {};
  return tl::unexpected<Error>(Failure(status));
}

Error Database::Failure(int status) const {
  const std::string reason = sqlite3_errmsg(handle_.get());
  const auto error = [&](ErrorCode code, std::string_view what_to_do) {
    return Error(code, fmt::format("{}: {}; {}", path_.native(), reason, what_to_do));
  };
  switch (status & 0xFF) {
    case SQLITE_FULL:
      return error(ErrorCode::kResourceExhausted,
                   "nothing of this change was kept: free space on its disk, then repeat the command");
    case SQLITE_NOMEM: return error(ErrorCode::kResourceExhausted, "nothing of this change was kept");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(ErrorCode::kUnavailable,
                   "another process is working on the ledger: wait until it is done, then repeat the command");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return error(ErrorCode::kCorrupt,
                   "the file is damaged: keep a copy of it, then bring back a backup and run walchen data verify");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return error(ErrorCode::kPermissionDenied, "expected a file and a folder that this user may write");
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
      return error(ErrorCode::kCorrupt, "the file is not as a ledger should be: run walchen data verify");
    default: return error(ErrorCode::kIo, "nothing of this change was kept: check the disk, then repeat the command");
  }
}

}  // namespace walchen::ledger
