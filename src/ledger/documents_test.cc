// SPDX-License-Identifier: Apache-2.0
#include "ledger/documents.h"

#include "ledger/test_ledger.h"

namespace walchen::ledger {
namespace {

class DocumentsTest : public testing::Test {
 protected:
  template <class Record>
  void Append(const std::string& about, const Record& record) {
    auto change = ledger_.Begin();
    ASSERT_TRUE(change);
    AppendRecord(*change, about, record);
    ASSERT_TRUE(change->Commit());
  }

  void Forget(const std::string& id) {
    const std::vector<std::string> ids = {id};
    ASSERT_TRUE(ledger_.Erase(ids, "test"));
  }

  std::vector<ListedDocument> List(DocumentFilter filter = {}) {
    DocumentReader reader(ledger_, std::move(filter));
    std::vector<ListedDocument> listed;
    while (true) {
      auto document = reader.Next();
      EXPECT_TRUE(document) << document.error().ToString();
      if (!document || !*document) return listed;
      listed.push_back(std::move(**document));
    }
  }

  base::TestFolder folder_;
  TickingClock clock_;
  Ledger ledger_ = Ledger::Open(folder_ / "ledger.db", {.clock = &clock_}).value();
  const std::string a_ = kTestDocuments[0], b_ = kTestDocuments[1], c_ = kTestDocuments[2];
};

Document In(const std::string& source, const std::string& content) {
  return {.source = source, .modality = "text", .content = Sha256OfText(content), .path = content};
}

TEST_F(DocumentsTest, AreListedWithWhatBecameOfThem) {
  Append(a_, In("one", "a"));
  Append(b_, In("two", "b"));
  Append(c_, In("one", "c"));
  Append(a_, Filtered{.filter = "quality", .version = "1", .reason = "too_short"});
  Append(a_, Language{.tag = "de"});
  EXPECT_EQ(List().size(), 3u);
  EXPECT_EQ(List()[0].state, DocumentState::kFiltered);
  EXPECT_EQ(List()[1].document.path, "b");
  EXPECT_EQ(List({.source = "one"}).size(), 2u);
  EXPECT_EQ(List({.source = "one", .state = DocumentState::kKept})[0].id, c_);
  Append(a_, Kept{});
  EXPECT_EQ(StateOf(ledger_, a_).value(), DocumentState::kKept);
  Append(b_, Duplicate{.of = a_, .permille = 1000});
  EXPECT_EQ(StateOf(ledger_, b_).value(), DocumentState::kDuplicate);
  Append(b_, Quarantined{.reason = "bomb"});
  EXPECT_EQ(StateOf(ledger_, b_).value(), DocumentState::kQuarantined);
  Append(c_, Vanished{});
  EXPECT_EQ(StateName(StateOf(ledger_, c_).value()), "vanished");
  Forget(c_);
  Append(c_, Kept{});
  EXPECT_EQ(StateOf(ledger_, c_).value(), DocumentState::kForgotten) << "forgotten is final";
  EXPECT_EQ(List({.source = {}, .state = DocumentState::kForgotten})[0].document.path, "");
  EXPECT_EQ(StateOf(ledger_, NewId()).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(StateOf(ledger_, "").error().code(), ErrorCode::kNotFound);
}

TEST_F(DocumentsTest, AreFoundByIdOrByTheBeginningOfTheirContentHash) {
  Append(a_, In("one", "same"));
  Append(b_, In("two", "other"));
  const std::string hash = Sha256OfText("same");
  EXPECT_EQ(FindDocument(ledger_, hash).value(), a_);
  EXPECT_EQ(FindDocument(ledger_, hash.substr(0, 8)).value(), a_);
  EXPECT_EQ(FindDocument(ledger_, hash.substr(0, 32)).value(), a_) << "as long as an id";
  EXPECT_EQ(FindDocument(ledger_, b_).value(), b_);
  EXPECT_EQ(FindDocument(ledger_, std::string(32, 'f')).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(FindDocument(ledger_, hash.substr(0, 7)).error().code(), ErrorCode::kInvalidArgument);
  Append(c_, In("three", "same"));
  const auto several = FindDocument(ledger_, hash);
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(several.error().message().find(a_ + ", " + c_), std::string::npos) << several.error().message();
  Forget(a_);
  EXPECT_EQ(FindDocument(ledger_, hash).value(), c_);
  EXPECT_EQ(FindDocument(ledger_, a_).value(), a_) << "its life is still told";
}

TEST_F(DocumentsTest, TellTheirLifeBackAndForth) {
  Append(a_, In("one", "archive"));
  Document inner = In("one", "inner");
  inner.parent = a_;
  Append(b_, inner);
  Append(c_, In("one", "copy"));
  Append(c_, Duplicate{.of = b_, .permille = 980});
  Append(b_, Language{.tag = "de"});
  const auto life = LifeOf(ledger_, b_).value();
  ASSERT_EQ(life.size(), 2u);
  EXPECT_EQ(life[0].kind, "document");
  EXPECT_EQ(life[1].kind, "language");
  EXPECT_EQ(PartsOf(ledger_, a_).value(), std::vector<std::string>{b_});
  EXPECT_EQ(DuplicatesOf(ledger_, b_).value(), std::vector<std::string>{c_});
  EXPECT_TRUE(PartsOf(ledger_, b_).value().empty());
  EXPECT_EQ(LifeOf(ledger_, "x").error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(DocumentsTest, HaveSourcesOfWhichTheLastWordCounts) {
  Append(a_, Source{.name = "one", .source_class = SourceClass::kCrawl, .basis = Basis::kTdm});
  Append(b_, Source{.name = "two", .source_class = SourceClass::kUser, .basis = Basis::kOwnData});
  Append(a_, Source{.name = "one",
                    .source_class = SourceClass::kCrawl,
                    .basis = Basis::kTdm,
                    .keep_until = "2030-01-01",
                    .purpose = "search"});
  const auto sources = SourcesOf(ledger_).value();
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_EQ(sources[0].id, a_);
  EXPECT_EQ(sources[0].source.keep_until, "2030-01-01");
  EXPECT_EQ(sources[0].source.purpose, "search");
  EXPECT_EQ(sources[1].source.name, "two");
}

class SpreadTest : public DocumentsTest {
 protected:
  const std::string shard_ = Sha256OfText("shard"), rewritten_ = Sha256OfText("rewritten");
  const std::string run_ = std::string(32, 'a'), later_ = std::string(32, 'b'), tuned_ = std::string(32, 'c');
};

TEST_F(SpreadTest, NamesTheRunsWhoseBatchesHadTheDocumentsSamples) {
  Append(a_, ShardMember{.shard = shard_, .samples = {{0, 10}}});
  Append(b_, ShardMember{.shard = shard_, .samples = {{10, 12}, {90, 91}}});
  Append(run_, TrainingRun{.name = "r", .recipe_sha256 = shard_});
  Append(run_, Model{.name = "before-its-first-step", .sha256 = Sha256OfText("untrained")});
  Append(run_, Batches{.steps = {0, 5}, .shard = shard_, .samples = {{0, 10}}});
  Append(run_, Batches{.steps = {5, 9}, .shard = shard_, .samples = {{50, 95}}});
  Append(run_, Model{.name = "m", .sha256 = Sha256OfText("m")});
  const Spread a = SpreadOf(ledger_, a_).value(), b = SpreadOf(ledger_, b_).value();
  EXPECT_EQ(a.sightings, (std::vector<Sighting>{{run_, {0, 5}, shard_}}));
  EXPECT_EQ(b.sightings, (std::vector<Sighting>{{run_, {5, 9}, shard_}}));
  EXPECT_EQ(b.runs, std::vector<std::string>{run_});
  ASSERT_EQ(b.models.size(), 1u);
  EXPECT_EQ(b.models[0].name, "m");
  EXPECT_EQ(b.shards.size(), 1u);
  const Spread none = SpreadOf(ledger_, c_).value();
  EXPECT_TRUE(none.shards.empty() && none.sightings.empty() && none.runs.empty() && none.models.empty());
}

TEST_F(SpreadTest, FollowsAShardThatWasRewrittenForWhatIsLeftInIt) {
  Append(a_, ShardMember{.shard = shard_, .samples = {{0, 10}}});
  Append(b_, ShardMember{.shard = shard_, .samples = {{10, 20}}});
  Append("", ShardRewritten{.name = "s", .from = shard_, .to = rewritten_, .removed = {a_}});
  Append(later_, Batches{.steps = {0, 5}, .shard = rewritten_});
  EXPECT_TRUE(SpreadOf(ledger_, a_).value().runs.empty()) << "it was overwritten before this run";
  EXPECT_EQ(SpreadOf(ledger_, b_).value().runs, std::vector<std::string>{later_});
  EXPECT_EQ(TodaysShard(ledger_, shard_).value(), rewritten_);
  EXPECT_EQ(TodaysShard(ledger_, rewritten_).value(), rewritten_);
}

TEST_F(SpreadTest, NamesRunsThatReadItsSourceWhileItWasThere) {
  const std::string digest = Sha256OfText("recipe");
  const auto run = [&](const std::string& source) { return TrainingRun{.name = "r", .recipe_sha256 = digest, .sources = {source}}; };
  Append(run_, run("notes"));
  Append(a_, Document{.source = "notes", .modality = "text"});
  Append(later_, run("notes"));
  Append(later_, Model{.name = "m", .sha256 = Sha256OfText("m")});
  Append(tuned_, run("letters"));
  Append(a_, Vanished{});
  Append(std::string(32, 'd'), run("notes"));
  const Spread spread = SpreadOf(ledger_, a_).value();
  EXPECT_EQ(spread.runs, std::vector<std::string>{later_});
  EXPECT_EQ(spread.models.size(), 1u);
}

TEST_F(SpreadTest, GoesOnToRunsThatBeganWithAModelOfSuchARun) {
  const std::string first = Sha256OfText("first"), second = Sha256OfText("second");
  Append(a_, ShardMember{.shard = shard_});
  Append(run_, TrainingRun{.name = "r", .recipe_sha256 = shard_});
  Append(run_, Batches{.steps = {0, 5}, .shard = shard_, .samples = {{3, 4}}});
  Append(run_, Model{.name = "first", .sha256 = first});
  Append(later_, TrainingRun{.name = "t", .recipe_sha256 = shard_, .parents = {first}});
  Append(later_, Model{.name = "second", .sha256 = second});
  Append(tuned_, TrainingRun{.name = "u", .recipe_sha256 = shard_, .parents = {second}});
  const Spread spread = SpreadOf(ledger_, a_).value();
  EXPECT_EQ(spread.runs, std::vector<std::string>{run_});
  EXPECT_EQ(spread.heirs, (std::vector<std::string>{later_, tuned_}));
  EXPECT_EQ(spread.models.size(), 2u);
}

}  // namespace
}  // namespace walchen::ledger
