// SPDX-License-Identifier: Apache-2.0
#include "data/shard_builder.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "data/evaluation_texts.h"
#include "data/filter_chain.h"
#include "data/kept_text.h"
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
    TRY(ForEachText(ledger_, plan_.sources, [&](const ledger::ListedDocument& document, const std::string& text) -> Result<void> {
      TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger_, document.id, today));
      if (const std::string why = WhyNot(rights, text); !why.empty()) {
        ++built_.left_out[why];
        return {};
      }
      if (tiers_.find(rights.tier) == std::string::npos) tiers_ += rights.tier;
      TRY(writer_->Add(shards::IdOfText(document.id), tokenizer_.Encode(text)));
      ids_.push_back(document.id);
      if (progress) progress(built_);
      return writer_->tokens() >= plan_.shard_tokens ? Finish() : Result<void>();
    }));
    TRY(Finish());
    if (built_.documents == 0) return Fail(ErrorCode::kNotFound, "no document is left to build shards of{}", WhyNone());
    return built_;
  }

 private:
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
                            .tokens = static_cast<int64_t>(writer_->tokens())};
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
