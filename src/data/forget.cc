// SPDX-License-Identifier: Apache-2.0
#include "data/forget.h"

#include <algorithm>
#include <optional>
#include <set>

#include "data/known_content.h"
#include "data/shard_folders.h"
#include "ledger/records.h"
#include "shards/shard_file.h"

namespace walchen::data {
namespace {

constexpr size_t kRemovedPerRecord = 4'000;  // of 35 bytes each: half of what a record may have

// Some of the forgotten documents of a shard; whether there may be more.
Result<bool> ForgetInShard(ledger::Ledger& ledger, base::Files& files, const base::Path& path, std::vector<std::string>& rewritten) {
  TRY_ASSIGN(const auto shard, shards::Shard::Open(files, path));
  std::vector<shards::DocumentId> gone;
  ledger::ShardRewritten record = {.name = path.parent_path().filename().native() + "." + path.filename().native(), .from = shard->digest()};
  for (const shards::ShardDocument& document : shard->documents()) {
    if (gone.size() == kRemovedPerRecord) break;  // the others with the next one
    if (document.erased) continue;
    const std::string id = shards::TextOf(document.id);
    auto state = ledger::StateOf(ledger, id);
    if (!state && state.error().code() == ErrorCode::kNotFound) continue;  // of another ledger
    if (!state) return Forward(state);
    if (*state != ledger::DocumentState::kForgotten) continue;
    gone.push_back(document.id);
    record.removed.push_back(id);
  }
  if (gone.empty()) return false;
  // The record first: after a crash in between, the shard still has the document, and all of this is done again.
  const shards::ShardWriter without = shard->Without(gone);
  record.to = without.Digest();
  TRY(ledger::Append(ledger, "", record));
  TRY(without.Write(files, path));
  if (rewritten.empty() || rewritten.back() != path.native()) rewritten.push_back(path.native());
  return gone.size() == kRemovedPerRecord;
}

}  // namespace

Result<std::vector<std::string>> WithRelated(const ledger::Ledger& ledger, std::span<const std::string> ids) {
  std::set<std::string> all;
  std::vector<std::string> waiting(ids.begin(), ids.end());
  while (!waiting.empty()) {
    const std::string id = std::move(waiting.back());
    waiting.pop_back();
    if (!all.insert(id).second) continue;
    TRY_ASSIGN(const std::vector<std::string> parts, ledger::PartsOf(ledger, id));
    waiting.insert(waiting.end(), parts.begin(), parts.end());
    TRY_ASSIGN(const ledger::Document document, ledger::DocumentOf(ledger, id));
    if (document.content.empty()) continue;
    TRY_ASSIGN(const std::vector<std::string> same, ledger.AboutContent(document.content));
    waiting.insert(waiting.end(), same.begin(), same.end());
  }
  return std::vector<std::string>(all.begin(), all.end());
}

Result<Forgotten> Forget(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects, const base::Path& shards,
                         std::span<const std::string> ids, std::string_view reason) {
  Forgotten forgotten;
  TRY_ASSIGN(forgotten.ids, WithRelated(ledger, ids));
  std::set<std::string> runs, models;
  TRY_ASSIGN(ledger::Transaction change, ledger.Begin());
  for (const std::string& id : forgotten.ids) {
    TRY_ASSIGN(const ledger::Spread spread, ledger::SpreadOf(ledger, id));
    for (const std::string& run : spread.runs) {
      runs.insert(run);
      TRY(ledger::Append(change, run, ledger::RetrainingDue{.because = id}));
    }
    for (const ledger::Model& model : spread.models) models.insert(model.sha256);
    TRY_ASSIGN(const ledger::Document document, ledger::DocumentOf(ledger, id));
    TRY(change.Erase(id, reason));
    if (document.content.empty()) continue;
    TRY_ASSIGN(const ledger::Digest token, subjects.TokenOf(ContentSubject(document.content)));
    TRY(ledger::Append(change, ledger::NewId(), ledger::Decision{.what = "content that was forgotten is refused"}, {token}));
  }
  TRY(change.Commit());
  TRY(ledger.Scrub());
  TRY_ASSIGN(forgotten.shards, FinishForgetting(ledger, files, shards));
  forgotten.runs.assign(runs.begin(), runs.end());
  forgotten.models.assign(models.begin(), models.end());
  return forgotten;
}

Result<std::vector<std::string>> FinishForgetting(ledger::Ledger& ledger, base::Files& files, const base::Path& shards) {
  std::vector<std::string> rewritten;
  std::optional<Error> first_trouble;  // of one shard, which must not keep the others
  TRY(ForEachShard(files, shards, [&](const base::Path& path) -> Result<void> {
    bool may_be_more = true;
    while (may_be_more) {
      auto forgotten = ForgetInShard(ledger, files, path, rewritten);
      may_be_more = forgotten.value_or(false);
      if (!forgotten && !first_trouble) first_trouble = forgotten.error();
    }
    return {};
  }));
  if (first_trouble) return tl::unexpected<Error>(std::move(*first_trouble));
  return rewritten;
}

}  // namespace walchen::data
