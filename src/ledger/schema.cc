// SPDX-License-Identifier: Apache-2.0
#include "ledger/schema.h"

#include <array>

namespace walchen::ledger {
namespace {

// Step n makes version n + 1 of version n. Steps that were released never change.
//
// event: append-only; triggers stop a slip of the hand, the digests find a deliberate one.
// private: what may be erased. A content hash is found through an index of its own.
// subject: keyed hashes of persons, as the private field "subjects" of the event lists them.
// scrub: a row from when private values are erased until no file holds their bytes any more.
constexpr std::array<const char*, kSchemaVersion> kSteps = {R"sql(
  CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    previous BLOB NOT NULL,
    digest BLOB NOT NULL
  ) STRICT;
  CREATE INDEX event_about ON event (about) WHERE about <> '';
  CREATE INDEX event_kind ON event (kind);
  CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

  CREATE TABLE private (
    event INTEGER NOT NULL REFERENCES event (sequence),
    field TEXT NOT NULL,
    salt BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (event, field)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX private_content ON private (value) WHERE field = 'content';

  CREATE TABLE subject (
    token BLOB NOT NULL,
    event INTEGER NOT NULL REFERENCES event (sequence),
    PRIMARY KEY (token, event)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX subject_event ON subject (event);

  CREATE TABLE scrub (pending INTEGER PRIMARY KEY) STRICT;
)sql"};

struct Made {
  int64_t application = 0;
  int64_t version = 0;
  int64_t objects = 0;  // tables and the like

  bool IsEmpty() const { return objects == 0 && version == 0; }
};

Result<Made> MadeBy(Database& database) {
  Made made;
  TRY_ASSIGN(made.application, database.Number("PRAGMA application_id"));
  TRY_ASSIGN(made.version, database.Number("PRAGMA user_version"));
  TRY_ASSIGN(made.objects, database.Number("SELECT count(*) FROM sqlite_schema"));
  if (!made.IsEmpty() && made.application != kApplicationId) {
    return Fail(ErrorCode::kInvalidArgument, "{}: expected a ledger of Walchen, found another program's database",
                database.path().native());
  }
  if (made.version > kSchemaVersion || made.version < 0) {
    return Fail(ErrorCode::kUnsupported,
                "{}: expected a ledger of version {} at most, found version {}: use the newer Walchen that wrote it",
                database.path().native(), kSchemaVersion, made.version);
  }
  return made;
}

Result<void> TakeSteps(Database& database) {
  TRY_ASSIGN(const Made made, MadeBy(database));  // again, now that nobody else can write
  for (int64_t version = made.version; version < kSchemaVersion; ++version) {
    TRY(database.Script(kSteps[static_cast<size_t>(version)]));
  }
  TRY(database.Script(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kSchemaVersion)));
  return database.Run("COMMIT");
}

}  // namespace

Result<void> Migrate(Database& database) {
  TRY_ASSIGN(const Made made, MadeBy(database));
  if (made.version == kSchemaVersion) return {};
  TRY(database.Run("BEGIN IMMEDIATE"));
  auto done = TakeSteps(database);
  if (!done && database.in_transaction()) (void)database.Run("ROLLBACK");
  return done;
}

Result<void> CheckSchema(Database& database) {
  TRY_ASSIGN(const Made made, MadeBy(database));
  if (made.version == kSchemaVersion) return {};
  return Fail(ErrorCode::kUnsupported,
              "{}: expected a ledger of version {}, found version {}: open it once for writing",
              database.path().native(), kSchemaVersion, made.version);
}

}  // namespace walchen::ledger
