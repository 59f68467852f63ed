// SPDX-License-Identifier: Apache-2.0
//
// What the ledger says about sources, documents and runs: one struct for each kind of event.
//
// Which fields are erasable is part of the contract: those under "private" go into the side table as salted digests,
// all others stay for ever and must hold nothing personal. Empty texts and lists are left out of the event. An event is
// about the id that stands in the comment behind each struct's name.
//
//   TRY_ASSIGN(NewEvent event, ToEvent(document_id, Document{.source = "debian", .content = sha256, ...}));
//   TRY_ASSIGN(const Document document, FromEvent<Document>(ledger_event));   // erased fields come back empty
//
// Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ledger/event.h"

namespace walchen::ledger {

// Where data come from, as the AI Act's forms ask.
enum class SourceClass { kPublicDataset, kCrawl, kThirdParty, kUser, kSynthetic };
// Why they may be used. kTdm: text and data mining, § 44b UrhG and Art. 4 of Directive (EU) 2019/790.
enum class Basis { kPublicDomain, kLicence, kOwnData, kContract, kTdm, kConsent };
enum class OptOutProtocol { kRobots, kTdmRep, kAipref, kIptcPlus, kC2pa, kNoAi };
// kUnknown: nobody could tell (no file, not reachable); policy decides, not this record.
enum class OptOutVerdict { kAllowed, kReserved, kUnknown };
enum class PersonalDataAction { kMasked, kDropped, kKept };

// The names that stand in events and that commands take ("own-data"), in the order of the enum.
template <class Enum>
std::span<const std::string_view> NamesOf();
template <class Enum>
std::string_view NameOf(Enum value) {
  return NamesOf<Enum>()[static_cast<size_t>(value)];
}
template <class Enum>
std::optional<Enum> Named(std::string_view name) {
  const auto names = NamesOf<Enum>();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}
template <>
std::span<const std::string_view> NamesOf<SourceClass>();
template <>
std::span<const std::string_view> NamesOf<Basis>();
template <>
std::span<const std::string_view> NamesOf<OptOutProtocol>();
template <>
std::span<const std::string_view> NamesOf<OptOutVerdict>();
template <>
std::span<const std::string_view> NamesOf<PersonalDataAction>();

// The use of what is kept to measure models with, and must not be learned from.
inline constexpr std::string_view kEvaluationUse = "evaluation";

// First and one past the last, of samples or tokens of a shard.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const Range&) const = default;
};

struct Source {  // about the source's id
  static constexpr std::string_view kKind = "source";
  std::string name = {};                         // [A-Za-z0-9._-]; documents name it
  std::optional<SourceClass> source_class = {};  // mandatory
  std::optional<Basis> basis = {};               // mandatory
  std::string licence = {};                      // SPDX expression that the user stated
  std::string keep_until = {};                   // a day, 2027-12-31: no training and no keeping after it
  std::string use = {};                          // empty: training and all else; kEvaluationUse: never training
  std::string generator = {};                    // of synthetic data, with its version and seed
  std::string generator_version = {};
  std::optional<int64_t> seed = {};
  // private
  std::string uri = {};
  std::string purpose = {};
  std::string contract = {};
  bool operator==(const Source&) const = default;
};

struct Document {  // about the document's id
  static constexpr std::string_view kKind = "document";
  std::string source = {};
  std::string modality = {};    // text, table, signal, picture
  std::string media_type = {};  // text/html
  int64_t bytes = 0;
  int64_t taken_ms = 0;      // when it was read or fetched, since 1970-01-01 UTC
  std::string package = {};  // of a package archive, with its version
  std::string version = {};
  std::string parent = {};  // id of the archive, mail or page that it was inside of
  // private
  std::string content = {};  // SHA-256 in lower-case hexadecimal: how it is found
  std::string path = {};     // inside the parent, where there is one
  std::string url = {};
  std::string title = {};
  bool operator==(const Document&) const = default;
};

struct Licence {  // about a document or source
  static constexpr std::string_view kKind = "licence";
  std::string expression = {};              // SPDX; its tier is TierOf's
  std::string evidence = {};                // kind: file, stanza, package, field, header, statement
  std::vector<std::string> disagrees = {};  // other expressions that were found, weaker evidence
  // private
  std::string place = {};  // the file and line, the stanza, the field
  std::string evidence_sha256 = {};
  bool operator==(const Licence&) const = default;
};

struct RightsBasis {  // about a document or source
  static constexpr std::string_view kKind = "rights_basis";
  Basis basis = Basis::kOwnData;
  std::string until = {};  // a day; empty: no end
  std::string use = {};    // as of Source
  // private
  std::string reference = {};  // number of a contract, of a consent
  bool operator==(const RightsBasis&) const = default;
};

struct OptOut {  // about a document or source
  static constexpr std::string_view kKind = "opt_out";
  OptOutProtocol protocol = OptOutProtocol::kRobots;
  OptOutVerdict verdict = OptOutVerdict::kUnknown;
  int64_t checked_ms = 0;
  // private
  std::string place = {};  // URL, header, XMP field
  std::string evidence_sha256 = {};
  bool operator==(const OptOut&) const = default;
};

struct Language {  // about a document
  static constexpr std::string_view kKind = "language";
  std::string tag = {};  // BCP 47: de, en, und
  int64_t permille = 0;  // how sure
  bool operator==(const Language&) const = default;
};

struct PersonalData {  // about a document; give the persons' tokens as NewEvent::subjects
  static constexpr std::string_view kKind = "personal_data";
  std::map<std::string, int64_t> counts = {};  // by type: email, iban, name
  PersonalDataAction action = PersonalDataAction::kMasked;
  std::string reason = {};  // of kept data; nothing personal
  // private
  std::string findings = {};  // JSON of the finder
  bool operator==(const PersonalData&) const = default;
};

struct Transformation {  // about a document
  static constexpr std::string_view kKind = "transformation";
  std::string name = {};
  std::string version = {};
  std::map<std::string, std::string> parameters = {};
  // private
  std::string result_sha256 = {};
  std::string result_signature = {};  // of a text: what similar ones are found by
  bool operator==(const Transformation&) const = default;
};

struct Kept {  // about a document that was out and is in again
  static constexpr std::string_view kKind = "kept";
  std::string reason = {};
  bool operator==(const Kept&) const = default;
};

struct Filtered {  // about a document
  static constexpr std::string_view kKind = "filtered";
  std::string filter = {};
  std::string version = {};
  std::string reason = {};  // a short code: too_short
  // private
  std::string detail = {};
  bool operator==(const Filtered&) const = default;
};

struct Quarantined {  // about a document that could not be read, or may not be
  static constexpr std::string_view kKind = "quarantined";
  std::string reason = {};  // a short code: bomb, no_licence
  // private
  std::string detail = {};  // a message, which may name paths
  bool operator==(const Quarantined&) const = default;
};

struct Duplicate {  // about the one that is left out
  static constexpr std::string_view kKind = "duplicate";
  std::string of = {};   // id of the one that stays
  int64_t permille = 0;  // similarity; 1000: the same
  bool operator==(const Duplicate&) const = default;
};

struct Vanished {  // about a document that its source does not have any more
  static constexpr std::string_view kKind = "vanished";
  bool operator==(const Vanished&) const = default;
};

struct Shard {  // about nothing
  static constexpr std::string_view kKind = "shard";
  std::string name = {};
  std::string sha256 = {};
  int64_t samples = 0;
  int64_t tokens = 0;
  int64_t seed = 0;
  std::vector<std::string> tiers = {};
  bool operator==(const Shard&) const = default;
};

struct ShardMember {  // about a document; one for each shard it is in
  static constexpr std::string_view kKind = "shard_member";
  std::string shard = {};  // SHA-256 of the shard
  std::vector<Range> samples = {};
  std::vector<Range> tokens = {};
  bool operator==(const ShardMember&) const = default;
};

struct ShardRewritten {  // about nothing: documents were forgotten, so the shard has another digest
  static constexpr std::string_view kKind = "shard_rewritten";
  std::string name = {};
  std::string from = {};
  std::string to = {};
  std::vector<std::string> removed = {};  // ids of documents
  bool operator==(const ShardRewritten&) const = default;
};

struct TrainingRun {  // about the run's id
  static constexpr std::string_view kKind = "training_run";
  std::string name = {};
  std::string recipe_sha256 = {};
  int64_t seed = 0;
  std::vector<std::string> parents = {};  // SHA-256 of the models it starts from
  std::vector<std::string> tiers = {};    // that the recipe names
  std::vector<std::string> sources = {};  // whose documents it read as they were, not from shards
  std::string code_version = {};
  std::string hardware = {};
  bool operator==(const TrainingRun&) const = default;
};

struct Batches {  // about the run
  static constexpr std::string_view kKind = "batches";
  Range steps = {};
  std::string shard = {};           // SHA-256 of the shard
  std::vector<Range> samples = {};  // that these steps saw; none: all of the shard
  bool operator==(const Batches&) const = default;
};

struct Model {  // about the run that made it
  static constexpr std::string_view kKind = "model";
  std::string name = {};
  std::string sha256 = {};
  bool operator==(const Model&) const = default;
};

struct RetrainingDue {  // about the run whose model saw what was forgotten
  static constexpr std::string_view kKind = "retraining_due";
  std::string model = {};    // SHA-256; empty: no model was written
  std::string because = {};  // id of the document
  bool operator==(const RetrainingDue&) const = default;
};

struct Evaluation {  // about the run
  static constexpr std::string_view kKind = "evaluation";
  std::string model = {};  // SHA-256
  std::string suite = {};
  std::string version = {};
  std::map<std::string, std::string> results = {};  // decimal texts
  bool operator==(const Evaluation&) const = default;
};

struct Export {  // about nothing
  static constexpr std::string_view kKind = "export";
  std::string format = {};  // croissant, csv, card, attribution
  std::string sha256 = {};
  int64_t head_sequence = 0;  // of the ledger when it was written
  std::string head_digest = {};
  bool operator==(const Export&) const = default;
};

struct Tokenizer {  // about nothing: learned from kept documents
  static constexpr std::string_view kKind = "tokenizer";
  std::string sha256 = {};  // of its file
  int64_t tokens = 0;
  int64_t documents = 0;
  std::vector<std::string> sources = {};  // whose documents; none: all
  std::vector<std::string> tiers = {};
  bool operator==(const Tokenizer&) const = default;
};

struct Merged {  // about nothing: another home's documents were taken over (data/merge.h)
  static constexpr std::string_view kKind = "merged";
  int64_t documents = 0;
  int64_t head_sequence = 0;  // of the other ledger
  std::string head_digest = {};
  bool operator==(const Merged&) const = default;
};

struct Deletion {  // about what was forgotten; Transaction::Erase writes it
  static constexpr std::string_view kKind = kDeletionKind;
  std::string reason = {};
  bool operator==(const Deletion&) const = default;
};

struct ConsentWithdrawn {  // about a document or source
  static constexpr std::string_view kKind = "consent_withdrawn";
  // private
  std::string reference = {};
  bool operator==(const ConsentWithdrawn&) const = default;
};

struct Decision {  // about anything, or nothing: what a person decided
  static constexpr std::string_view kKind = "decision";
  std::string what = {};
  // private
  std::string who = {};
  std::string why = {};
  bool operator==(const Decision&) const = default;
};

// Defined for each struct above. Errors: kInvalidArgument (a mandatory field is empty, a name, day, id or digest is
// none; `about` is judged when it is appended).
template <class Record>
Result<NewEvent> ToEvent(std::string about, const Record& record);

// Appends it to a Transaction, or to a Ledger as a change of its own. Errors: those of ToEvent and of appending.
template <class Writer, class Record>
Result<void> Append(Writer& writer, std::string about, const Record& record, std::vector<Digest> subjects = {}) {
  TRY_ASSIGN(NewEvent event, ToEvent(std::move(about), record));
  event.subjects = std::move(subjects);
  TRY(writer.Append(std::move(event)));
  return {};
}

// Errors: kInvalidArgument (an event of another kind), kCorrupt.
template <class Record>
Result<Record> FromEvent(const Event& event);

}  // namespace walchen::ledger
