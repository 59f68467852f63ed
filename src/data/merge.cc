// SPDX-License-Identifier: Apache-2.0
#include "data/merge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "data/kept_content.h"
#include "data/kept_signatures.h"
#include "data/kept_text.h"
#include "data/known_content.h"
#include "data/page_captions.h"
#include "ledger/documents.h"
#include "ledger/records.h"
#include "ledger/rights.h"

namespace walchen::data {
namespace {

constexpr uint64_t kDocumentsPerChange = 256;

// What comes after documents were taken in, and cannot be taken over document by document.
constexpr std::array<std::string_view, 5> kLaterKinds = {ledger::Shard::kKind, ledger::TrainingRun::kKind, ledger::Deletion::kKind,
                                                         ledger::Decision::kKind, ledger::ConsentWithdrawn::kKind};

// What a document is, and not what is said of it: a duplicate is without.
bool IsWhatItHolds(const ledger::Event& event) {
  return event.kind == kTextKind || event.kind == kContentKind || event.kind == kCaptionsKind;
}

class Merger {
 public:
  Merger(ledger::Ledger& ledger, const ledger::SubjectKey& subjects, const ledger::Ledger& other, const MergeOptions& options, KeptSignatures kept)
      : ledger_(ledger), subjects_(subjects), other_(other), options_(options), today_(ledger::Today(*options.clock)), kept_(std::move(kept)) {}

  Result<MergeCount> Run() {
    TRY(RefuseLaterKinds());
    TRY_ASSIGN(sources_, ledger::SourcesOf(other_));
    for (const ledger::KnownSource& known : sources_) TRY(AdmitSource(ledger_, known.source));
    ledger::DocumentReader documents(other_, {});
    while (true) {
      TRY_ASSIGN(const auto listed, documents.Next());
      if (!listed) break;
      TRY(Stop());
      TRY(TakeOver(*listed));
      if (options_.progress) options_.progress(count_);
    }
    TRY(Commit());
    if (count_.documents == 0) return count_;
    TRY_ASSIGN(const ledger::Head head, other_.LastHead());
    TRY(ledger::Append(ledger_, {}, ledger::Merged{.documents = static_cast<int64_t>(count_.documents),
                                                   .head_sequence = static_cast<int64_t>(head.sequence),
                                                   .head_digest = ledger::HexOf(head.digest)}));
    return count_;
  }

 private:
  Result<void> RefuseLaterKinds() {
    for (const std::string_view kind : kLaterKinds) {
      TRY_ASSIGN(const auto event, other_.Read({.kind = std::string(kind), .with_private = false}).Next());
      if (!event) continue;
      return Fail(ErrorCode::kInvalidArgument, "expected a ledger of documents that were only taken in, found record {}, a {}: merge before "
                  "anything is built, trained on or forgotten", event->sequence, kind);
    }
    return {};
  }

  Result<void> Stop() {
    if (!options_.stop_asked || !options_.stop_asked()) return {};
    TRY(Commit());
    return Fail(ErrorCode::kCancelled, "stopped; what was taken over so far stays, the same command goes on");
  }

  Result<void> Commit() {
    if (!change_) return {};
    auto committed = change_->Commit();
    change_.reset();
    if (!committed) return Forward(committed);
    return {};
  }

  // What became of it here; nothing where it was not taken over yet.
  Result<std::optional<ledger::DocumentState>> StateHere(const std::string& id) const {
    auto state = ledger::StateOf(ledger_, id);
    if (!state && state.error().code() == ErrorCode::kNotFound) return std::optional<ledger::DocumentState>();
    if (!state) return Forward(state);
    return std::optional(*state);
  }

  Result<void> TakeOver(const ledger::ListedDocument& listed) {
    TRY_ASSIGN(const auto here, StateHere(listed.id));
    if (!change_) {
      TRY_ASSIGN(ledger::Transaction begun, ledger_.Begin());
      change_.emplace(std::move(begun));
    }
    if (here) {
      ++count_.known;
      const bool has_vanished = listed.state == ledger::DocumentState::kVanished && *here == ledger::DocumentState::kKept;
      return has_vanished ? Vanish(listed.id) : Result<void>();
    }
    TRY(Copy(listed));
    return ++count_.documents % kDocumentsPerChange == 0 ? Commit() : Result<void>();
  }

  // It stays where it stands for others, whose files may still be there.
  Result<void> Vanish(const std::string& id) {
    TRY_ASSIGN(const std::vector<std::string> copies, ledger::DuplicatesOf(ledger_, id));
    for (const std::string& copy : copies) {
      TRY_ASSIGN(const ledger::DocumentState state, ledger::StateOf(ledger_, copy));
      if (state == ledger::DocumentState::kDuplicate) return {};
    }
    kept_.Forget(id);
    return ledger::Append(*change_, id, ledger::Vanished{});
  }

  Result<void> Copy(const ledger::ListedDocument& listed) {
    TRY_ASSIGN(const std::vector<ledger::Event> life, ledger::LifeOf(other_, listed.id));
    for (const ledger::Event& event : life) {
      if (!IsWhatItHolds(event)) TRY(Append(event));
    }
    TRY_ASSIGN(const bool was_forgotten, WasForgotten(ledger_, subjects_, listed.document.content));
    if (was_forgotten) return ledger::Append(*change_, listed.id, ledger::Quarantined{.reason = "forgotten"});
    if (listed.state == ledger::DocumentState::kKept) {
      TRY_ASSIGN(const auto duplicate, DuplicateOf(listed, life));
      if (duplicate) {
        ++count_.duplicates;
        return ledger::Append(*change_, listed.id, *duplicate);
      }
    }
    for (const ledger::Event& event : life) {
      if (IsWhatItHolds(event)) TRY(Append(event));
    }
    return {};
  }

  Result<void> Append(const ledger::Event& event) {
    TRY_ASSIGN(ledger::NewEvent copy, ledger::AsNew(event));
    TRY(change_->Append(std::move(copy)));
    return {};
  }

  // As in intake: what is for evaluation is kept whole, an archive is its parts, numbers and pictures are the same or not.
  Result<std::optional<ledger::Duplicate>> DuplicateOf(const ledger::ListedDocument& listed, const std::vector<ledger::Event>& life) {
    const ledger::KnownSource* source = ledger::FindSource(sources_, listed.document.source);
    const bool is_for_training = source != nullptr && source->source.use.empty();
    if (!is_for_training || listed.document.modality == "archive") return std::optional<ledger::Duplicate>();
    TRY_ASSIGN(std::string same, SameContent(ledger_, listed.document.content, listed.id, today_));
    if (!same.empty()) return std::optional(ledger::Duplicate{.of = std::move(same), .permille = 1'000});
    const bool is_text = std::ranges::find(life, kContentKind, &ledger::Event::kind) == life.end();
    TRY_ASSIGN(const auto signature, SignatureOf(other_, listed.id));
    if (!is_text || !signature) return std::optional<ledger::Duplicate>();
    if (const auto match = kept_.Find(*signature)) {
      return std::optional(ledger::Duplicate{.of = match->id, .permille = std::lround(match->similarity * 1'000)});
    }
    TRY_ASSIGN(const bool is_usable, IsUsable(ledger_, listed.id, today_));
    if (is_usable) TRY(kept_.Add(listed.id, *signature));
    return std::optional<ledger::Duplicate>();
  }

  ledger::Ledger& ledger_;
  const ledger::SubjectKey& subjects_;
  const ledger::Ledger& other_;
  const MergeOptions& options_;
  const std::string today_;
  KeptSignatures kept_;
  std::vector<ledger::KnownSource> sources_;  // of the other
  std::optional<ledger::Transaction> change_;
  MergeCount count_;
};

}  // namespace

Result<MergeCount> Merge(ledger::Ledger& ledger, const ledger::SubjectKey& subjects, const ledger::Ledger& other, const MergeOptions& options) {
  TRY_ASSIGN(KeptSignatures kept, KeptSignatures::Read(ledger, ledger::Today(*options.clock)));
  return Merger(ledger, subjects, other, options, std::move(kept)).Run();
}

}  // namespace walchen::data
