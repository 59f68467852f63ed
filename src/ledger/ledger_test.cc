// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "ledger/canonical_json.h"
#include "ledger/checkpoint.h"
#include "ledger/database.h"
#include "ledger/test_ledger.h"
#include "ledger/verify.h"

namespace walchen::ledger {
namespace {

const std::string kId = kTestDocuments[0];

class LedgerTest : public testing::Test {
 protected:
  Ledger Open(LedgerOptions options = {}) {
    options.clock = &clock_;
    auto ledger = Ledger::Open(path_, options);
    EXPECT_TRUE(ledger) << ledger.error().ToString();
    return std::move(*ledger);
  }

  // Which files of the ledger hold these bytes.
  std::vector<std::string> FilesWith(std::string_view bytes) {
    std::vector<std::string> found;
    const std::vector<std::string> names = base::Files::Os().List(folder_.path()).value();
    for (const std::string& name : names) {
      const std::string content = base::Files::Os().Read(folder_ / name, 1 << 30).value();
      if (content.find(bytes) != std::string::npos) found.push_back(name);
    }
    return found;
  }

  base::TestFolder folder_;
  base::Path path_ = folder_ / "ledger.db";
  TickingClock clock_;
};

std::vector<Event> AllOf(EventReader reader) {
  std::vector<Event> events;
  while (true) {
    auto event = reader.Next();
    EXPECT_TRUE(event) << event.error().ToString();
    if (!event || !*event) return events;
    events.push_back(std::move(**event));
  }
}

TEST_F(LedgerTest, GivesBackWhatWasAppended) {
  {
    Ledger ledger = Open();
    EXPECT_EQ(ledger.LastHead().value(), Head{});
    const Head head =
        ledger
            .Append(
                {.kind = "note", .about = kId, .body = {{"b", 1}, {"a", "x"}}, .private_fields = {{"path", "/a/b"}}})
            .value();
    EXPECT_EQ(head.sequence, 1u);
  }
  Ledger ledger = Open({.read_only = true});
  const Event event = ledger.At(1).value();
  EXPECT_EQ(event.kind, "note");
  EXPECT_EQ(event.about, kId);
  EXPECT_EQ(event.time_ms, 1'790'000'000'000);
  EXPECT_EQ(event.previous, Digest{});
  EXPECT_EQ(event.digest, DigestOf(event));
  EXPECT_EQ(ledger.LastHead().value(), (Head{1, event.digest}));
  ASSERT_EQ(event.private_fields.size(), 1u);
  EXPECT_EQ(event.private_fields[0].value, "/a/b");
  EXPECT_EQ(event.body.find("/a/b"), std::string::npos);
  EXPECT_TRUE(event.body.starts_with(R"({"a":"x","b":1,"private":{"path":")")) << event.body;
  EXPECT_EQ(ledger.At(2).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(ledger.At(0).error().code(), ErrorCode::kNotFound);
}

TEST_F(LedgerTest, IsReadableByItsOwnerOnly) {
  Ledger ledger = Open();
  ASSERT_TRUE(ledger.Append({.kind = "note"}));
  const std::vector<std::string> names = base::Files::Os().List(folder_.path()).value();
  for (const std::string& name : names) {
    struct stat status{};
    ASSERT_EQ(::stat((folder_ / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(LedgerTest, ReadsByWhatEventsAreAboutAndByKindInOrder) {
  Ledger ledger = Open({.checkpoint_every = 0});
  auto change = ledger.Begin();
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(change->Append({.kind = i % 3 == 0 ? "a" : "b", .about = kTestDocuments[i % 2]}));
  }
  ASSERT_TRUE(change->Commit());
  const auto all = AllOf(ledger.Read());
  ASSERT_EQ(all.size(), 1'000u);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].sequence, i + 1);
  EXPECT_EQ(AllOf(ledger.Read({.about = kTestDocuments[1]})).size(), 500u);
  EXPECT_EQ(AllOf(ledger.Read({.kind = "a"})).size(), 334u);
  const auto both = AllOf(ledger.Read({.about = kTestDocuments[1], .kind = "a", .after = 500}));
  ASSERT_EQ(both.size(), 84u);
  EXPECT_EQ(both.front().sequence, 502u);
  EXPECT_TRUE(std::ranges::is_sorted(both, {}, &Event::sequence));
}

TEST_F(LedgerTest, ReadsWhileItIsWritten) {
  Ledger ledger = Open({.checkpoint_every = 0});
  ASSERT_TRUE(ledger.Append({.kind = "note"}));
  EventReader reader = ledger.Read();
  uint64_t seen = 0;
  while (seen < 600) {
    const auto event = reader.Next();
    ASSERT_TRUE(event && *event);
    EXPECT_EQ((*event)->sequence, ++seen);
    ASSERT_TRUE(ledger.Append({.kind = "note"}));
  }
}

TEST_F(LedgerTest, KeepsNothingOfAChangeWithoutCommit) {
  Ledger ledger = Open();
  {
    auto change = ledger.Begin();
    ASSERT_TRUE(change->Append({.kind = "note", .private_fields = {{"path", "x"}}}));
  }
  EXPECT_EQ(ledger.LastHead().value().sequence, 0u);
  EXPECT_EQ(ledger.Append({.kind = "note"}).value().sequence, 1u);
  EXPECT_TRUE(Verify(ledger).value().clean());
}

TEST_F(LedgerTest, RefusesWhatIsMalformedAndGoesOn) {
  Ledger ledger = Open();
  auto change = ledger.Begin();
  const auto expect = [&](NewEvent event, ErrorCode code) {
    const auto appended = change->Append(std::move(event));
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code(), code) << appended.error().ToString();
  };
  expect({.kind = ""}, ErrorCode::kInvalidArgument);
  expect({.kind = "Note"}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .about = "7"}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .body = 7}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .body = {{"private", 1}}}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .body = {{"x", 0.5}}}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .body = {{"x", "\xFF"}}}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .private_fields = {{"a b", ""}}}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .private_fields = {{"subjects", ""}}}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .private_fields = {{"a", "1"}, {"a", "2"}}}, ErrorCode::kInvalidArgument);
  expect({.kind = "note", .body = {{"x", std::string(base::kLedgerBodyMaxBytes, 'x')}}}, ErrorCode::kTooLarge);
  expect({.kind = "note", .private_fields = {{"x", std::string(base::kLedgerPrivateMaxBytes + 1, 'x')}}},
         ErrorCode::kTooLarge);
  EXPECT_EQ(change->Erase(kId, "test").error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(change->Append({.kind = "note", .private_fields = {{"raw", std::string("\0\xFF", 2)}, {"empty", ""}}}));
  EXPECT_EQ(change->Commit().value().sequence, 1u);
  EXPECT_EQ(change->Commit().error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(change->Append({.kind = "note"}).error().code(), ErrorCode::kCancelled);
  const Event event = ledger.At(1).value();
  ASSERT_EQ(event.private_fields.size(), 2u);
  EXPECT_EQ(event.private_fields[0].value, "");
  EXPECT_EQ(event.private_fields[1].value, std::string("\0\xFF", 2));
  EXPECT_TRUE(Verify(ledger).value().clean());
}

TEST_F(LedgerTest, NeverChangesOrDeletesAnEvent) {
  Ledger ledger = Open();
  ASSERT_TRUE(ledger.Append({.kind = "note"}));
  for (const char* sql : {"UPDATE event SET kind = 'x'", "DELETE FROM event"}) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_CONSTRAINT) << sql;
    sqlite3_close(handle);
  }
  EXPECT_EQ(ledger.At(1).value().kind, "note");
}

TEST_F(LedgerTest, WritesCheckpointsThatProveEachEvent) {
  const SigningKey key(Secret{7});
  Ledger ledger = Open({.checkpoint_every = 10, .signing_key = key});
  for (int part = 0; part < 5; ++part) {
    auto change = ledger.Begin();
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(change->Append({.kind = "note", .body = {{"i", i}}}));
    ASSERT_TRUE(change->Commit());
  }
  const Head last = ledger.AppendCheckpoint().value();
  EXPECT_EQ(ledger.AppendCheckpoint().value(), last) << "there is nothing new to check";
  const auto checkpoints = AllOf(ledger.Read({.kind = "checkpoint"}));
  ASSERT_EQ(checkpoints.size(), 4u);  // at 11, 22, 33 and by hand
  const Checkpoint checkpoint = ReadCheckpoint(checkpoints.back().body).value();
  EXPECT_TRUE(SignatureHolds(checkpoint));
  EXPECT_EQ(checkpoint.signer, key.public_key());
  const uint64_t size = checkpoint.tree.size();
  EXPECT_EQ(size + 1, last.sequence);
  for (const Event& event : AllOf(ledger.Read())) {
    if (event.sequence > size) break;
    EXPECT_TRUE(Proves(ledger.Prove(event.sequence, size).value(), event.digest, checkpoint.root)) << event.sequence;
  }
  EXPECT_EQ(ledger.Prove(size + 2, size + 1).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ledger.Prove(1, size + 2).error().code(), ErrorCode::kInvalidArgument);
  const VerifyReport report = Verify(ledger, {.known_heads = {}, .signer = key.public_key()}).value();
  EXPECT_TRUE(report.clean()) << report.faults[0].what;
  EXPECT_EQ(report.signatures, 4u);
  EXPECT_FALSE(Verify(ledger, {.known_heads = {}, .signer = PublicKey{}}).value().clean());
}

TEST_F(LedgerTest, FindsDocumentsByContentHashAndByPerson) {
  Ledger ledger = Open();
  FillSmall(ledger);
  const std::string hash = Sha256OfText(kId);
  for (const size_t digits : {8u, 20u, 64u}) {
    EXPECT_EQ(ledger.AboutContent(std::string_view(hash).substr(0, digits)).value(), std::vector<std::string>{kId});
  }
  EXPECT_TRUE(ledger.AboutContent(std::string(8, 'f')).value().empty());
  for (const std::string& bad : {hash.substr(0, 7), hash + "0", std::string("ABCDEF01"), std::string("g0000000")}) {
    EXPECT_EQ(ledger.AboutContent(bad).error().code(), ErrorCode::kInvalidArgument) << bad;
  }
  const SubjectKey key(Secret{1, 2, 3});
  EXPECT_EQ(ledger.AboutSubject(key.TokenOf("Erika@example.org").value()).value(),
            std::vector(std::begin(kTestDocuments), std::end(kTestDocuments)));
  EXPECT_TRUE(ledger.AboutSubject(key.TokenOf("Max").value()).value().empty());
}

TEST_F(LedgerTest, ErasesWhatWasForgottenFromEveryFile) {
  Ledger ledger = Open();
  FillSmall(ledger);
  ASSERT_FALSE(FilesWith("Secret title " + kId).empty());
  ASSERT_FALSE(FilesWith(Sha256OfText(kId)).empty());
  std::vector<std::string> salts;
  {
    Query query =
        ledger.database()
            .Ask("SELECT salt FROM private JOIN event ON sequence = event WHERE about = ?1", std::string_view(kId))
            .value();
    while (query.Next().value()) salts.emplace_back(base::AsText(query.Blob(0)));
  }
  EXPECT_EQ(salts.size(), 5u);
  const uint64_t before = ledger.LastHead().value().sequence;
  const std::vector<std::string> ids = {kId};
  const Head head = ledger.Erase(ids, "request of the person").value();
  EXPECT_EQ(head.sequence, before + 1);
  EXPECT_EQ(ledger.At(head.sequence).value().kind, "deletion");
  for (const std::string& bytes : {"Secret title " + kId, "an " + kId + ".eml", Sha256OfText(kId)}) {
    EXPECT_EQ(FilesWith(bytes), std::vector<std::string>()) << bytes;
  }
  for (const std::string& salt : salts) EXPECT_EQ(FilesWith(salt), std::vector<std::string>());
  EXPECT_FALSE(FilesWith("Secret title " + kTestDocuments[1]).empty());
  EXPECT_TRUE(ledger.AboutContent(Sha256OfText(kId)).value().empty());
  const SubjectKey key(Secret{1, 2, 3});
  EXPECT_EQ(ledger.AboutSubject(key.TokenOf("erika@example.org").value()).value().size(), 2u);
  const VerifyReport report = Verify(ledger).value();
  EXPECT_TRUE(report.clean()) << report.faults[0].what;
  EXPECT_EQ(report.erased_values, 5u);  // content, path, title, findings, subjects
  EXPECT_EQ(ledger.Append({.kind = "note", .about = kId, .private_fields = {{"path", "x"}}}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(ledger.Append({.kind = "note", .about = kId}));
  EXPECT_TRUE(ledger.Erase(ids, "again")) << "what was forgotten may be forgotten again";
}

TEST_F(LedgerTest, LeavesNoTraceOfManyErasedDocumentsInGapsOfRebuiltPages) {
  Ledger ledger = Open();
  std::vector<std::string> gone;
  std::vector<std::string> secrets;
  for (int round = 0; round < 12; ++round) {
    auto change = ledger.Begin();
    for (int i = 0; i < 100; ++i) {
      const std::string id = NewId(), secret = NewId() + NewId();
      ASSERT_TRUE(
          change->Append({.kind = "document",
                          .about = id,
                          .private_fields = {{"content", secret},
                                             {"path", secret + "/" + std::string(static_cast<size_t>(i) * 3, 'p')}}}));
      if (i % 3 == 0) {
        gone.push_back(id);
        secrets.push_back(secret);
      }
    }
    ASSERT_TRUE(change->Commit());
    // Pages are rebuilt by what comes later, so some go in each round, and their bytes are looked for after the last
    // one.
    auto forgetting = ledger.Begin();
    for (; gone.size() > 10; gone.pop_back()) ASSERT_TRUE(forgetting->Erase(gone.back(), "test"));
    ASSERT_TRUE(forgetting->Commit());
  }
  ASSERT_TRUE(ledger.Erase(gone, "test"));
  std::string content;
  const std::vector<std::string> names = base::Files::Os().List(folder_.path()).value();
  for (const std::string& name : names) {
    content += base::Files::Os().Read(folder_ / name, 1 << 30).value();
  }
  for (const std::string& secret : secrets) {
    EXPECT_EQ(content.find(secret.substr(0, 24)), std::string::npos);
    EXPECT_EQ(content.find(secret.substr(40)), std::string::npos);
  }
  EXPECT_TRUE(Verify(ledger).value().clean());
}

TEST_F(LedgerTest, ErasesAllOrNothing) {
  Ledger ledger = Open();
  FillSmall(ledger);
  const std::vector<std::string> ids = {kId, NewId()};
  EXPECT_EQ(ledger.Erase(ids, "test").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(ledger.AboutContent(Sha256OfText(kId)).value().empty());
  EXPECT_FALSE(ledger.NeedsScrub().value());
}

TEST_F(LedgerTest, SaysSoWhenAReaderKeepsErasedBytesInTheJournal) {
  Ledger ledger = Open({.busy_ms = 20});
  FillSmall(ledger);
  Ledger other = Open({.busy_ms = 20});
  ASSERT_TRUE(other.database().Run("BEGIN"));
  ASSERT_TRUE(other.LastHead());  // it reads an old state from now on
  const std::vector<std::string> ids = {kId};
  const auto erased = ledger.Erase(ids, "test");
  ASSERT_FALSE(erased);
  EXPECT_EQ(erased.error().code(), ErrorCode::kUnavailable) << erased.error().ToString();
  EXPECT_TRUE(ledger.AboutContent(Sha256OfText(kId)).value().empty());
  EXPECT_TRUE(ledger.NeedsScrub().value());
  EXPECT_FALSE(Verify(ledger).value().clean());
  ASSERT_TRUE(other.database().Run("ROLLBACK"));
  ASSERT_TRUE(ledger.Scrub());
  EXPECT_FALSE(ledger.NeedsScrub().value());
  EXPECT_EQ(FilesWith("Secret title " + kId), std::vector<std::string>());
  EXPECT_TRUE(Verify(ledger).value().clean());
}

TEST_F(LedgerTest, MakesTwoWritersWaitForEachOther) {
  Ledger first = Open({.busy_ms = 20});
  Ledger second = Open({.busy_ms = 20});
  {
    auto change = first.Begin();
    ASSERT_TRUE(change->Append({.kind = "note"}));
    const auto refused = second.Append({.kind = "note"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(second.LastHead().value().sequence, 0u) << "readers do not wait";
    ASSERT_TRUE(change->Commit());
  }
  EXPECT_EQ(second.Append({.kind = "note"}).value().sequence, 2u);
  EXPECT_EQ(first.Append({.kind = "note"}).value().sequence, 3u);
  EXPECT_TRUE(Verify(first).value().clean());
}

TEST_F(LedgerTest, TakesEventsOfSeveralThreadsAtOnce) {
  constexpr int kThreads = 4, kEach = 50;
  std::vector<std::thread> threads;
  std::atomic<int> appended = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      auto ledger = Ledger::Open(path_);
      for (int i = 0; ledger && i < kEach; ++i) appended += ledger->Append({.kind = "note"}).has_value() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(appended, kThreads * kEach);
  Ledger ledger = Open();
  EXPECT_EQ(Verify(ledger).value().events, uint64_t{kThreads * kEach});
  EXPECT_TRUE(Verify(ledger).value().clean());
}

TEST_F(LedgerTest, KeepsTheOldStateWhenTheDiskIsFull) {
  Ledger ledger = Open();
  FillSmall(ledger);
  const Head before = ledger.LastHead().value();
  const int64_t pages = ledger.database().Number("PRAGMA page_count").value();
  ASSERT_TRUE(ledger.database().Script(fmt::format("PRAGMA max_page_count = {}", pages + 3)));
  auto change = ledger.Begin();
  Result<uint64_t> appended;
  do {
    appended = change->Append({.kind = "note", .private_fields = {{"path", std::string(500, 'p')}}});
  } while (appended);
  EXPECT_EQ(appended.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_NE(appended.error().message().find("free space"), std::string::npos) << appended.error().message();
  EXPECT_EQ(change->Append({.kind = "note"}).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(change->Commit().error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(ledger.LastHead().value(), before);
  EXPECT_TRUE(Verify(ledger).value().clean());
  ASSERT_TRUE(ledger.database().Script("PRAGMA max_page_count = 1000000"));
  EXPECT_EQ(ledger.Append({.kind = "note"}).value().sequence, before.sequence + 1);
}

TEST_F(LedgerTest, RefusesOtherFilesAndLaterVersions) {
  EXPECT_EQ(Ledger::Open(path_, {.read_only = true}).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(base::ReplaceFile(base::Files::Os(), folder_ / "text", std::string(5'000, 'x')));
  EXPECT_EQ(Ledger::Open(folder_ / "text").error().code(), ErrorCode::kCorrupt);
  Tamper(folder_ / "other.db", "CREATE TABLE t (x)");
  EXPECT_EQ(Ledger::Open(folder_ / "other.db").error().code(), ErrorCode::kInvalidArgument);
  {
    Open();
  }
  Tamper(path_, "PRAGMA user_version = 99");
  const auto later = Ledger::Open(path_);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(later.error().message().find("99"), std::string::npos);
  EXPECT_EQ(Ledger::Open(folder_ / "no" / "such" / "folder.db").error().code(), ErrorCode::kNotFound);
}

TEST_F(LedgerTest, MakesAnEmptyFileALedgerAndReadsNoneFromIt) {
  ASSERT_TRUE(base::ReplaceFile(base::Files::Os(), path_, ""));
  EXPECT_EQ(Ledger::Open(path_, {.read_only = true}).error().code(), ErrorCode::kUnsupported);
  Ledger ledger = Open();
  EXPECT_EQ(ledger.database().Number("PRAGMA user_version").value(), 1);
  EXPECT_EQ(ledger.database().Number("PRAGMA secure_delete").value(), 1);
  EXPECT_EQ(ledger.database().Number("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(ledger.database().Number("PRAGMA synchronous").value(), 2);
}

TEST_F(LedgerTest, TakesManyDocumentsInOneChange) {
  constexpr int kDocuments = 20'000;
  Ledger ledger = Open({.checkpoint_every = 1'024});
  base::Stopwatch stopwatch;
  auto change = ledger.Begin();
  for (int i = 0; i < kDocuments; ++i) {
    const std::string id = NewId();
    AppendRecord(*change, id,
                 Document{.source = "s", .modality = "text", .content = Sha256OfText(id), .path = "some/where/" + id});
    AppendRecord(*change, id, Language{.tag = "de", .permille = 990});
  }
  ASSERT_TRUE(change->Commit());
  const double ms = stopwatch.Ms();
  RecordProperty("events_per_s", static_cast<int>(2 * kDocuments / ms * 1'000));
  stopwatch.Restart();
  const VerifyReport report = Verify(ledger).value();
  RecordProperty("verified_events_per_s",
                 static_cast<int>(static_cast<double>(report.events) / stopwatch.Ms() * 1'000));
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.private_values, 2u * kDocuments);
}

}  // namespace
}  // namespace walchen::ledger
