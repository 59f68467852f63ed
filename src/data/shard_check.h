// SPDX-License-Identifier: Apache-2.0
//
// Whether the home's shards are what the ledger says they are.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"

namespace walchen::data {

struct ShardCheck {
  uint64_t shards = 0;
  std::vector<ledger::KnownHead> known_heads;  // that the shards carry: by them a cut ledger is found out
  std::vector<std::string> faults;
};

// Reads every byte of every shard in the folders of `shards`. What is wrong with a shard is a fault, not an error.
Result<ShardCheck> CheckShards(const ledger::Ledger& ledger, base::Files& files, const base::Path& shards);

}  // namespace walchen::data
