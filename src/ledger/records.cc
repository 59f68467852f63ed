// SPDX-License-Identifier: Apache-2.0
#include "ledger/records.h"

#include <algorithm>
#include <array>

#include "ledger/canonical_json.h"
#include "ledger/record_fields.h"

namespace walchen::ledger {
namespace {

constexpr std::array<std::string_view, 5> kSourceClasses = {"public_dataset", "crawl", "third_party", "user",
                                                            "synthetic"};
constexpr std::array<std::string_view, 6> kBases = {"public-domain", "licence", "own-data",
                                                    "contract",      "tdm",     "consent"};
constexpr std::array<std::string_view, 6> kProtocols = {"robots", "tdmrep", "aipref", "iptc_plus", "c2pa", "noai"};
constexpr std::array<std::string_view, 3> kVerdicts = {"allowed", "reserved", "unknown"};
constexpr std::array<std::string_view, 3> kActions = {"masked", "dropped", "kept"};

// Fields names all fields of a record to a RecordWriter (a const record) or a RecordReader.

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Source*) {
  a.Needed("name", r.name, Form::kName);
  a.Choice("class", r.source_class);
  a.Choice("basis", r.basis);
  a.Text("licence", r.licence);
  a.Text("keep_until", r.keep_until, Form::kDay);
  a.Text("use", r.use, Form::kName);
  a.Text("generator", r.generator);
  a.Text("generator_version", r.generator_version);
  a.MaybeWhole("seed", r.seed);
  a.Private("uri", r.uri);
  a.Private("purpose", r.purpose);
  a.Private("contract", r.contract);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Document*) {
  a.Needed("source", r.source, Form::kName);
  a.Needed("modality", r.modality, Form::kName);
  a.Text("media_type", r.media_type);
  a.Whole("bytes", r.bytes);
  a.Whole("taken_ms", r.taken_ms);
  a.Text("package", r.package);
  a.Text("version", r.version);
  a.Text("parent", r.parent, Form::kId);
  a.Private("content", r.content, Form::kSha256);
  a.Private("path", r.path);
  a.Private("url", r.url);
  a.Private("title", r.title);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Licence*) {
  a.Needed("expression", r.expression);
  a.Needed("evidence", r.evidence, Form::kName);
  a.Texts("disagrees", r.disagrees);
  a.Private("place", r.place);
  a.Private("evidence_sha256", r.evidence_sha256, Form::kSha256);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const RightsBasis*) {
  a.Choice("basis", r.basis);
  a.Text("until", r.until, Form::kDay);
  a.Text("use", r.use, Form::kName);
  a.Private("reference", r.reference);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const OptOut*) {
  a.Choice("protocol", r.protocol);
  a.Choice("verdict", r.verdict);
  a.Whole("checked_ms", r.checked_ms);
  a.Private("place", r.place);
  a.Private("evidence_sha256", r.evidence_sha256, Form::kSha256);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Language*) {
  a.Needed("tag", r.tag, Form::kName);
  a.Whole("permille", r.permille);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const PersonalData*) {
  a.Counts("counts", r.counts);
  a.Choice("action", r.action);
  a.Text("reason", r.reason);
  a.Private("findings", r.findings);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Transformation*) {
  a.Needed("name", r.name, Form::kName);
  a.Needed("version", r.version);
  a.TextMap("parameters", r.parameters);
  a.Private("result_sha256", r.result_sha256, Form::kSha256);
  a.Private("result_signature", r.result_signature);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Kept*) {
  a.Text("reason", r.reason);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Filtered*) {
  a.Needed("filter", r.filter, Form::kName);
  a.Needed("version", r.version);
  a.Needed("reason", r.reason, Form::kName);
  a.Private("detail", r.detail);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Quarantined*) {
  a.Needed("reason", r.reason, Form::kName);
  a.Private("detail", r.detail);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Duplicate*) {
  a.Needed("of", r.of, Form::kId);
  a.Whole("permille", r.permille);
}

template <class Archive, class Record>
void Fields(Archive&, Record&, const Vanished*) {}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Shard*) {
  a.Needed("name", r.name, Form::kName);
  a.Needed("sha256", r.sha256, Form::kSha256);
  a.Whole("samples", r.samples);
  a.Whole("tokens", r.tokens);
  a.Whole("seed", r.seed);
  a.Texts("tiers", r.tiers, Form::kName);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const ShardMember*) {
  a.Needed("shard", r.shard, Form::kSha256);
  a.Ranges("samples", r.samples);
  a.Ranges("tokens", r.tokens);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const ShardRewritten*) {
  a.Needed("name", r.name, Form::kName);
  a.Needed("from", r.from, Form::kSha256);
  a.Needed("to", r.to, Form::kSha256);
  a.Texts("removed", r.removed, Form::kId);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const TrainingRun*) {
  a.Needed("name", r.name, Form::kName);
  a.Needed("recipe_sha256", r.recipe_sha256, Form::kSha256);
  a.Whole("seed", r.seed);
  a.Texts("parents", r.parents, Form::kSha256);
  a.Texts("tiers", r.tiers, Form::kName);
  a.Texts("sources", r.sources, Form::kName);
  a.Text("code_version", r.code_version);
  a.Text("hardware", r.hardware);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Batches*) {
  a.Span("steps", r.steps);
  a.Needed("shard", r.shard, Form::kSha256);
  a.Ranges("samples", r.samples);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Model*) {
  a.Needed("name", r.name, Form::kName);
  a.Needed("sha256", r.sha256, Form::kSha256);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const RetrainingDue*) {
  a.Text("model", r.model, Form::kSha256);
  a.Needed("because", r.because, Form::kId);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Evaluation*) {
  a.Needed("model", r.model, Form::kSha256);
  a.Needed("suite", r.suite, Form::kName);
  a.Needed("version", r.version);
  a.TextMap("results", r.results);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Export*) {
  a.Needed("format", r.format, Form::kName);
  a.Needed("sha256", r.sha256, Form::kSha256);
  a.Whole("head_sequence", r.head_sequence);
  a.Needed("head_digest", r.head_digest, Form::kSha256);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Tokenizer*) {
  a.Needed("sha256", r.sha256, Form::kSha256);
  a.Whole("tokens", r.tokens);
  a.Whole("documents", r.documents);
  a.Texts("sources", r.sources, Form::kName);
  a.Texts("tiers", r.tiers, Form::kName);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Merged*) {
  a.Whole("documents", r.documents);
  a.Whole("head_sequence", r.head_sequence);
  a.Needed("head_digest", r.head_digest, Form::kSha256);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Deletion*) {
  a.Text("reason", r.reason);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const ConsentWithdrawn*) {
  a.Private("reference", r.reference);
}

template <class Archive, class Record>
void Fields(Archive& a, Record& r, const Decision*) {
  a.Needed("what", r.what);
  a.Private("who", r.who);
  a.Private("why", r.why);
}

}  // namespace

template <>
std::span<const std::string_view> NamesOf<SourceClass>() {
  return kSourceClasses;
}
template <>
std::span<const std::string_view> NamesOf<Basis>() {
  return kBases;
}
template <>
std::span<const std::string_view> NamesOf<OptOutProtocol>() {
  return kProtocols;
}
template <>
std::span<const std::string_view> NamesOf<OptOutVerdict>() {
  return kVerdicts;
}
template <>
std::span<const std::string_view> NamesOf<PersonalDataAction>() {
  return kActions;
}

template <class Record>
Result<NewEvent> ToEvent(std::string about, const Record& record) {
  NewEvent event = {.kind = std::string(Record::kKind), .about = std::move(about)};
  RecordWriter writer(event);
  Fields(writer, record, static_cast<const Record*>(nullptr));
  TRY(writer.Finish());
  return event;
}

template <class Record>
Result<Record> FromEvent(const Event& event) {
  if (event.kind != Record::kKind) {
    return Fail(ErrorCode::kInvalidArgument, "event {}: expected kind {}, found {}", event.sequence, Record::kKind,
                event.kind);
  }
  auto body = ParseCanonical(event.body);
  if (!body) return Forward(body, fmt::format("event {}", event.sequence));
  Record record;
  RecordReader reader(event, *body);
  Fields(reader, record, static_cast<const Record*>(nullptr));
  TRY(reader.Finish());
  return record;
}

#define WALCHEN_LEDGER_RECORD(Record)                                    \
  template Result<NewEvent> ToEvent<Record>(std::string, const Record&); \
  template Result<Record> FromEvent<Record>(const Event&);
WALCHEN_LEDGER_RECORD(Source)
WALCHEN_LEDGER_RECORD(Document)
WALCHEN_LEDGER_RECORD(Licence)
WALCHEN_LEDGER_RECORD(RightsBasis)
WALCHEN_LEDGER_RECORD(OptOut)
WALCHEN_LEDGER_RECORD(Language)
WALCHEN_LEDGER_RECORD(PersonalData)
WALCHEN_LEDGER_RECORD(Transformation)
WALCHEN_LEDGER_RECORD(Kept)
WALCHEN_LEDGER_RECORD(Filtered)
WALCHEN_LEDGER_RECORD(Quarantined)
WALCHEN_LEDGER_RECORD(Duplicate)
WALCHEN_LEDGER_RECORD(Vanished)
WALCHEN_LEDGER_RECORD(Shard)
WALCHEN_LEDGER_RECORD(ShardMember)
WALCHEN_LEDGER_RECORD(ShardRewritten)
WALCHEN_LEDGER_RECORD(TrainingRun)
WALCHEN_LEDGER_RECORD(Batches)
WALCHEN_LEDGER_RECORD(Model)
WALCHEN_LEDGER_RECORD(RetrainingDue)
WALCHEN_LEDGER_RECORD(Evaluation)
WALCHEN_LEDGER_RECORD(Export)
WALCHEN_LEDGER_RECORD(Tokenizer)
WALCHEN_LEDGER_RECORD(Merged)
WALCHEN_LEDGER_RECORD(Deletion)
WALCHEN_LEDGER_RECORD(ConsentWithdrawn)
WALCHEN_LEDGER_RECORD(Decision)
#undef WALCHEN_LEDGER_RECORD

}  // namespace walchen::ledger
