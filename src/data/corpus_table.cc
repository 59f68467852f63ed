// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_table.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "data/kept_text.h"
#include "ledger/documents.h"
#include "ledger/records.h"
#include "ledger/rights.h"

namespace walchen::data {
namespace {

constexpr std::string_view kOriginal = "#msgid", kTranslation = "#msgstr";

class Counter {
 public:
  Counter(const ledger::Ledger& ledger, std::string_view today) : ledger_(ledger), today_(today) {}

  Result<void> FindShards(std::string_view name) {
    ledger::EventReader events = ledger_.Read({.kind = std::string(ledger::Shard::kKind), .with_private = false});
    while (true) {
      TRY_ASSIGN(const auto event, events.Next());
      if (!event) return {};
      TRY_ASSIGN(const ledger::Shard shard, ledger::FromEvent<ledger::Shard>(*event));
      if (shard.name.starts_with(fmt::format("{}.", name))) shards_.insert(shard.sha256);
    }
  }

  Result<void> Take(const ledger::ListedDocument& listed) {
    const ledger::Document& document = listed.document;
    if (document.modality == "archive" || listed.state == ledger::DocumentState::kVanished) return {};
    if (listed.state != ledger::DocumentState::kKept) {
      TRY_ASSIGN(const std::string why, WhyOut(listed));
      ++table_.dropped[document.source][why];
      return {};
    }
    TRY_ASSIGN(const ledger::Rights rights, ledger::RightsOf(ledger_, listed.id, today_));
    if (rights.tier == '-') {
      ++table_.dropped[document.source][rights.why];
      return {};
    }
    CorpusKey key = {.source = document.source, .language = "und", .tier = rights.tier};
    CorpusAmounts amounts = {.documents = 1, .bytes = static_cast<uint64_t>(document.bytes), .pictures = document.modality == "picture" ? 1u : 0u};
    TRY(ReadLife(listed.id, key, amounts));
    TRY_ASSIGN(amounts.pairs, PairsOf(listed));
    table_.kept[key] += amounts;
    return {};
  }

  CorpusTable table() && { return std::move(table_); }

 private:
  Result<std::string> WhyOut(const ledger::ListedDocument& listed) const {
    std::string why(ledger::StateName(listed.state));
    ledger::EventReader events = ledger_.Read({.about = listed.id, .with_private = false});
    while (true) {
      TRY_ASSIGN(const auto event, events.Next());
      if (!event) return why;
      if (event->kind == ledger::Filtered::kKind) {
        TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Filtered>(*event));
        why = fmt::format("{}: {}", record.filter, record.reason);
      } else if (event->kind == ledger::Quarantined::kKind) {
        TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Quarantined>(*event));
        why = record.reason;
      }
    }
  }

  // The last word on its language, and its tokens in the newest of the shards.
  Result<void> ReadLife(const std::string& id, CorpusKey& key, CorpusAmounts& amounts) const {
    ledger::EventReader events = ledger_.Read({.about = id, .with_private = false});
    while (true) {
      TRY_ASSIGN(const auto event, events.Next());
      if (!event) return {};
      if (event->kind == ledger::Language::kKind) {
        TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Language>(*event));
        key.language = record.tag;
      } else if (event->kind == ledger::ShardMember::kKind) {
        TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::ShardMember>(*event));
        if (!shards_.contains(record.shard)) continue;
        amounts.tokens = 0;
        for (const ledger::Range& range : record.tokens) amounts.tokens += static_cast<uint64_t>(range.end - range.begin);
      }
    }
  }

  // A catalogue's originals come right before their translations (extract.h).
  Result<uint64_t> PairsOf(const ledger::ListedDocument& listed) {
    const std::string& path = listed.document.path;
    if (path.ends_with(kOriginal)) {
      original_ = {listed.id, listed.document.parent, path.substr(0, path.size() - kOriginal.size())};
      return 0;
    }
    const bool is_pair = path.ends_with(kTranslation) && original_.parent == listed.document.parent &&
                         original_.path == path.substr(0, path.size() - kTranslation.size());
    if (!is_pair) return 0;
    TRY_ASSIGN(const std::vector<TextPlace> from, PlacesOf(ledger_, original_.id));
    TRY_ASSIGN(const std::vector<TextPlace> to, PlacesOf(ledger_, listed.id));
    std::set<std::string_view> messages;
    for (const TextPlace& place : from) messages.insert(place.place);
    return static_cast<uint64_t>(std::ranges::count_if(to, [&](const TextPlace& place) { return messages.erase(place.place) > 0; }));
  }

  struct Original {
    std::string id, parent, path;
  };

  const ledger::Ledger& ledger_;
  std::string_view today_;
  std::set<std::string> shards_;  // their digests when they were built
  Original original_;             // the last one
  CorpusTable table_;
};

}  // namespace

CorpusAmounts& CorpusAmounts::operator+=(const CorpusAmounts& other) {
  documents += other.documents;
  bytes += other.bytes;
  tokens += other.tokens;
  pictures += other.pictures;
  pairs += other.pairs;
  return *this;
}

Result<CorpusTable> CorpusTableOf(const ledger::Ledger& ledger, const std::vector<std::string>& sources, std::string_view shards,
                                  std::string_view today) {
  Counter counter(ledger, today);
  TRY(counter.FindShards(shards));
  ledger::DocumentReader documents(ledger, {});
  while (true) {
    TRY_ASSIGN(const auto listed, documents.Next());
    if (!listed) return std::move(counter).table();
    if (std::ranges::find(sources, listed->document.source) != sources.end()) TRY(counter.Take(*listed));
  }
}

}  // namespace walchen::data
