// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_facts.h"

#include <algorithm>

#include "ledger/documents.h"
#include "ledger/rights.h"

namespace walchen::data {
namespace {

// What one document adds to its source.
class Adder {
 public:
  Adder(SourceFacts& source, CorpusFacts& all) : source_(source), all_(all) {}

  Result<void> Add(const ledger::Event& event) {
    if (event.kind == ledger::Licence::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Licence>(event));
      licence_ = record.expression;
    } else if (event.kind == ledger::Language::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Language>(event));
      language_ = record.tag;
    } else if (event.kind == ledger::Filtered::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Filtered>(event));
      ++source_.reasons[record.filter + ": " + record.reason];
    } else if (event.kind == ledger::Quarantined::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Quarantined>(event));
      ++source_.reasons[record.reason];
    } else if (event.kind == ledger::PersonalData::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::PersonalData>(event));
      for (const auto& [kind, count] : record.counts) source_.personal_data[kind] += static_cast<uint64_t>(count);
    } else if (event.kind == ledger::OptOut::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::OptOut>(event));
      ++source_.opt_outs[fmt::format("{} {}", ledger::NameOf(record.protocol), ledger::NameOf(record.verdict))];
    } else if (event.kind == ledger::Transformation::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Transformation>(event));
      ++all_.transformations[record.name + " " + record.version];
    }
    return {};
  }

  void Finish(const ledger::ListedDocument& listed, const ledger::Rights& rights) {
    const ledger::Document& document = listed.document;
    if (document.modality == "archive") return;  // what is inside counts
    ++source_.documents;
    ++source_.states[std::string(ledger::StateName(listed.state))];
    source_.first_ms = source_.documents == 1 ? document.taken_ms : std::min(source_.first_ms, document.taken_ms);
    source_.last_ms = std::max(source_.last_ms, document.taken_ms);
    if (listed.state != ledger::DocumentState::kKept) return;
    source_.kept_bytes += static_cast<uint64_t>(document.bytes);
    ++source_.tiers[std::string(1, rights.tier)];
    ++source_.licences[licence_.empty() ? "none" : licence_];
    if (!language_.empty()) ++source_.languages[language_];
    if (!document.media_type.empty()) ++source_.media_types[document.media_type];
    const bool wants_name = rights.tier == 'B' || rights.tier == 'C';
    if (wants_name) all_.attributions.push_back({document.title, document.path, document.url, licence_, document.source});
  }

 private:
  SourceFacts& source_;
  CorpusFacts& all_;
  std::string licence_, language_;
};

Result<std::vector<SourceFacts>> ReadSources(const ledger::Ledger& ledger) {
  TRY_ASSIGN(const std::vector<ledger::KnownSource> known, ledger::SourcesOf(ledger));
  std::vector<SourceFacts> sources;
  for (const ledger::KnownSource& one : known) sources.emplace_back().source = one.source;
  std::ranges::sort(sources, {}, [](const SourceFacts& facts) { return facts.source.name; });
  return sources;
}

}  // namespace

Result<CorpusFacts> FactsOf(const ledger::Ledger& ledger, std::string_view today) {
  CorpusFacts all;
  all.today = today;
  TRY_ASSIGN(all.head, ledger.LastHead());
  TRY_ASSIGN(all.sources, ReadSources(ledger));
  ledger::DocumentReader documents(ledger, {});
  while (true) {
    TRY_ASSIGN(const auto listed, documents.Next());
    if (!listed) return all;
    const auto source = std::ranges::find(all.sources, listed->document.source, [](const SourceFacts& facts) { return facts.source.name; });
    if (source == all.sources.end()) {
      return Fail(ErrorCode::kCorrupt, "document {} is of the source {}, which has no record; run `walchen data verify`", listed->id,
                  listed->document.source);
    }
    Adder adder(*source, all);
    ledger::EventReader life = ledger.Read({.about = listed->id, .kind = {}, .after = 0, .with_private = false});  // not its text
    while (true) {
      TRY_ASSIGN(const auto event, life.Next());
      if (!event) break;
      TRY(adder.Add(*event));
    }
    TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger, listed->id, today));
    adder.Finish(*listed, rights);
  }
}

}  // namespace walchen::data
