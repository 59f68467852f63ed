// SPDX-License-Identifier: Apache-2.0
#include "data/shard_check.h"

#include <set>

#include "data/shard_folders.h"
#include "ledger/documents.h"
#include "shards/shard_file.h"

namespace walchen::data {

Result<ShardCheck> CheckShards(const ledger::Ledger& ledger, base::Files& files, const base::Path& shards) {
  ShardCheck check;
  TRY_ASSIGN(const std::set<std::string> known, ledger::KnownShards(ledger));
  TRY(ForEachShard(files, shards, [&](const base::Path& path) -> Result<void> {
    ++check.shards;
    const auto fault = [&](std::string_view what) { check.faults.push_back(fmt::format("{}: {}", path.native(), what)); };
    const auto shard = shards::Shard::Open(files, path);
    if (!shard) return fault(shard.error().ToString()), Result<void>();
    if (const auto sound = (*shard)->Verify(); !sound) fault(sound.error().ToString());
    if (!known.contains((*shard)->digest())) {
      fault("the ledger has no record of this shard; build it again by `walchen data build`, or restore the ledger that it was built with");
    }
    const shards::ShardFacts& facts = (*shard)->facts();
    const auto head = ledger::DigestOfHex(facts.ledger_head);
    if (head && facts.ledger_events > 0) check.known_heads.push_back({{facts.ledger_events, *head}, path.native()});
    return {};
  }));
  return check;
}

}  // namespace walchen::data
