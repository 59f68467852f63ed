// SPDX-License-Identifier: Apache-2.0
#include "data/kept_signatures.h"

#include "data/kept_text.h"
#include "data/words.h"
#include "ledger/documents.h"
#include "ledger/records.h"
#include "ledger/rights.h"

namespace walchen::data {

// Of the last of its transformations that says one; of another version's, or of none, from the text itself.
Result<std::optional<Signature>> SignatureOf(const ledger::Ledger& ledger, const std::string& id) {
  std::optional<Signature> signature;
  ledger::EventReader events = ledger.Read({.about = id, .kind = std::string(ledger::Transformation::kKind)});
  while (true) {
    TRY_ASSIGN(const auto event, events.Next());
    if (!event) break;
    TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Transformation>(*event));
    if (!record.result_signature.empty()) signature = SignatureOfText(record.result_signature);
  }
  if (signature) return signature;
  TRY_ASSIGN(const std::string text, TextOf(ledger, id));
  return text.empty() ? std::nullopt : std::optional(MakeSignature(text, SplitWords(text)));
}

Result<bool> IsUsable(const ledger::Ledger& ledger, const std::string& id, std::string_view today) {
  TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger, id, today));
  return ledger::kAllTiers.find(rights.tier) != std::string_view::npos;
}

Result<KeptSignatures> KeptSignatures::Read(const ledger::Ledger& ledger, std::string_view today) {
  KeptSignatures kept;
  ledger::DocumentReader documents(ledger, {.state = ledger::DocumentState::kKept});
  while (true) {
    TRY_ASSIGN(const auto listed, documents.Next());
    if (!listed) return kept;
    if (listed->document.modality != "text") continue;
    TRY_ASSIGN(const bool is_usable, IsUsable(ledger, listed->id, today));
    if (!is_usable) continue;
    TRY_ASSIGN(const auto signature, SignatureOf(ledger, listed->id));
    if (signature) TRY(kept.Add(listed->id, *signature));
  }
}

std::optional<KeptSignatures::Match> KeptSignatures::Find(const Signature& signature) const {
  const auto match = index_.Find(signature);
  if (!match) return std::nullopt;
  return Match{.id = ids_[match->document], .similarity = match->similarity};
}

Result<void> KeptSignatures::Add(const std::string& id, const Signature& signature) {
  TRY_ASSIGN(const uint32_t number, index_.Add(signature));
  number_of_[id] = number;
  ids_.push_back(id);
  return {};
}

void KeptSignatures::Forget(const std::string& id) {
  const auto found = number_of_.find(id);
  if (found != number_of_.end()) index_.Forget(found->second);
}

}  // namespace walchen::data
