// SPDX-License-Identifier: Apache-2.0
//
// From kept documents to shards that a trainer reads, each with its record in the ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/status.h"
#include "formats/tokenizer.h"
#include "ledger/ledger.h"

namespace walchen::data {

struct ShardPlan {
  std::string name;                   // letters, digits, - and _
  std::vector<std::string> sources;   // none: all
  std::string tiers;                  // of ledger/rights.h: whose letter is not here stays out; '-' too is one
  uint64_t shard_tokens = 16'000'000; // about so many in a shard
  uint64_t seed = 1;                  // of the order of the documents, which nothing else but their content decides
};

struct BuiltShards {
  uint64_t shards = 0, documents = 0, tokens = 0;
  std::map<std::string, uint64_t> left_out;  // how many documents for what reason
};

// A text of which more than FilterOptions::contaminated_share_max stands in sources for evaluation stays out (contamination.h).
//
// Writes 00000.shard, 00001.shard, ... into `folder`, which must not hold any. The end of a document is the tokenizer's EOS.
// Errors: kAlreadyExists (shards in the folder), kInvalidArgument (a tokenizer without EOS), kNotFound (no document is left),
// those of the ledger and of writing.
Result<BuiltShards> BuildShards(ledger::Ledger& ledger, base::Files& files, const formats::Tokenizer& tokenizer, const ShardPlan& plan,
                                const base::Path& folder, base::Clock& clock,
                                const std::function<void(const BuiltShards&)>& progress = {});

}  // namespace walchen::data
