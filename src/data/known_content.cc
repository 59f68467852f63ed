// SPDX-License-Identifier: Apache-2.0
#include "data/known_content.h"

#include <fmt/format.h>

#include "data/kept_signatures.h"
#include "ledger/documents.h"
#include "ledger/licence_tier.h"

namespace walchen::data {

Result<void> AdmitSource(ledger::Ledger& ledger, const ledger::Source& source) {
  if (!source.use.empty() && source.use != ledger::kEvaluationUse) {
    return Fail(ErrorCode::kInvalidArgument, "the use of a source: expected nothing or {}, found {}", ledger::kEvaluationUse, base::Quoted(source.use));
  }
  if (!source.licence.empty()) {
    if (auto tier = ledger::TierOf(source.licence); !tier) return Forward(tier, "the licence");
  }
  TRY_ASSIGN(const std::vector<ledger::KnownSource> sources, ledger::SourcesOf(ledger));
  const ledger::KnownSource* entry = ledger::FindSource(sources, source.name);
  if (!entry) return ledger::Append(ledger, ledger::NewId(), source);
  const ledger::Source& known = entry->source;
  if (known.source_class == source.source_class && known.basis == source.basis && known.licence == source.licence &&
      known.keep_until == source.keep_until && known.use == source.use) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument, "source {} is known as {}, {} {}; its rights cannot change behind documents that were "
              "taken in: give these files another --source", known.name, ledger::NameOf(*known.source_class),
              ledger::NameOf(*known.basis), known.licence);
}

std::string ContentSubject(std::string_view sha256) { return fmt::format("content of sha256 {}", sha256); }

Result<bool> WasForgotten(const ledger::Ledger& ledger, const ledger::SubjectKey& subjects, const std::string& sha256) {
  if (sha256.empty()) return false;
  TRY_ASSIGN(const ledger::Digest token, subjects.TokenOf(ContentSubject(sha256)));
  TRY_ASSIGN(const std::vector<std::string> ids, ledger.AboutSubject(token));
  for (const std::string& id : ids) {
    TRY_ASSIGN(const auto decision, ledger.Read({.about = id, .kind = std::string(ledger::Decision::kKind)}).Next());
    if (decision) return true;
  }
  return false;
}

Result<std::string> SameContent(const ledger::Ledger& ledger, const std::string& sha256, const std::string& id, std::string_view today) {
  if (sha256.empty()) return std::string();
  TRY_ASSIGN(const bool is_usable, IsUsable(ledger, id, today));
  TRY_ASSIGN(const std::vector<std::string> others, ledger.AboutContent(sha256));
  for (const std::string& other : others) {
    if (other == id) continue;
    TRY_ASSIGN(const ledger::DocumentState state, ledger::StateOf(ledger, other));
    if (state != ledger::DocumentState::kKept) continue;
    TRY_ASSIGN(const bool other_is_usable, IsUsable(ledger, other, today));
    if (other_is_usable || !is_usable) return other;
  }
  return std::string();
}

}  // namespace walchen::data
