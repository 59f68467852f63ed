// SPDX-License-Identifier: Apache-2.0
#include "data/evaluation_texts.h"

#include "data/kept_text.h"
#include "ledger/documents.h"
#include "ledger/records.h"

namespace walchen::data {

Result<std::vector<std::string>> EvaluationSources(const ledger::Ledger& ledger) {
  std::vector<std::string> names;
  TRY_ASSIGN(const std::vector<ledger::KnownSource> known, ledger::SourcesOf(ledger));
  for (const ledger::KnownSource& found : known) {
    if (found.source.use == ledger::kEvaluationUse) names.push_back(found.source.name);
  }
  return names;
}

Result<ContaminationIndex> IndexEvaluationTexts(const ledger::Ledger& ledger) {
  TRY_ASSIGN(const std::vector<std::string> names, EvaluationSources(ledger));
  if (names.empty()) return ContaminationIndex({});  // no name means every source to ForEachText
  std::vector<std::pair<std::string, std::string>> texts;
  TRY(ForEachText(ledger, names, [&](const ledger::ListedDocument& document, const std::string& text) -> Result<void> {
    texts.emplace_back(document.document.source, text);
    return {};
  }));
  std::vector<EvaluationText> items;
  for (const auto& [source, text] : texts) items.push_back({.set = source, .text = text});
  return ContaminationIndex(items);
}

}  // namespace walchen::data
