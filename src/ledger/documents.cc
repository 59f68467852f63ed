// SPDX-License-Identifier: Apache-2.0
#include "ledger/documents.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/ranges.h>

#include "ledger/database.h"

namespace walchen::ledger {
namespace {

struct StateKind {
  std::string_view kind;
  DocumentState state;
};
constexpr std::array<StateKind, 6> kStates = {{{Kept::kKind, DocumentState::kKept},
                                               {Filtered::kKind, DocumentState::kFiltered},
                                               {Duplicate::kKind, DocumentState::kDuplicate},
                                               {Quarantined::kKind, DocumentState::kQuarantined},
                                               {Vanished::kKind, DocumentState::kVanished},
                                               {Deletion::kKind, DocumentState::kForgotten}}};
constexpr std::array<std::string_view, 6> kStateNames = {"kept",        "filtered", "duplicate",
                                                         "quarantined", "vanished", "forgotten"};
constexpr size_t kNamedMax = 10;  // ids that one message names

Result<DocumentState> LastState(const Ledger& ledger, std::string_view id) {
  TRY_ASSIGN(Query query,
             ledger.database().Ask("SELECT kind FROM event WHERE about <> '' AND about = ?1 ORDER BY sequence", id));
  DocumentState state = DocumentState::kKept;
  while (state != DocumentState::kForgotten) {
    TRY_ASSIGN(const bool found, query.Next());
    if (!found) break;
    const auto rule = std::ranges::find(kStates, query.Text(0), &StateKind::kind);
    if (rule != kStates.end()) state = rule->state;
  }
  return state;
}

// Calls visit(event) for all events of a kind.
template <class Visit>
Result<void> ForEachOf(const Ledger& ledger, std::string_view kind, const Visit& visit) {
  EventReader reader = ledger.Read({.kind = std::string(kind), .with_private = false});
  while (true) {
    TRY_ASSIGN(const std::optional<Event> event, reader.Next());
    if (!event) return {};
    TRY(visit(*event));
  }
}

// No range at all means everything.
bool Overlap(const std::vector<Range>& a, const std::vector<Range>& b) {
  if (a.empty() || b.empty()) return true;
  for (const Range& x : a) {
    for (const Range& y : b) {
      if (x.begin < y.end && y.begin < x.end) return true;
    }
  }
  return false;
}

// A shard that holds a document, under one of the digests that it had with the document in it.
struct Holder {
  std::string shard;
  std::vector<Range> samples;
};

Result<std::vector<Holder>> HoldersOf(const Ledger& ledger, std::string_view id, std::vector<ShardMember>& members) {
  std::vector<Holder> holders;
  EventReader reader = ledger.Read({.about = std::string(id), .kind = std::string(ShardMember::kKind)});
  while (true) {
    TRY_ASSIGN(const std::optional<Event> event, reader.Next());
    if (!event) break;
    TRY_ASSIGN(ShardMember member, FromEvent<ShardMember>(*event));
    holders.push_back({member.shard, member.samples});
    members.push_back(std::move(member));
  }
  TRY(ForEachOf(ledger, ShardRewritten::kKind, [&](const Event& event) -> Result<void> {
    TRY_ASSIGN(const ShardRewritten rewritten, FromEvent<ShardRewritten>(event));
    const auto holder = std::ranges::find(holders, rewritten.from, &Holder::shard);
    if (holder == holders.end() || std::ranges::find(rewritten.removed, id) != rewritten.removed.end()) return {};
    const std::vector<Range> samples = holder->samples;
    holders.push_back({rewritten.to, samples});
    return {};
  }));
  return holders;
}

// Those that the run wrote after this event.
Result<void> AddModelsOf(const Ledger& ledger, const std::string& run, uint64_t after, std::vector<Model>& models) {
  EventReader reader = ledger.Read({.about = run, .kind = std::string(Model::kKind), .after = after});
  while (true) {
    TRY_ASSIGN(const std::optional<Event> event, reader.Next());
    if (!event) return {};
    TRY_ASSIGN(Model model, FromEvent<Model>(*event));
    models.push_back(std::move(model));
  }
}

// Runs that read the document's source as it was, and began while the document was in it.
Result<void> AddReadersOfSource(const Ledger& ledger, std::string_view id, Spread& spread, std::vector<uint64_t>& seen) {
  TRY_ASSIGN(const std::optional<Event> document, ledger.Read({.about = std::string(id), .kind = std::string(Document::kKind)}).Next());
  if (!document) return {};
  TRY_ASSIGN(const Document record, FromEvent<Document>(*document));
  uint64_t gone = std::numeric_limits<uint64_t>::max();
  for (const std::string_view kind : {Vanished::kKind, Deletion::kKind}) {
    TRY_ASSIGN(const std::optional<Event> event, ledger.Read({.about = std::string(id), .kind = std::string(kind)}).Next());
    if (event) gone = std::min(gone, event->sequence);
  }
  return ForEachOf(ledger, TrainingRun::kKind, [&](const Event& event) -> Result<void> {
    if (event.sequence < document->sequence || event.sequence > gone) return {};
    TRY_ASSIGN(const TrainingRun run, FromEvent<TrainingRun>(event));
    const bool reads = std::ranges::find(run.sources, record.source) != run.sources.end();
    if (!reads || std::ranges::find(spread.runs, event.about) != spread.runs.end()) return {};
    spread.runs.push_back(event.about);
    seen.push_back(event.sequence);
    return {};
  });
}

// A run is recorded after the models that it began with, so one pass finds heirs of heirs too.
Result<void> AddHeirs(const Ledger& ledger, Spread& spread) {
  return ForEachOf(ledger, TrainingRun::kKind, [&](const Event& event) -> Result<void> {
    TRY_ASSIGN(const TrainingRun run, FromEvent<TrainingRun>(event));
    const bool inherits = std::ranges::any_of(run.parents, [&](const std::string& parent) {
      return std::ranges::find(spread.models, parent, &Model::sha256) != spread.models.end();
    });
    if (!inherits || std::ranges::find(spread.runs, event.about) != spread.runs.end()) return {};
    spread.heirs.push_back(event.about);
    return AddModelsOf(ledger, event.about, 0, spread.models);
  });
}

}  // namespace

std::string_view StateName(DocumentState state) { return kStateNames[static_cast<size_t>(state)]; }

Result<std::optional<ListedDocument>> DocumentReader::Next() {
  while (true) {
    TRY_ASSIGN(const std::optional<Event> event, events_.Next());
    if (!event) return std::nullopt;
    TRY_ASSIGN(Document document, FromEvent<Document>(*event));
    if (!filter_.source.empty() && document.source != filter_.source) continue;
    TRY_ASSIGN(const DocumentState state, LastState(*ledger_, event->about));
    if (filter_.state && *filter_.state != state) continue;
    return ListedDocument{event->about, std::move(document), state};
  }
}

Result<DocumentState> StateOf(const Ledger& ledger, std::string_view id) {
  TRY_ASSIGN(
      const auto event,
      ledger.Read({.about = std::string(id), .kind = std::string(Document::kKind), .with_private = false}).Next());
  if (id.empty() || !event) return Fail(ErrorCode::kNotFound, "there is no document {}", base::Quoted(id));
  return LastState(ledger, id);
}

Result<std::string> FindDocument(const Ledger& ledger, std::string_view digits) {
  if (IsId(digits)) {
    const auto state = StateOf(ledger, digits);
    if (state) return std::string(digits);
    if (state.error().code() != ErrorCode::kNotFound) return tl::unexpected<Error>(state.error());
  }
  TRY_ASSIGN(std::vector<std::string> ids, ledger.AboutContent(digits));
  if (ids.empty()) {
    return Fail(ErrorCode::kNotFound, "no document has an id {0} or a content hash that begins so, or it was forgotten",
                base::Quoted(digits));
  }
  if (ids.size() == 1) return ids.front();
  const size_t named = std::min(ids.size(), kNamedMax);
  return Fail(ErrorCode::kInvalidArgument, "{}: expected one document, {} fit: {}{}; give the id of one",
              base::Quoted(digits), ids.size(), fmt::join(std::span(ids).first(named), ", "),
              named < ids.size() ? ", ..." : "");
}

Result<Document> DocumentOf(const Ledger& ledger, std::string_view id) {
  TRY_ASSIGN(const std::optional<Event> event, ledger.Read({.about = std::string(id), .kind = std::string(Document::kKind)}).Next());
  if (!event) return Fail(ErrorCode::kNotFound, "the ledger has no document {}", id);
  return FromEvent<Document>(*event);
}

Result<std::string> PathOf(const Ledger& ledger, const Document& document) {
  if (document.path.empty()) return std::string();
  std::string path = document.path;
  std::string parent = document.parent;
  while (!parent.empty()) {
    TRY_ASSIGN(const Document above, DocumentOf(ledger, parent));
    path = above.path + " » " + path;
    parent = above.parent;
  }
  return path;
}

Result<std::vector<Event>> LifeOf(const Ledger& ledger, std::string_view id) {
  if (!IsId(id))
    return Fail(ErrorCode::kInvalidArgument, "expected an id of 32 hexadecimal digits, found {}", base::Quoted(id));
  EventReader reader = ledger.Read({.about = std::string(id)});
  std::vector<Event> events;
  while (true) {
    TRY_ASSIGN(std::optional<Event> event, reader.Next());
    if (!event) return events;
    events.push_back(std::move(*event));
  }
}

Result<std::vector<std::string>> PartsOf(const Ledger& ledger, std::string_view id) {
  std::vector<std::string> parts;
  TRY(ForEachOf(ledger, Document::kKind, [&](const Event& event) -> Result<void> {
    // Most documents have no parent, so most bodies need not be parsed.
    if (event.body.find(id) == std::string::npos) return {};
    TRY_ASSIGN(const Document document, FromEvent<Document>(event));
    if (document.parent == id) parts.push_back(event.about);
    return {};
  }));
  return parts;
}

Result<std::vector<std::string>> DuplicatesOf(const Ledger& ledger, std::string_view id) {
  std::vector<std::string> duplicates;
  TRY(ForEachOf(ledger, Duplicate::kKind, [&](const Event& event) -> Result<void> {
    if (event.body.find(id) == std::string::npos) return {};
    TRY_ASSIGN(const Duplicate duplicate, FromEvent<Duplicate>(event));
    if (duplicate.of == id) duplicates.push_back(event.about);
    return {};
  }));
  return duplicates;
}

Result<std::vector<KnownSource>> SourcesOf(const Ledger& ledger) {
  std::vector<KnownSource> sources;
  EventReader reader = ledger.Read({.kind = std::string(Source::kKind)});
  while (true) {
    TRY_ASSIGN(const std::optional<Event> event, reader.Next());
    if (!event) return sources;
    TRY_ASSIGN(Source source, FromEvent<Source>(*event));
    const auto known =
        std::ranges::find(sources, source.name, [](const KnownSource& entry) { return entry.source.name; });
    if (known == sources.end()) {
      sources.push_back({event->about, std::move(source)});
    } else {
      *known = {event->about, std::move(source)};
    }
  }
}

const KnownSource* FindSource(std::span<const KnownSource> sources, std::string_view name) {
  const auto found = std::ranges::find(sources, name, [](const KnownSource& entry) -> std::string_view { return entry.source.name; });
  return found == sources.end() ? nullptr : &*found;
}

Result<Spread> SpreadOf(const Ledger& ledger, std::string_view id) {
  Spread spread;
  TRY_ASSIGN(const std::vector<Holder> holders, HoldersOf(ledger, id, spread.shards));
  std::vector<uint64_t> seen;  // the first sighting of each of the runs: what a run wrote before it, as its first step, is innocent
  TRY(AddReadersOfSource(ledger, id, spread, seen));
  if (holders.empty() && spread.runs.empty()) return spread;
  TRY(ForEachOf(ledger, Batches::kKind, [&](const Event& event) -> Result<void> {
    TRY_ASSIGN(const Batches batches, FromEvent<Batches>(event));
    const bool saw = std::ranges::any_of(holders, [&](const Holder& holder) {
      return holder.shard == batches.shard && Overlap(holder.samples, batches.samples);
    });
    if (!saw) return {};
    spread.sightings.push_back({event.about, batches.steps, batches.shard});
    if (std::ranges::find(spread.runs, event.about) != spread.runs.end()) return {};
    spread.runs.push_back(event.about);
    seen.push_back(event.sequence);
    return {};
  }));
  for (size_t i = 0; i < seen.size(); ++i) TRY(AddModelsOf(ledger, spread.runs[i], seen[i], spread.models));
  TRY(AddHeirs(ledger, spread));
  return spread;
}

Result<std::set<std::string>> KnownShards(const Ledger& ledger) {
  std::set<std::string> known;
  for (const std::string_view kind : {Shard::kKind, ShardRewritten::kKind}) {
    EventReader events = ledger.Read({.kind = std::string(kind)});
    while (true) {
      TRY_ASSIGN(const auto event, events.Next());
      if (!event) break;
      if (kind == Shard::kKind) {
        TRY_ASSIGN(const auto record, FromEvent<Shard>(*event));
        known.insert(record.sha256);
      } else {
        TRY_ASSIGN(const auto record, FromEvent<ShardRewritten>(*event));
        known.insert(record.to);
        known.erase(record.from);
      }
    }
  }
  return known;
}

Result<std::string> TodaysShard(const Ledger& ledger, std::string_view sha256) {
  std::string today(sha256);
  TRY(ForEachOf(ledger, ShardRewritten::kKind, [&](const Event& event) -> Result<void> {
    TRY_ASSIGN(ShardRewritten rewritten, FromEvent<ShardRewritten>(event));
    if (rewritten.from == today) today = std::move(rewritten.to);
    return {};
  }));
  return today;
}

}  // namespace walchen::ledger
