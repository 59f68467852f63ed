// SPDX-License-Identifier: Apache-2.0
#include "ledger/records.h"

#include "ledger/canonical_json.h"
#include "ledger/test_ledger.h"

namespace walchen::ledger {
namespace {

const std::string kSha = Sha256OfText("x");
const std::string kRecordId = kTestDocuments[0];

// What the ledger gives back of an event that was appended.
Event Written(const NewEvent& event) {
  return {.sequence = 1,
          .kind = event.kind,
          .about = event.about,
          .body = CanonicalJson(event.body).value(),
          .private_fields = event.private_fields};
}

template <class Record>
void ExpectRoundTrip(const Record& record) {
  const auto event = ToEvent(kRecordId, record);
  ASSERT_TRUE(event) << event.error().ToString();
  EXPECT_EQ(event->kind, Record::kKind);
  EXPECT_EQ(event->about, kRecordId);
  const auto read = FromEvent<Record>(Written(*event));
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(*read, record) << event->body.dump();
}

TEST(Records, ComeBackAsTheyWereWritten) {
  ExpectRoundTrip(Source{.name = "crawl-2026",
                         .source_class = SourceClass::kSynthetic,
                         .basis = Basis::kTdm,
                         .licence = "MIT",
                         .keep_until = "2030-01-31",
                         .generator = "worlds",
                         .generator_version = "3",
                         .seed = 0,
                         .uri = "https://example.org",
                         .purpose = "p",
                         .contract = "c"});
  ExpectRoundTrip(Source{.name = "a", .source_class = SourceClass::kUser, .basis = Basis::kOwnData});
  ExpectRoundTrip(Document{.source = "s",
                           .modality = "text",
                           .media_type = "text/plain",
                           .bytes = 5,
                           .taken_ms = 6,
                           .package = "bash",
                           .version = "5.2",
                           .parent = kRecordId,
                           .content = kSha,
                           .path = "a\xFF",
                           .url = "u",
                           .title = "t"});
  ExpectRoundTrip(Licence{.expression = "MIT OR GPL-2.0-only",
                          .evidence = "stanza",
                          .disagrees = {"MIT", "ISC"},
                          .place = "debian/copyright:7",
                          .evidence_sha256 = kSha});
  ExpectRoundTrip(RightsBasis{.basis = Basis::kConsent, .until = "2027-12-31", .reference = "no. 7"});
  ExpectRoundTrip(OptOut{.protocol = OptOutProtocol::kTdmRep,
                         .verdict = OptOutVerdict::kReserved,
                         .checked_ms = 1,
                         .place = "p",
                         .evidence_sha256 = kSha});
  ExpectRoundTrip(Language{.tag = "de", .permille = 998});
  ExpectRoundTrip(PersonalData{.counts = {{"email", 2}, {"iban", 1}},
                               .action = PersonalDataAction::kDropped,
                               .reason = "policy",
                               .findings = "[]"});
  ExpectRoundTrip(
      Transformation{.name = "unicode", .version = "1", .parameters = {{"form", "NFC"}}, .result_sha256 = kSha});
  ExpectRoundTrip(Kept{.reason = "filter 2"});
  ExpectRoundTrip(Filtered{.filter = "quality", .version = "1", .reason = "too_short", .detail = "3 words"});
  ExpectRoundTrip(Quarantined{.reason = "bomb", .detail = "d"});
  ExpectRoundTrip(Duplicate{.of = kRecordId, .permille = 930});
  ExpectRoundTrip(Vanished{});
  ExpectRoundTrip(Shard{.name = "a", .sha256 = kSha, .samples = 1, .tokens = 2, .seed = 3, .tiers = {"A", "B"}});
  ExpectRoundTrip(ShardMember{.shard = kSha, .samples = {{0, 2}, {5, 5}}, .tokens = {{7, 9}}});
  ExpectRoundTrip(ShardRewritten{.name = "a", .from = kSha, .to = kSha, .removed = {kRecordId}});
  ExpectRoundTrip(TrainingRun{.name = "r",
                              .recipe_sha256 = kSha,
                              .seed = -1,
                              .parents = {kSha},
                              .tiers = {"A"},
                              .code_version = "1",
                              .hardware = "2 cores"});
  ExpectRoundTrip(Batches{.steps = {1, 3}, .shard = kSha, .samples = {{1, 2}}});
  ExpectRoundTrip(Model{.name = "m", .sha256 = kSha});
  ExpectRoundTrip(RetrainingDue{.model = kSha, .because = kRecordId});
  ExpectRoundTrip(Evaluation{.model = kSha, .suite = "s", .version = "1", .results = {{"loss", "3.25"}}});
  ExpectRoundTrip(Export{.format = "croissant", .sha256 = kSha, .head_sequence = 9, .head_digest = kSha});
  ExpectRoundTrip(Tokenizer{.sha256 = kSha, .tokens = 300, .documents = 2, .sources = {"manuals"}, .tiers = {"A", "O"}});
  ExpectRoundTrip(Merged{.documents = 3, .head_sequence = 9, .head_digest = kSha});
  ExpectRoundTrip(Deletion{.reason = "r"});
  ExpectRoundTrip(ConsentWithdrawn{.reference = "r"});
  ExpectRoundTrip(Decision{.what = "w", .who = "x", .why = "y"});
}

TEST(Records, PutNothingPrivateIntoTheBody) {
  const NewEvent event = ToEvent(kRecordId, Document{.source = "s",
                                               .modality = "text",
                                               .content = kSha,
                                               .path = "hidden1",
                                               .url = "hidden2",
                                               .title = "hidden3"})
                             .value();
  EXPECT_EQ(event.body.dump().find("hidden"), std::string::npos);
  EXPECT_EQ(event.body.dump().find(kSha), std::string::npos);
  EXPECT_EQ(event.private_fields.size(), 4u);
}

TEST(Records, AreReadWithoutWhatWasErased) {
  Event event =
      Written(ToEvent(kRecordId, Document{.source = "s", .modality = "text", .content = kSha, .path = "p"}).value());
  event.private_fields.clear();
  const Document document = FromEvent<Document>(event).value();
  EXPECT_EQ(document.source, "s");
  EXPECT_EQ(document.content, "");
}

TEST(Records, RefuseWhatIsMissingOrMalformed) {
  EXPECT_EQ(ToEvent("", Source{}).error().message(), "source: expected a name, found none");
  EXPECT_EQ(ToEvent("", Source{.name = "a"}).error().message(), "source: expected a class, found none");
  EXPECT_EQ(ToEvent("", Source{.name = "a", .source_class = SourceClass::kCrawl}).error().message(),
            "source: expected a basis, found none");
  const Source source = {.name = "a", .source_class = SourceClass::kUser, .basis = Basis::kOwnData};
  EXPECT_TRUE(ToEvent("", source));
  EXPECT_EQ(ToEvent("", Source{.name = "a b"}).error().code(), ErrorCode::kInvalidArgument);
  for (const char* day : {"2027", "2027-13-01", "2027-00-01", "2027-01-32", "27-01-01", "2027-01-01T"}) {
    Source kept = source;
    kept.keep_until = day;
    EXPECT_EQ(ToEvent("", kept).error().code(), ErrorCode::kInvalidArgument) << day;
  }
  EXPECT_EQ(ToEvent(kRecordId, Document{.source = "s", .modality = "text", .content = "abc"}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(ToEvent(kRecordId, Duplicate{.of = "abc"}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ToEvent(kRecordId, Batches{.steps = {3, 1}, .shard = kSha}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ToEvent(kRecordId, ShardMember{.shard = kSha, .samples = {{3, 1}}}).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Records, ReadOfAnyBodyIsARecordOrAnError) {
  const char* bodies[] = {"",
                          "[]",
                          "{}",
                          R"({"name":7})",
                          R"({"class":"user","name":"a"})",
                          R"({"basis":"own-data","class":"x","name":"a"})",
                          R"({"basis":"own-data","class":"user","name":"a","seed":"1"})",
                          R"({"basis":"own-data","class":"user","keep_until":"x","name":"a"})"};
  for (const char* body : bodies) {
    const auto source = FromEvent<Source>({.sequence = 4, .kind = "source", .body = body});
    ASSERT_FALSE(source) << body;
    EXPECT_EQ(source.error().code(), ErrorCode::kCorrupt) << body;
    EXPECT_TRUE(source.error().message().starts_with("event 4")) << source.error().message();
  }
  EXPECT_EQ(FromEvent<Source>({.kind = "document", .body = "{}"}).error().code(), ErrorCode::kInvalidArgument);
  for (const char* body : {R"({"samples":[[2,1]],"shard":"@"})", R"({"samples":[[1]],"shard":"@"})",
                           R"({"samples":[1],"shard":"@"})", R"({"samples":{},"shard":"@"})"}) {
    std::string text = body;
    text.replace(text.find('@'), 1, kSha);
    EXPECT_EQ(FromEvent<ShardMember>({.kind = "shard_member", .body = text}).error().code(), ErrorCode::kCorrupt)
        << body;
  }
}

TEST(NameOf, IsWhatNamedReads) {
  EXPECT_EQ(NameOf(Basis::kOwnData), "own-data");
  EXPECT_EQ(Named<Basis>("tdm"), Basis::kTdm);
  EXPECT_EQ(Named<SourceClass>("crawl"), SourceClass::kCrawl);
  EXPECT_EQ(Named<OptOutVerdict>(""), std::nullopt);
  EXPECT_EQ(NamesOf<OptOutProtocol>().size(), 6u);
}

}  // namespace
}  // namespace walchen::ledger
