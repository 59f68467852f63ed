// SPDX-License-Identifier: Apache-2.0
#include "data/intake_document.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "data/file_licence.h"
#include "data/kept_content.h"
#include "data/kept_text.h"
#include "data/known_content.h"
#include "data/page_captions.h"
#include "ledger/documents.h"

namespace walchen::data {
namespace {

// What a file says of its own licence goes before what its package says, and that before what its source says: the nearer one
// knows better.
std::optional<ledger::Licence> LicenceOf(const ledger::Source& source, const Part& part, const PackageFacts& package) {
  std::optional<ledger::Licence> licence = FileLicence(part.licences);
  std::string of_package = package.licence ? package.licence->expression : "";
  if (!licence) licence = package.licence;
  if (!licence && source.licence.empty()) {
    if (package.unclear.empty() || source.basis != ledger::Basis::kLicence) return std::nullopt;
    return ledger::Licence{.expression = std::string(kUnclearLicence), .evidence = "package", .place = package.unclear};
  }
  if (!licence) return ledger::Licence{.expression = source.licence, .evidence = "statement", .place = package.unclear};
  for (const std::string& weaker : {of_package, source.licence}) {
    const bool is_new = std::ranges::find(licence->disagrees, weaker) == licence->disagrees.end();
    if (!weaker.empty() && weaker != licence->expression && is_new) licence->disagrees.push_back(weaker);
  }
  return licence;
}

constexpr size_t kPlaceMaxBytes = 64;      // the longest name of a sheet has 31 characters
constexpr size_t kTitleMaxBytes = 4'096;  // titles in use are under 300
constexpr std::string_view kNotesKind = "notes";
constexpr size_t kNotesMax = 500, kNoteMaxBytes = 256;  // at six bytes for a control character still less than a private value may have
constexpr size_t kFindingsPerEvent = 10'000;  // their tokens take 60 bytes each: half of what a private value may have

std::string PlaceText(const Place& place) {
  switch (place.kind) {
    case Place::Kind::kBytes: return fmt::format("bytes {}-{}", place.first, place.last);
    case Place::Kind::kPage: return fmt::format("page {}", place.first);
    case Place::Kind::kParagraph: return fmt::format("paragraph {}", place.first);
    case Place::Kind::kMsgid: return fmt::format("message {}", place.first);
    case Place::Kind::kCells:
    case Place::Kind::kMessagePart:
    case Place::Kind::kSection: return place.name;
  }
  return place.name;
}

// "words" of "quality: words 2 < 3": what may stay for ever; the numbers may not.
std::string ReasonCode(std::string_view reason) {
  const size_t colon = reason.find(": ");
  const std::string_view rest = colon == std::string_view::npos ? reason : reason.substr(colon + 2);
  return std::string(rest.substr(0, rest.find(' ')));
}

std::optional<ledger::OptOutProtocol> ProtocolOf(std::string_view name) {
  if (name == "tdmrep") return ledger::OptOutProtocol::kTdmRep;
  if (name == "aipref") return ledger::OptOutProtocol::kAipref;
  if (name == "plus") return ledger::OptOutProtocol::kIptcPlus;
  if (name == "c2pa") return ledger::OptOutProtocol::kC2pa;
  if (name == "noai") return ledger::OptOutProtocol::kNoAi;
  if (name == "robots") return ledger::OptOutProtocol::kRobots;
  return std::nullopt;
}

// The values that the protocols define; anything else is nobody's word.
ledger::OptOutVerdict VerdictOf(const OptOutMark& mark) {
  constexpr auto kReserved = ledger::OptOutVerdict::kReserved, kAllowed = ledger::OptOutVerdict::kAllowed;
  const auto says = [&](std::string_view word) { return mark.value.find(word) != std::string::npos; };
  if (mark.protocol == "noai") return kReserved;
  if (mark.protocol == "robots") return mark.value.starts_with("disallow") ? kReserved : mark.value == "allow" ? kAllowed : ledger::OptOutVerdict::kUnknown;
  if (mark.protocol == "tdmrep") return mark.value == "1" ? kReserved : mark.value == "0" ? kAllowed : ledger::OptOutVerdict::kUnknown;
  if (mark.protocol == "aipref") return says("train-ai=n") ? kReserved : says("train-ai=y") ? kAllowed : ledger::OptOutVerdict::kUnknown;
  // What a model may be asked about a picture is another question than what it may learn.
  if (mark.protocol == "c2pa" && mark.field.ends_with("inference")) return ledger::OptOutVerdict::kUnknown;
  if (mark.protocol == "c2pa") return mark.value == "allowed" ? kAllowed : mark.value == "notAllowed" || mark.value == "constrained" ? kReserved : ledger::OptOutVerdict::kUnknown;
  if (mark.protocol == "plus") return says("PROHIBITED") || says("SEECONSTRAINT") ? kReserved : kAllowed;
  return ledger::OptOutVerdict::kUnknown;
}

std::string_view ModalityOf(PartKind kind) {
  switch (kind) {
    case PartKind::kText: return "text";
    case PartKind::kTable: return "table";
    case PartKind::kSignal: return "signal";
    case PartKind::kPicture: return "picture";
  }
  return "text";
}

// What is no prose may still be a picture or numbers.
bool IsAboutTheTextAlone(std::string_view filter) { return filter == "quality" || filter == "language" || filter == "filter_chain"; }

ledger::PersonalDataAction ActionOf(FindingPolicy policy) {
  switch (policy) {
    case FindingPolicy::kMask: return ledger::PersonalDataAction::kMasked;
    case FindingPolicy::kDrop: return ledger::PersonalDataAction::kDropped;
    case FindingPolicy::kKeep: return ledger::PersonalDataAction::kKept;
  }
  return ledger::PersonalDataAction::kMasked;
}

}  // namespace

bool IsReservation(const OptOutMark& mark) { return VerdictOf(mark) == ledger::OptOutVerdict::kReserved; }

Result<void> AppendOptOuts(ledger::Transaction& change, const std::string& id, std::span<const OptOutMark> marks, base::Clock& clock) {
  for (const OptOutMark& mark : marks) {
    const auto protocol = ProtocolOf(mark.protocol);
    if (!protocol) continue;
    TRY(ledger::Append(change, id, ledger::OptOut{.protocol = *protocol,
                                                  .verdict = VerdictOf(mark),
                                                  .checked_ms = clock.WallMs(),
                                                  .place = mark.field,
                                                  .evidence_sha256 = base::Sha256Hex(base::AsBytes(mark.field + "\n" + mark.value))}));
  }
  return {};
}

Result<void> DocumentTaker::Take(const FilteredPart& filtered, const PackageFacts& package) {
  const Part& part = filtered.part;
  // An archive that ends in trouble says so in a last part, which is about what was inside.
  const bool is_file = part.inner_path.empty() && main_id_.empty();
  if (!is_file && main_id_.empty()) {  // an archive, which has no text of its own
    TRY_ASSIGN(main_id_, AppendDocument({}, package_, "archive", content_, {}));
    TRY(AppendRights(main_id_, {}, package_));
  }
  const std::string& content = is_file ? content_ : filtered.digest;
  bool was_forgotten = false;
  if (part.quarantine.empty()) {
    TRY_ASSIGN(was_forgotten, WasForgotten(taking_.ledger, taking_.subjects, content));
  }
  // What was forgotten does not come back in the record that refuses it: a mail's title is its subject.
  const std::string_view title = was_forgotten ? std::string_view() : std::string_view(part.title);
  TRY_ASSIGN(const std::string id, AppendDocument(filtered, package, ModalityOf(part.kind), content, title));
  if (is_file) main_id_ = id;
  ++count_.documents;
  TRY(AppendRights(id, part, package));
  TRY(AppendOptOuts(taking_.change, id, part.opt_outs, taking_.clock));
  TRY(AppendOptOuts(taking_.change, id, site_, taking_.clock));
  if (!filtered.cleaned || was_forgotten) {
    ++count_.quarantined;
    const std::string_view why = was_forgotten ? "forgotten" : part.quarantine == kIsLink || part.quarantine == kNamesAnotherFile ? "link" : "unreadable";
    return ledger::Append(taking_.change, id, ledger::Quarantined{.reason = std::string(why), .detail = part.quarantine});
  }
  std::string same;
  if (taking_.intake.source.use.empty()) {  // what is kept to measure with is kept whole
    TRY_ASSIGN(same, SameContent(taking_.ledger, content, id, taking_.today));
  }
  if (!same.empty()) {
    ++count_.duplicates;
    return ledger::Append(taking_.change, id, ledger::Duplicate{.of = same, .permille = 1'000});
  }
  return AppendCleaned(id, part, *filtered.cleaned);
}

// What the filters made of the text, and what they did.
Result<void> DocumentTaker::AppendCleaned(const std::string& id, const Part& part, const FilteredDocument& cleaned) {
  ledger::Transformation chain = {.name = "filter_chain", .version = fmt::to_string(kFilterChainVersion),
                                  .result_sha256 = base::Sha256Hex(base::AsBytes(cleaned.text)),
                                  .result_signature = TextOf(cleaned.signature)};
  for (const AppliedFilter& filter : cleaned.applied) {
    chain.parameters[filter.name] = fmt::format("version={} {}", filter.version, filter.parameters);
  }
  TRY(ledger::Append(taking_.change, id, chain));
  TRY(ledger::Append(taking_.change, id, ledger::Language{.tag = cleaned.language.language, .permille = std::lround(cleaned.language.share * 1'000)}));
  TRY(AppendFindings(id, cleaned, /*secrets=*/false));
  TRY(AppendFindings(id, cleaned, /*secrets=*/true));
  TRY(AppendNotes(id, part, cleaned));
  if (!part.captions.empty()) {
    TRY(AppendPageCaptions(taking_.change, id, id == main_id_ ? file_.path.native() : part.inner_path, part.captions));
  }
  if (!part.content.empty() && (cleaned.kept || IsAboutTheTextAlone(cleaned.filter))) return AppendWithContent(id, part, cleaned);
  if (!cleaned.kept) {
    ++count_.filtered;
    return ledger::Append(taking_.change, id, ledger::Filtered{.filter = cleaned.filter, .version = fmt::to_string(kFilterChainVersion),
                                       .reason = ReasonCode(cleaned.reason), .detail = cleaned.reason});
  }
  TRY_ASSIGN(const bool is_usable, IsUsable(taking_.ledger, id, taking_.today));
  // What is kept to measure with is whole; the shards are built without what is like it (shard_builder.h).
  const bool is_for_training = taking_.intake.source.use.empty();
  const auto match = is_for_training ? taking_.kept.Find(cleaned.signature) : std::nullopt;
  if (match) {
    ++count_.duplicates;
    return ledger::Append(taking_.change, id, ledger::Duplicate{.of = match->id, .permille = std::lround(match->similarity * 1'000)});
  }
  if (is_usable) TRY(taking_.kept.Add(id, cleaned.signature));
  ++count_.kept;
  return AppendCleanedText(id, part, cleaned);
}

// What the file's reader noted ("page 3: read from its picture"), and why numbers or a picture stay without their text. Private:
// notes name sheets and columns.
Result<void> DocumentTaker::AppendNotes(const std::string& id, const Part& part, const FilteredDocument& cleaned) {
  auto notes = nlohmann::json::array();
  const bool is_without_text = !part.content.empty() && !cleaned.kept && IsAboutTheTextAlone(cleaned.filter) && !cleaned.text.empty();
  if (is_without_text) notes.push_back("its text is left out: " + cleaned.reason);
  for (const std::string& note : part.notes) {
    if (notes.size() < kNotesMax) notes.push_back(note.substr(0, kNoteMaxBytes));
  }
  if (notes.empty()) return {};
  ledger::NewEvent event = {.kind = std::string(kNotesKind), .about = id};
  event.private_fields.push_back({std::string(kNotesKind), notes.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
  TRY(taking_.change.Append(std::move(event)));
  return {};
}

// Numbers and pictures stay without a text that is no good: a table of numbers is no prose.
Result<void> DocumentTaker::AppendWithContent(const std::string& id, const Part& part, const FilteredDocument& cleaned) {
  ++count_.kept;
  TRY(AppendContent(taking_.change, id, part.content));
  return cleaned.kept ? AppendCleanedText(id, part, cleaned) : Result<void>();
}

Result<void> DocumentTaker::AppendCleanedText(const std::string& id, const Part& part, const FilteredDocument& cleaned) {
  std::vector<TextPlace> places;
  for (const Span& span : part.spans) {
    places.push_back({cleaned.places.ToResult(span.begin), cleaned.places.ToResult(span.end), PlaceText(span.place).substr(0, kPlaceMaxBytes)});
  }
  return AppendText(taking_.change, id, cleaned.text, places);
}

// Counts for ever; what was found, and the persons' tokens, as long as the document is not forgotten.
Result<void> DocumentTaker::AppendFindings(const std::string& id, const FilteredDocument& cleaned, bool secrets) {
  ledger::PersonalData record;
  auto list = nlohmann::json::array();
  std::vector<ledger::Digest> subjects;
  const auto append = [&]() -> Result<void> {
    if (list.empty()) return {};
    record.action = secrets ? ledger::PersonalDataAction::kMasked : ActionOf(taking_.intake.personal_data);
    if (!secrets) record.reason = taking_.intake.personal_data_reason;
    record.findings = list.dump();
    TRY(ledger::Append(taking_.change, id, record, std::exchange(subjects, {})));
    record = {};
    list.clear();
    return {};
  };
  for (size_t i = 0; i < cleaned.findings.size(); ++i) {
    const Finding& finding = cleaned.findings[i];
    if (IsSecret(finding.kind) != secrets) continue;
    ++record.counts[std::string(FindingName(finding.kind))];
    list.push_back({FindingName(finding.kind), finding.begin, finding.end});
    const auto token = secrets ? std::nullopt : std::optional(taking_.subjects.TokenOf(cleaned.found[i]));
    if (token && *token) subjects.push_back(**token);
    if (list.size() == kFindingsPerEvent) TRY(append());
  }
  return append();
}

Result<std::string> DocumentTaker::AppendDocument(const FilteredPart& filtered, const PackageFacts& package, std::string_view modality,
                                                  const std::string& content, std::string_view title) {
  const Part& part = filtered.part;
  const std::string id = ledger::NewId();
  const bool is_main = main_id_.empty();
  const ledger::Document document = {.source = taking_.intake.source.name,
                                     .modality = std::string(modality),
                                     .media_type = part.media_type,
                                     .bytes = static_cast<int64_t>(is_main ? file_.size : filtered.bytes),
                                     .taken_ms = taking_.clock.WallMs(),
                                     .package = package.package,
                                     .version = package.version,
                                     .parent = main_id_,
                                     .content = content,
                                     .path = is_main ? file_.path.native() : part.inner_path,
                                     .title = std::string(title.substr(0, kTitleMaxBytes))};
  std::vector<ledger::Digest> subjects;
  if (!content.empty()) {
    TRY_ASSIGN(subjects.emplace_back(), taking_.subjects.TokenOf(ContentSubject(content)));
  }
  TRY(ledger::Append(taking_.change, id, document, std::move(subjects)));
  return id;
}

Result<void> DocumentTaker::AppendRights(const std::string& id, const Part& part, const PackageFacts& package) {
  const ledger::Source& source = taking_.intake.source;
  TRY(ledger::Append(taking_.change, id, ledger::RightsBasis{.basis = *source.basis, .until = source.keep_until, .use = source.use}));
  const std::optional<ledger::Licence> licence = LicenceOf(source, part, package);
  return licence ? ledger::Append(taking_.change, id, *licence) : Result<void>();
}

}  // namespace walchen::data
