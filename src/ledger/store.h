// SPDX-License-Identifier: Apache-2.0
//
// Rows of the ledger's tables as values. Internal to this library.
#pragma once

#include "base/status.h"
#include "ledger/database.h"
#include "ledger/event.h"

namespace walchen::ledger {

// 32 bytes. Errors: kCorrupt.
Result<Digest> DigestOfBytes(base::Bytes bytes);

// What EventOf reads, in its order.
#define WALCHEN_LEDGER_EVENT_COLUMNS "sequence, time_ms, kind, about, body, previous, digest"
// Without private values. Errors: kCorrupt.
Result<Event> EventOf(const Query& row);

Result<std::vector<PrivateField>> PrivateFieldsOf(Database& database, uint64_t sequence);

// Of an empty ledger: number 0 and a digest of zeros.
Result<Head> ReadHead(Database& database);

}  // namespace walchen::ledger
