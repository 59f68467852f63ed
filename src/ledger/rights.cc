// SPDX-License-Identifier: Apache-2.0
#include "ledger/rights.h"

#include <optional>

#include "ledger/documents.h"
#include "ledger/licence_tier.h"
#include "ledger/records.h"

namespace walchen::ledger {
namespace {

// The last word of each kind.
struct Words {
  std::optional<RightsBasis> basis;
  std::optional<Licence> licence;
  bool is_reserved = false;
  bool is_withdrawn = false;
};

Result<Words> WordsOf(const Ledger& ledger, std::string_view id) {
  EventReader events = ledger.Read({.about = std::string(id), .kind = {}, .after = 0, .with_private = false});
  Words words;
  while (true) {
    TRY_ASSIGN(const auto next, events.Next());
    if (!next) break;
    const Event& event = *next;
    if (event.kind == RightsBasis::kKind) {
      TRY_ASSIGN(words.basis, FromEvent<RightsBasis>(event));
    } else if (event.kind == Licence::kKind) {
      TRY_ASSIGN(words.licence, FromEvent<Licence>(event));
    } else if (event.kind == OptOut::kKind) {
      TRY_ASSIGN(const OptOut mark, FromEvent<OptOut>(event));
      words.is_reserved = words.is_reserved || mark.verdict == OptOutVerdict::kReserved;
    } else if (event.kind == ConsentWithdrawn::kKind) {
      words.is_withdrawn = true;
    }
  }
  return words;
}

Result<Rights> ByLicence(const Licence& licence) {
  const Tier tier = TierOf(licence.expression).value_or(Tier::kNone);
  const bool is_of_package = licence.evidence == "stanza" || licence.evidence == "package";
  const std::string_view by = licence.evidence == "statement" ? "stated when it was added"
                              : is_of_package                 ? "stated by its package"
                                                              : "stated by the file";
  const std::string why = fmt::format("licence {} ({})", licence.expression, by);
  return Rights{.tier = tier == Tier::kNone ? '-' : TierName(tier).front(), .why = why};
}

Result<Rights> ByWords(const Words& words, std::string_view today) {
  if (!words.basis) return Rights{.why = "no rights basis is recorded"};
  const RightsBasis& basis = *words.basis;
  if (!basis.until.empty() && basis.until < today) return Rights{.why = fmt::format("it was to be kept until {}", basis.until)};
  if (words.is_withdrawn) return Rights{.why = "consent was withdrawn"};
  if (words.licence && words.licence->evidence != "statement") return ByLicence(*words.licence);
  switch (basis.basis) {
    case Basis::kPublicDomain: return Rights{.tier = 'A', .why = "public domain"};
    case Basis::kOwnData: return Rights{.tier = 'O', .why = "own data"};
    case Basis::kContract: return Rights{.tier = 'O', .why = "a contract"};
    case Basis::kConsent: return Rights{.tier = 'O', .why = "consent"};
    case Basis::kTdm:
      if (words.is_reserved) return Rights{.why = "its rightsholder reserves text and data mining"};
      return Rights{.tier = 'T', .why = "text and data mining, not reserved"};
    case Basis::kLicence:
      if (words.licence) return ByLicence(*words.licence);
      return Rights{.why = "no licence is known"};
  }
  return Rights{.why = "no rights basis is recorded"};
}

}  // namespace

std::string Today(base::Clock& clock) { return base::Iso8601(clock.WallSeconds()).substr(0, 10); }

Result<Rights> RightsOf(const Ledger& ledger, std::string_view id, std::string_view today) {
  TRY_ASSIGN(const Words words, WordsOf(ledger, id));
  TRY_ASSIGN(Rights rights, ByWords(words, today));
  if (rights.tier != '-' && words.basis->use == kEvaluationUse) {
    rights = {.tier = kEvaluationTier, .why = fmt::format("kept for evaluation only ({})", rights.why)};
  }
  return rights;
}

}  // namespace walchen::ledger
