// SPDX-License-Identifier: Apache-2.0
#include "data/learned_tokenizer.h"

#include "base/sha256.h"
#include "data/bpe_trainer.h"
#include "data/kept_text.h"
#include "formats/gguf.h"
#include "ledger/records.h"
#include "ledger/rights.h"

namespace walchen::data {
namespace {

Result<void> Record(ledger::Ledger& ledger, base::Files& files, const TokenizerPlan& plan, const LearnedTokenizer& learned, const base::Path& output) {
  TRY_ASSIGN(const auto bytes, files.Map(output));
  ledger::Tokenizer record = {.sha256 = base::Sha256Hex(bytes->bytes()),
                              .tokens = static_cast<int64_t>(learned.tokens),
                              .documents = static_cast<int64_t>(learned.documents),
                              .sources = plan.sources,
                              .tiers = {}};
  for (const char tier : plan.tiers) record.tiers.emplace_back(1, tier);
  return ledger::Append(ledger, {}, record);
}

}  // namespace

Result<LearnedTokenizer> LearnTokenizer(ledger::Ledger& ledger, base::Files& files, const TokenizerPlan& plan, const base::Path& output) {
  if (files.Exists(output)) return Fail(ErrorCode::kAlreadyExists, "{} is there already; name another file", output.native());
  const std::string today = ledger::Today();
  BpeTrainer trainer;
  LearnedTokenizer learned;
  TRY(ForEachText(ledger, plan.sources, [&](const ledger::ListedDocument& document, const std::string& text) -> Result<void> {
    TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger, document.id, today));
    if (plan.tiers.find(rights.tier) == std::string::npos) return {};
    ++learned.documents;
    learned.bytes += text.size();
    return trainer.Add(text);
  }));
  if (learned.documents == 0) {
    return Fail(ErrorCode::kNotFound, "expected kept documents with text that may be used (tiers {}), found none; see `walchen data ls`", plan.tiers);
  }
  learned.words = trainer.distinct_words();
  TRY_ASSIGN(const Bpe bpe, trainer.Train(OwnSpecialTokens(), plan.vocabulary));
  learned.tokens = bpe.tokens.size();
  formats::GgufWriter writer;
  writer.Add("general.architecture", std::string("tokenizer"));
  for (auto& [key, value] : TokenizerKeys(bpe)) writer.Add(key, std::move(value));
  TRY(writer.Write(files, output));
  TRY(Record(ledger, files, plan, learned, output));
  return learned;
}

}  // namespace walchen::data
