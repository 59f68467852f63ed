// SPDX-License-Identifier: Apache-2.0
#include "data/forget.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "data/intake_document.h"
#include "data/shard_folders.h"
#include "ledger/records.h"
#include "shards/shard_file.h"

namespace walchen::data {
namespace {

// Content hashes of a document's own and former records: those that are not erased yet.
Result<std::string> ContentOf(const ledger::Ledger& ledger, const std::string& id) {
  TRY_ASSIGN(const std::vector<ledger::Event> life, ledger::LifeOf(ledger, id));
  for (const ledger::Event& event : life) {
    if (event.kind != ledger::Document::kKind) continue;
    TRY_ASSIGN(const ledger::Document document, ledger::FromEvent<ledger::Document>(event));
    return document.content;
  }
  return Fail(ErrorCode::kNotFound, "the ledger has no document {}", id);
}

template <class Record>
Result<void> AppendRecord(ledger::Transaction& change, const std::string& about, const Record& record) {
  TRY_ASSIGN(ledger::NewEvent event, ledger::ToEvent(about, record));
  TRY(change.Append(std::move(event)));
  return {};
}

Result<void> ForgetInShard(ledger::Ledger& ledger, base::Files& files, const base::Path& path, std::vector<std::string>& rewritten) {
  TRY_ASSIGN(const auto shard, shards::Shard::Open(files, path));
  std::vector<shards::DocumentId> gone;
  ledger::ShardRewritten record = {.name = path.parent_path().filename().native() + "." + path.filename().native(), .from = shard->digest()};
  for (const shards::ShardDocument& document : shard->documents()) {
    if (document.erased) continue;
    const std::string id = base::Hex(std::as_bytes(std::span(document.id)));
    auto state = ledger::StateOf(ledger, id);
    if (!state && state.error().code() == ErrorCode::kNotFound) continue;  // of another ledger
    if (!state) return Forward(state);
    if (*state != ledger::DocumentState::kForgotten) continue;
    gone.push_back(document.id);
    record.removed.push_back(id);
  }
  if (gone.empty()) return {};
  // The record first: after a crash in between, the shard still has the document, and all of this is done again.
  const shards::ShardWriter without = shard->Without(gone);
  record.to = without.Digest();
  TRY_ASSIGN(ledger::NewEvent event, ledger::ToEvent("", record));
  TRY(ledger.Append(std::move(event)));
  TRY(without.Write(files, path));
  rewritten.push_back(path.native());
  return {};
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
    TRY_ASSIGN(const std::string content, ContentOf(ledger, id));
    if (content.empty()) continue;
    TRY_ASSIGN(const std::vector<std::string> same, ledger.AboutContent(content));
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
      TRY(AppendRecord(change, run, ledger::RetrainingDue{.because = id}));
    }
    for (const ledger::Model& model : spread.models) models.insert(model.sha256);
    TRY_ASSIGN(const std::string content, ContentOf(ledger, id));
    TRY(change.Erase(id, reason));
    if (content.empty()) continue;
    TRY_ASSIGN(ledger::NewEvent decision, ledger::ToEvent(ledger::NewId(), ledger::Decision{.what = "content that was forgotten is refused"}));
    TRY_ASSIGN(const ledger::Digest token, subjects.TokenOf(ContentSubject(content)));
    decision.subjects.push_back(token);
    TRY(change.Append(std::move(decision)));
  }
  TRY(change.Commit());
  TRY_ASSIGN(forgotten.shards, FinishForgetting(ledger, files, shards));
  TRY(ledger.Scrub());
  forgotten.runs.assign(runs.begin(), runs.end());
  forgotten.models.assign(models.begin(), models.end());
  return forgotten;
}

Result<std::vector<std::string>> FinishForgetting(ledger::Ledger& ledger, base::Files& files, const base::Path& shards) {
  std::vector<std::string> rewritten;
  TRY(ForEachShard(files, shards, [&](const base::Path& path) { return ForgetInShard(ledger, files, path, rewritten); }));
  return rewritten;
}

}  // namespace walchen::data
