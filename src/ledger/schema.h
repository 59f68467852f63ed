// SPDX-License-Identifier: Apache-2.0
//
// The tables of a ledger, and how an older file becomes a new one. Internal to this library; docs/ledger.md shows the
// tables to outsiders.
#pragma once

#include "base/status.h"
#include "ledger/database.h"

namespace walchen::ledger {

// PRAGMA application_id of a ledger: "Wlch".
inline constexpr int64_t kApplicationId = 0x576C6368;
// PRAGMA user_version of what this program writes.
inline constexpr int64_t kSchemaVersion = 1;

// Makes an empty file a ledger, an older ledger a new one, and leaves one of today as it is. All or nothing.
// Errors: kUnsupported (made by a later Walchen), kInvalidArgument (another program's file), those of Database.
Result<void> Migrate(Database& database);

// As Migrate, but changes nothing: an empty or older file is kUnsupported.
Result<void> CheckSchema(Database& database);

}  // namespace walchen::ledger
