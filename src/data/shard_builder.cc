// SPDX-License-Identifier: Apache-2.0
#include "data/shard_builder.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/ranges.h>

#include "data/evaluation_texts.h"
#include "data/filter_chain.h"
#include "data/kept_text.h"
#include "ledger/documents.h"
#include "ledger/records.h"
#include "ledger/rights.h"
#include "shards/shard_file.h"
#include "shards/shard_samples.h"

namespace walchen::data {
namespace {

class Builder {
 public:
  Builder(ledger::Ledger& ledger, base::Files& files, const formats::Tokenizer& tokenizer, const ShardPlan& plan, base::Path folder)
      : ledger_(ledger), files_(files), tokenizer_(tokenizer), plan_(plan), folder_(std::move(folder)) {}

  Result<BuiltShards> Run(std::string_view today, const std::function<void(const BuiltShards&)>& progress) {
    if (!tokenizer_.eos()) return Fail(ErrorCode::kInvalidArgument, "the tokenizer has no token that ends a text");
    TRY(files_.MakeFolders(folder_));
    TRY_ASSIGN(const std::vector<std::string> names, files_.List(folder_));
    if (std::ranges::any_of(names, [](const std::string& name) { return name.ends_with(".shard"); })) {
      return Fail(ErrorCode::kAlreadyExists, "{}: expected a folder without shards; give the new ones another name", folder_.native());
    }
    TRY_ASSIGN(head_, ledger_.LastHead());
    digest_ = shards::TokenizerDigest(tokenizer_);
    TRY_ASSIGN(evaluation_, IndexEvaluationTexts(ledger_));
    Begin();
    TRY_ASSIGN(const std::vector<Place> order, Order());
    for (const Place& place : order) {
      TRY(Take(shards::TextOf(place.id), today));
      if (progress) progress(built_);
    }
    TRY(Finish());
    if (built_.documents == 0) return Fail(ErrorCode::kNotFound, "no document is left to build shards of{}", WhyNone());
    return built_;
  }

 private:
  struct Place {
    uint64_t at = 0;
    shards::DocumentId id{};
    auto operator<=>(const Place&) const = default;
  };

  // Shuffled, so that what is kept from a shard for evaluation is like the rest of it: by what a document holds and the seed, so
  // that other machines with the same files have the same shards.
  Result<std::vector<Place>> Order() const {
    std::vector<Place> order;
    ledger::DocumentReader documents(ledger_, {.source = {}, .state = ledger::DocumentState::kKept});
    while (true) {
      TRY_ASSIGN(const auto next, documents.Next());
      if (!next) break;
      const ledger::Document& document = next->document;
      if (!plan_.sources.empty() && std::ranges::find(plan_.sources, document.source) == plan_.sources.end()) continue;
      order.push_back({XXH3_64bits_withSeed(document.content.data(), document.content.size(), plan_.seed), shards::IdOfText(next->id)});
    }
    std::ranges::sort(order);
    return order;
  }

  Result<void> Take(const std::string& id, std::string_view today) {
    TRY_ASSIGN(const std::string text, TextOf(ledger_, id));
    if (text.empty()) return {};
    TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger_, id, today));
    if (const std::string why = WhyNot(rights, text); !why.empty()) {
      ++built_.left_out[why];
      return {};
    }
    if (tiers_.find(rights.tier) == std::string::npos) tiers_ += rights.tier;
    TRY(writer_->Add(shards::IdOfText(id), tokenizer_.Encode(text)));
    ids_.push_back(id);
    return writer_->tokens() >= plan_.shard_tokens ? Finish() : Result<void>();
  }

  // Why a text stays out; empty where it does not.
  std::string WhyNot(const ledger::Rights& rights, std::string_view text) const {
    if (rights.tier == ledger::kEvaluationTier) return rights.why;
    if (plan_.tiers.find(rights.tier) == std::string::npos) {
      return rights.tier == '-' ? rights.why : fmt::format("tier {} is not named", rights.tier);
    }
    const ContaminationReport found = evaluation_.Check(SplitWords(text));
    if (found.word_share <= FilterOptions().contaminated_share_max) return "";
    return fmt::format("it holds what is kept for evaluation ({})", fmt::join(found.sets, ", "));
  }

  void Begin() {
    tiers_.clear();
    ids_.clear();
    writer_.emplace(FactsNow());
  }

  shards::ShardFacts FactsNow() const {
    return {.name = plan_.name,
            .tokenizer_sha256 = digest_,
            .vocabulary = tokenizer_.vocabulary_size(),
            .end_token = tokenizer_.eos().value_or(0),
            .tiers = {},  // known when the shard is full
            .ledger_events = head_.sequence,
            .ledger_head = ledger::HexOf(head_.digest)};
  }

  // The shard's file first: a file without a record is refused by the trainer, a record without a file would be a lie.
  Result<void> Finish() {
    if (ids_.empty()) return {};
    std::ranges::sort(tiers_);
    writer_->set_tiers(tiers_);
    const std::string name = fmt::format("{:05}.shard", built_.shards);
    TRY_ASSIGN(const std::string digest, writer_->Write(files_, folder_ / name));
    TRY_ASSIGN(ledger::Transaction change, ledger_.Begin());
    ledger::Shard record = {.name = plan_.name + "." + name, .sha256 = digest, .samples = static_cast<int64_t>(ids_.size()),
                            .tokens = static_cast<int64_t>(writer_->tokens()), .seed = static_cast<int64_t>(plan_.seed)};
    for (const char tier : tiers_) record.tiers.emplace_back(1, tier);
    TRY(ledger::Append(change, "", record));
    for (size_t i = 0; i < ids_.size(); ++i) {
      const shards::ShardDocument& document = writer_->documents()[i];
      const ledger::Range range = {static_cast<int64_t>(document.first_token), static_cast<int64_t>(document.first_token + document.tokens)};
      TRY(ledger::Append(change, ids_[i], ledger::ShardMember{.shard = digest, .samples = {range}, .tokens = {range}}));
    }
    TRY(change.Commit());
    ++built_.shards;
    built_.documents += ids_.size();
    built_.tokens += writer_->tokens();
    Begin();
    return {};
  }

  std::string WhyNone() const {
    std::string why;
    for (const auto& [reason, count] : built_.left_out) why += fmt::format("{}{} because: {}", why.empty() ? ": " : "; ", count, reason);
    return why;
  }

  ledger::Ledger& ledger_;
  base::Files& files_;
  const formats::Tokenizer& tokenizer_;
  const ShardPlan& plan_;
  base::Path folder_;
  ContaminationIndex evaluation_ = ContaminationIndex({});
  ledger::Head head_;
  std::string digest_, tiers_;
  std::vector<std::string> ids_;  // of the documents in the writer
  std::optional<shards::ShardWriter> writer_;
  BuiltShards built_;
};

}  // namespace

Result<BuiltShards> BuildShards(ledger::Ledger& ledger, base::Files& files, const formats::Tokenizer& tokenizer, const ShardPlan& plan,
                                const base::Path& folder, base::Clock& clock, const std::function<void(const BuiltShards&)>& progress) {
  return Builder(ledger, files, tokenizer, plan, folder).Run(ledger::Today(clock), progress);
}

}  // namespace walchen::data
