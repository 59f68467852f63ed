// SPDX-License-Identifier: Apache-2.0
//
// Questions about documents that commands ask: which there are and what became of them, where one came from and where
// it went.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ledger/ledger.h"
#include "ledger/records.h"

namespace walchen::ledger {

// What the last event that decides says; kForgotten is final.
enum class DocumentState { kKept, kFiltered, kDuplicate, kQuarantined, kVanished, kForgotten };

// "kept", "filtered", ...
std::string_view StateName(DocumentState state);

struct ListedDocument {
  std::string id = {};
  Document document = {};  // private fields are empty once it is forgotten
  DocumentState state = DocumentState::kKept;
};

struct DocumentFilter {
  std::string source = {};  // empty: all
  std::optional<DocumentState> state = {};
};

// All documents in the order in which they came. As EventReader: reads some at a time, holds no lock in between.
class DocumentReader {
 public:
  DocumentReader(const Ledger& ledger, DocumentFilter filter)
      : ledger_(&ledger), filter_(std::move(filter)), events_(ledger.Read({.kind = std::string(Document::kKind)})) {}
  // Nothing behind the last one.
  Result<std::optional<ListedDocument>> Next();

 private:
  const Ledger* ledger_;
  DocumentFilter filter_;
  EventReader events_;
};

// Its own record, without the rest of its life; private fields are empty once it is forgotten. Errors: kNotFound (no document
// has this id).
Result<Document> DocumentOf(const Ledger& ledger, std::string_view id);

// How a document is named to a person: "manuals.zip » pump/manual.pdf"; empty where it was forgotten.
Result<std::string> PathOf(const Ledger& ledger, const Document& document);

// Errors: kNotFound (no document has this id).
Result<DocumentState> StateOf(const Ledger& ledger, std::string_view id);

// The one document whose content hash begins so, or which has this id. Errors: kNotFound, kInvalidArgument (several
// fit: names them; too few digits).
Result<std::string> FindDocument(const Ledger& ledger, std::string_view digits);

// All events about an id in order: the whole life of a document, source or run.
Result<std::vector<Event>> LifeOf(const Ledger& ledger, std::string_view id);

// Ids of documents that were inside of this one, and of those that are left out as duplicates of it. Both read all
// events of one kind.
Result<std::vector<std::string>> PartsOf(const Ledger& ledger, std::string_view id);
Result<std::vector<std::string>> DuplicatesOf(const Ledger& ledger, std::string_view id);

// The sources by name: what was said last of each, in the order in which they came.
struct KnownSource {
  std::string id = {};  // may be empty
  Source source = {};
};
Result<std::vector<KnownSource>> SourcesOf(const Ledger& ledger);
// Of these the one with this name; null if there is none.
const KnownSource* FindSource(std::span<const KnownSource> sources, std::string_view name);

// Steps of a run that saw samples of a document.
struct Sighting {
  std::string run = {};  // id
  Range steps = {};
  std::string shard = {};  // SHA-256 of the shard as it was then
  bool operator==(const Sighting&) const = default;
};

// Where a document went.
struct Spread {
  std::vector<ShardMember> shards = {};  // as they were built; the digest of today: TodaysShard
  std::vector<Sighting> sightings = {};  // in the order of the ledger
  std::vector<std::string> runs = {};    // ids of the runs of these sightings, and of those that read its whole source, each once
  std::vector<std::string> heirs = {};   // ids of further runs, which began with a model of such a run or an heir
  std::vector<Model> models = {};        // that runs made after their first sighting, and all that heirs made
};

// Through shard membership and batches, and through sources that runs read as they were. A shard that was rewritten since keeps what is left in it, so runs on the new
// digest count for every document that was not removed. Where no samples are named, all are meant. Reads all batches of
// the ledger.
Result<Spread> SpreadOf(const Ledger& ledger, std::string_view id);

// The digests that the shards have which were ever built, after all rewritings.
Result<std::set<std::string>> KnownShards(const Ledger& ledger);
// The digest that a shard has after all rewritings.
Result<std::string> TodaysShard(const Ledger& ledger, std::string_view sha256);

}  // namespace walchen::ledger
