// SPDX-License-Identifier: Apache-2.0
#include "data/file_licence.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/sha256.h"
#include "data/extraction.h"
#include "ledger/licence_tier.h"

namespace walchen::data {
namespace {

constexpr std::string_view kRestricted = "LicenseRef-restricted";
// Fields whose value is a licence and nothing else.
constexpr std::array<std::string_view, 5> kLicenceFields = {"spdx-license-identifier", "license", "licence", "cc:license", "dcterms:license"};
constexpr std::array<std::string_view, 3> kOtherFields = {"spdx-filecopyrighttext", "cc:attributionname", "xmprights:marked"};

// "CC-BY-NC-4.0" of "http://creativecommons.org/licenses/by-nc/4.0/"; empty for another text.
std::string OfCreativeCommons(std::string_view lower) {
  if (lower.find("creativecommons.org/publicdomain/zero/1.0") != std::string_view::npos) return "CC0-1.0";
  constexpr std::string_view kFolder = "creativecommons.org/licenses/";
  const size_t at = lower.find(kFolder);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = lower.substr(at + kFolder.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  std::string expression = "CC-";
  for (const char c : rest.substr(0, slash)) expression += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::string_view version = rest.substr(slash + 1);
  return expression + "-" + std::string(version.substr(0, version.find_first_not_of("0123456789.")));
}

bool Restricts(std::string_view lower) {
  constexpr std::array<std::string_view, 8> kWords = {"by-nc", "by-nd", "by nc", "by nd", "noncommercial", "non-commercial", "noderiv",
                                                      "no derivat"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return lower.find(word) != std::string_view::npos; });
}

bool IsKnown(std::string_view expression) {
  const auto tier = ledger::TierOf(expression);
  return tier && *tier != ledger::Tier::kNone;
}

// The expression that a statement stands for; empty: it decides nothing.
std::string ExpressionOf(const LicenceEvidence& statement) {
  const std::string field = Lowered(statement.field), value = Lowered(statement.value);
  if (std::ranges::find(kOtherFields, field) != kOtherFields.end()) return {};
  if (IsKnown(statement.value)) return statement.value;
  const std::string of_creative_commons = OfCreativeCommons(value);
  if (!of_creative_commons.empty() && IsKnown(of_creative_commons)) return of_creative_commons;
  if (Restricts(value)) return std::string(kRestricted);
  const bool is_licence = std::ranges::find(kLicenceFields, field) != kLicenceFields.end() || !of_creative_commons.empty();
  return is_licence ? std::string(kUnrecognisedLicence) : std::string();
}

}  // namespace

std::optional<ledger::Licence> FileLicence(const std::vector<LicenceEvidence>& statements) {
  std::optional<ledger::Licence> licence;
  ledger::Tier strictest = ledger::Tier::kA;
  for (const LicenceEvidence& statement : statements) {
    const std::string expression = ExpressionOf(statement);
    if (expression.empty()) continue;
    const ledger::Tier tier = ledger::TierOf(expression).value_or(ledger::Tier::kNone);
    if (!licence || tier > strictest) {
      ledger::Licence stricter = {.expression = expression, .evidence = "field"};
      stricter.place = fmt::format("{}: {}", statement.field, statement.value);
      stricter.evidence_sha256 = base::Sha256Hex(base::AsBytes(stricter.place));
      if (licence) {
        stricter.disagrees = std::move(licence->disagrees);
        if (licence->expression != expression) stricter.disagrees.push_back(licence->expression);
      }
      licence = std::move(stricter);
      strictest = tier;
    } else if (expression != licence->expression) {
      licence->disagrees.push_back(expression);
    }
  }
  return licence;
}

}  // namespace walchen::data
