// SPDX-License-Identifier: Apache-2.0
//
// Many machines take in, one home has it all: each machine writes a ledger of its own (one writes at a time, and SQLite does
// not share a file over a network), and these are taken over into one. docs/cluster.md has the commands.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/status.h"
#include "ledger/ledger.h"
#include "ledger/subject.h"

namespace walchen::data {

struct MergeCount {
  uint64_t documents = 0;   // taken over
  uint64_t duplicates = 0;  // of these, kept there and left out here, because what is like it is kept here
  uint64_t known = 0;       // taken over before
};

struct MergeOptions {
  std::function<void(const MergeCount& so_far)> progress = {};
  std::function<bool()> stop_asked = {};
  base::Clock* clock = &base::Clock::Os();
};

// Takes over all sources and documents of `other` with their ids and everything that is said of them, in their order, and writes
// which ledger they came from. Texts and contents are compared with what is here as when files are taken in, and what was
// forgotten here stays out. `subjects` must be the key of both homes.
// Durable in steps; what was taken over is not taken over again. Errors: kInvalidArgument (a source is known with other rights;
// `other` holds more than what was taken in: shards, runs, deletions), kCancelled, those of the ledgers.
Result<MergeCount> Merge(ledger::Ledger& ledger, const ledger::SubjectKey& subjects, const ledger::Ledger& other, const MergeOptions& options = {});

}  // namespace walchen::data
