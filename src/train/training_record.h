// SPDX-License-Identifier: Apache-2.0
//
// What a run asks the ledger, and what it tells it: that every document of its shards has a record and a tier that the recipe
// names; that the run began, and with which sources; which tokens of which shards its steps read; which models it wrote.
//
// Runs that read no shards, in a home without a ledger, have none. Of several ranks the first one has it. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "ledger/ledger.h"
#include "runs/run_folder.h"
#include "shards/shard_samples.h"

namespace walchen::train {

class TrainingRecord {
 public:
  // Which samples of one [[data]] entry a step takes: [n * per_step, (n + 1) * per_step) for step n from 0 on.
  struct Reads {
    shards::ShardWindows windows;
    uint64_t seed = 0;
    uint64_t per_step = 0;
  };

  // The ledger of the home; the run's id is kept in its folder. Errors: kNotFound (no ledger), those of the ledger.
  static Result<std::unique_ptr<TrainingRecord>> Open(base::Files& files, const base::Path& ledger, const runs::RunFolder& folder,
                                                      const std::vector<std::string>& parents);

  // That the ledger knows each shard as it is, and that each document has a record, is kept, and is of a tier that the recipe names: names the first that is not by its path.
  // Errors: kPermissionDenied.
  Result<void> Admit(const std::string& data, const shards::ShardWindows& windows, std::string_view tiers);
  void Add(Reads reads) { reads_.push_back(std::move(reads)); }

  // That steps [first, last), counted from 0, were done; `shift` moves their samples on. Before their checkpoint is written: a
  // crash in between tells the ledger of steps that are done once more, never the other way round.
  Result<void> Steps(int64_t first, int64_t last, uint64_t shift);
  Result<void> WroteModel(const std::string& name, const std::string& sha256);

 private:
  TrainingRecord(ledger::Ledger ledger, std::string id) : ledger_(std::move(ledger)), id_(std::move(id)) {}
  Result<void> Begin(base::Files& files, const runs::Recipe& recipe, const std::vector<std::string>& parents);

  ledger::Ledger ledger_;
  std::string id_;
  std::vector<Reads> reads_;
};

}  // namespace walchen::train
