// SPDX-License-Identifier: Apache-2.0
//
// Forgetting documents for good: their content, text, paths, findings and salts go from the ledger, their tokens from the
// shards; what stays is that something was there, who saw it, and a token by which the same content is refused later.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "ledger/documents.h"
#include "ledger/ledger.h"
#include "ledger/subject.h"

namespace walchen::data {

struct Forgotten {
  std::vector<std::string> ids;      // documents: those that were named, with all inside of them and of the same content
  std::vector<std::string> shards;   // files that were rewritten
  std::vector<std::string> runs;     // ids of runs that saw one of them
  std::vector<std::string> models;   // SHA-256 of models that these made: to be trained again
};

// The documents that go with these: what is inside of them, and what has the same content. Sorted.
Result<std::vector<std::string>> WithRelated(const ledger::Ledger& ledger, std::span<const std::string> ids);

// `shards` is the folder of the home that holds folders of shards. A crash on the way leaves them forgotten in the ledger;
// the shards are seen to by FinishForgetting. Errors: kNotFound, those of the ledger and of writing shards.
Result<Forgotten> Forget(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects, const base::Path& shards,
                         std::span<const std::string> ids, std::string_view reason);

// Takes every forgotten document out of every shard that still has it, and records the shards' new digests. Returns the files
// that were rewritten.
Result<std::vector<std::string>> FinishForgetting(ledger::Ledger& ledger, base::Files& files, const base::Path& shards);

}  // namespace walchen::data
