// SPDX-License-Identifier: Apache-2.0
#include "train/training_record.h"

#include <algorithm>
#include <set>

#include "base/sha256.h"
#include "ledger/documents.h"
#include "ledger/records.h"
#include "ledger/rights.h"
#include "shards/recorded_source.h"

namespace walchen::train {
namespace {

constexpr size_t kRangesPerEvent = 4'000;  // of about 40 bytes each: well below what a record may have

// Sorted, and what touches joined.
std::vector<ledger::Range> Joined(std::vector<ledger::Range> ranges) {
  std::ranges::sort(ranges, {}, &ledger::Range::begin);
  std::vector<ledger::Range> joined;
  for (const ledger::Range& range : ranges) {
    if (!joined.empty() && range.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, range.end);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

base::Path IdPath(const runs::RunFolder& folder) { return folder.path() / "ledger-id"; }

}  // namespace

Result<std::unique_ptr<TrainingRecord>> TrainingRecord::Open(base::Files& files, const base::Path& ledger_path,
                                                             const runs::RunFolder& folder, const std::vector<std::string>& parents) {
  if (auto there = files.Stat(ledger_path); !there) return Forward(there, "the ledger that shards need");
  TRY_ASSIGN(ledger::Ledger ledger, ledger::Ledger::Open(ledger_path));
  std::string id = ledger::NewId();
  if (files.Exists(IdPath(folder))) {
    TRY_ASSIGN(id, files.Read(IdPath(folder), 64));
    if (!ledger::IsId(id)) return Fail(ErrorCode::kCorrupt, "{}: expected the run's id in the ledger", IdPath(folder).native());
  } else {
    TRY(base::ReplaceFile(files, IdPath(folder), id));
  }
  std::unique_ptr<TrainingRecord> record(new TrainingRecord(std::move(ledger), id));
  TRY_ASSIGN(const std::vector<ledger::Event> life, ledger::LifeOf(record->ledger_, id));
  if (life.empty()) TRY(record->Begin(files, folder.recipe(), parents));  // a crash may have come before it
  return record;
}

Result<void> TrainingRecord::Begin(base::Files& files, const runs::Recipe& recipe, const std::vector<std::string>& parents) {
  ledger::TrainingRun run = {.name = recipe.name, .recipe_sha256 = base::Sha256Hex(base::AsBytes(runs::WriteRecipe(recipe))),
                             .seed = recipe.seed, .parents = parents};
  for (const runs::DataPlan& data : recipe.data) {
    for (const char tier : data.tiers) {
      if (std::ranges::find(run.tiers, std::string(1, tier)) == run.tiers.end()) run.tiers.emplace_back(1, tier);
    }
  }
  TRY_ASSIGN(const std::vector<ledger::KnownSource> known, ledger::SourcesOf(ledger_));
  for (const runs::DataPlan& data : recipe.data) {
    if (data.source.kind == runs::DataSource::Kind::kShards) continue;
    TRY_ASSIGN(const ledger::Source source, shards::RecordedSource(files, recipe, data, known));
    const bool is_known = ledger::FindSource(known, source.name) != nullptr;
    if (is_known && std::ranges::find(run.sources, source.name) == run.sources.end()) run.sources.push_back(source.name);
  }
  return ledger::Append(ledger_, id_, run);
}

Result<void> TrainingRecord::Admit(const std::string& data, const shards::ShardWindows& windows, std::string_view tiers) {
  const std::string today = ledger::Today();
  const auto refuse = [&](std::string_view what, std::string_view why) {
    return Fail(ErrorCode::kPermissionDenied, "[[data]] \"{}\": {}: {}; build the shards again by `walchen data build`, or add the document "
                "with the right that there is", data, what, why);
  };
  TRY_ASSIGN(const std::set<std::string> known, ledger::KnownShards(ledger_));
  for (const auto& shard : windows.shards()) {
    if (!known.contains(shard->digest())) return refuse("one of its shards", "the ledger has no record of it");
    if (auto sound = shard->Verify(); !sound) return Forward(sound, data);
    for (const shards::ShardDocument& document : shard->documents()) {
      if (document.erased) continue;
      const std::string id = shards::TextOf(document.id);
      auto state = ledger::StateOf(ledger_, id);
      if (!state && state.error().code() == ErrorCode::kNotFound) return refuse("document " + id, "the ledger has no record of it");
      if (!state) return Forward(state);
      // Its path; its id if it is forgotten. Asked for only where it is refused: there may be millions.
      const auto refuse_it = [&](std::string_view why) -> Result<void> {
        TRY_ASSIGN(const ledger::Document record, ledger::DocumentOf(ledger_, id));
        TRY_ASSIGN(const std::string path, ledger::PathOf(ledger_, record));
        return refuse(path.empty() ? id : path, why);
      };
      if (*state != ledger::DocumentState::kKept) return refuse_it(fmt::format("it is {}", ledger::StateName(*state)));
      TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger_, id, today));
      if (tiers.find(rights.tier) == std::string_view::npos) {
        return refuse_it(fmt::format("{}, which is tier {}; `tiers` names \"{}\"", rights.why, rights.tier, tiers));
      }
    }
  }
  return {};
}

Result<void> TrainingRecord::Steps(int64_t first, int64_t last, uint64_t shift) {
  if (first >= last) return {};
  TRY_ASSIGN(ledger::Transaction change, ledger_.Begin());
  for (const Reads& reads : reads_) {
    const shards::EpochOrder order(reads.seed, reads.windows.count());
    std::map<size_t, std::vector<ledger::Range>> by_shard;
    const uint64_t begin = static_cast<uint64_t>(first) * reads.per_step + shift, end = static_cast<uint64_t>(last) * reads.per_step + shift;
    for (uint64_t index = begin; index < end; ++index) {
      const shards::ShardWindows::Place place = reads.windows.PlaceOf(order.ItemAt(index));
      by_shard[place.shard].push_back({static_cast<int64_t>(place.first_token), static_cast<int64_t>(place.first_token + place.tokens)});
    }
    for (auto& [shard, ranges] : by_shard) {
      const std::vector<ledger::Range> joined = Joined(std::move(ranges));
      for (size_t at = 0; at < joined.size(); at += kRangesPerEvent) {
        const auto to = joined.begin() + static_cast<std::ptrdiff_t>(std::min(joined.size(), at + kRangesPerEvent));
        const ledger::Batches batches = {.steps = {first, last}, .shard = reads.windows.shards()[shard]->digest(),
                                         .samples = {joined.begin() + static_cast<std::ptrdiff_t>(at), to}};
        TRY(ledger::Append(change, id_, batches));
      }
    }
  }
  TRY(change.Commit());
  return {};
}

Result<void> TrainingRecord::WroteModel(const std::string& name, const std::string& sha256) {
  return ledger::Append(ledger_, id_, ledger::Model{.name = name, .sha256 = sha256});
}

}  // namespace walchen::train
