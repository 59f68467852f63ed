// SPDX-License-Identifier: Apache-2.0
//
// Whether a ledger is what was written: every event, every checkpoint, every private value.
//
// Found is any changed byte of an event, a missing, swapped or inserted one, a private value that is not what its event
// has the salted digest of, one that is gone though nothing was forgotten and one that stayed though it was, a
// checkpoint whose root or signature does not fit, and damage of the file (SQLite's integrity check). Somebody who may
// write the file can compute a new chain, and can cut its end: both are found only against what he does not have, that
// is known heads (shard manifests and exports carry them) and a signing key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "ledger/ledger.h"

namespace walchen::ledger {

// A head that was written down elsewhere.
struct KnownHead {
  Head head = {};
  std::string where = {};  // for messages: "shards/de-2026/manifest.json"
};

struct VerifyOptions {
  std::vector<KnownHead> known_heads = {};
  // Where it is given, a checkpoint must be signed with this key, and each one after the first such one too.
  std::optional<PublicKey> signer = {};
};

struct Fault {
  uint64_t sequence = 0;  // of the event; 0: of the file as a whole
  std::string what = {};  // what was expected, what was found, and what to do
};

struct VerifyReport {
  Head head = {};  // the last event, as it stands there
  uint64_t events = 0;
  uint64_t checkpoints = 0;
  uint64_t signatures = 0;      // that hold
  uint64_t private_values = 0;  // that fit their digests
  uint64_t erased_values = 0;   // gone, as a deletion event says
  uint64_t fault_count = 0;
  std::vector<Fault> faults = {};  // the first kLedgerMaxFaults of them

  bool clean() const { return fault_count == 0; }
};

// Reads everything, in one read transaction, so that the answer is about one moment. Memory does not grow with the
// ledger but for 16 bytes for each thing that was forgotten. What is wrong with the ledger is a fault, not an error: an
// error means that reading itself failed for another reason (kUnavailable, kIo, kResourceExhausted).
Result<VerifyReport> Verify(const Ledger& ledger, const VerifyOptions& options = {});

}  // namespace walchen::ledger
