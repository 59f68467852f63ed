// SPDX-License-Identifier: Apache-2.0
//
// Everything that somebody could change in a small ledger is changed, and must be found.
#include "ledger/verify.h"

#include <fstream>
#include <optional>
#include <set>

#include "ledger/checkpoint.h"
#include "ledger/database.h"
#include "ledger/store.h"
#include "ledger/test_ledger.h"

namespace walchen::ledger {
namespace {

// What somebody drops who wants to change events by hand, and puts back so that nobody sees.
constexpr const char* kDropTriggers = "DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted;";
constexpr const char* kMakeTriggers =
    "CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event\n"
    "    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;"
    "CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event\n"
    "    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;";

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    {
      auto ledger = Ledger::Open(path_, {.clock = &clock_, .signing_key = SigningKey(Secret{9})});
      ASSERT_TRUE(ledger) << ledger.error().ToString();
      FillSmall(*ledger);
      const std::vector<std::string> ids = {kTestDocuments[2]};
      ASSERT_TRUE(ledger->Erase(ids, "test"));
      ASSERT_TRUE(ledger->Append({.kind = "note", .body = {{"i", 1}}}));
      head_ = ledger->LastHead().value();
    }
    ledger_.emplace(Ledger::Open(path_).value());
    ASSERT_TRUE(Verified().clean()) << Verified().faults[0].what;
  }

  VerifyReport Verified(const VerifyOptions& options = {}) {
    auto report = Verify(*ledger_, options);
    EXPECT_TRUE(report) << report.error().ToString();
    return std::move(*report);
  }

  void Change(const std::string& sql) {
    const auto done = ledger_->database().Script(sql);
    EXPECT_TRUE(done) << sql << ": " << done.error().ToString();
  }

  // Changes the ledger by SQL, sees it found, and takes it back.
  void ExpectFound(const std::string& sql, std::optional<uint64_t> sequence = std::nullopt,
                   const VerifyOptions& options = {}) {
    Change("BEGIN; PRAGMA defer_foreign_keys = ON;");
    Change(kDropTriggers + sql + ";" + kMakeTriggers);
    const VerifyReport report = Verified(options);
    EXPECT_FALSE(report.clean()) << "not found: " << sql;
    if (sequence && !report.clean()) {
      EXPECT_TRUE(std::ranges::any_of(report.faults, [&](const Fault& f) { return f.sequence == *sequence; }))
          << sql << ": event " << *sequence << " is not named, but " << report.faults[0].sequence << ": "
          << report.faults[0].what;
    }
    Change("ROLLBACK");
  }

  base::TestFolder folder_;
  base::Path path_ = folder_ / "ledger.db";
  TickingClock clock_;
  Head head_;
  std::optional<Ledger> ledger_;
};

// The cells of a query, one text each, as SQL literals.
std::vector<std::string> Cells(const base::Path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  std::vector<std::string> cells;
  const auto take = [](void* out, int count, char** values, char**) {
    for (int i = 0; i < count; ++i)
      static_cast<std::vector<std::string>*>(out)->push_back(values[i] == nullptr ? "" : values[i]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), take, &cells, nullptr), SQLITE_OK) << sql;
  sqlite3_close(handle);
  return cells;
}

TEST_F(VerifyTest, FindsEveryChangedByteOfEveryColumnOfEveryEvent) {
  int64_t changed = 0;
  for (const char* column : {"kind", "about", "body", "previous", "digest"}) {
    const bool is_text = std::string_view("kind about body").find(column) != std::string_view::npos;
    const auto cells = Cells(path_, fmt::format("SELECT sequence, hex({}) FROM event ORDER BY sequence", column));
    for (size_t row = 0; row + 1 < cells.size(); row += 2) {
      const std::string& sequence = cells[row];
      const std::string& hex = cells[row + 1];
      for (size_t at = 0; at < hex.size(); at += 2) {
        const int byte = std::stoi(hex.substr(at, 2), nullptr, 16) ^ (1 << (at / 2 % 8));
        const std::string after = hex.substr(0, at) + fmt::format("{:02X}", byte) + hex.substr(at + 2);
        const std::string value = is_text ? fmt::format("CAST(x'{}' AS TEXT)", after) : fmt::format("x'{}'", after);
        ExpectFound(fmt::format("UPDATE event SET {} = {} WHERE sequence = {}", column, value, sequence),
                    std::stoull(sequence));
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 3'000);
}

TEST_F(VerifyTest, FindsEveryChangedBitOfANumberOfAnEvent) {
  for (uint64_t sequence = 1; sequence <= head_.sequence; ++sequence) {
    for (int bit = 0; bit < 63; bit += 5) {
      ExpectFound(fmt::format("UPDATE event SET time_ms = time_ms + (1 << {}) WHERE sequence = {}", bit, sequence),
                  sequence);
    }
    // Behind the end or before the beginning, as another event may have the number.
    ExpectFound(fmt::format("UPDATE event SET sequence = sequence + 1000 WHERE sequence = {}", sequence));
    ExpectFound(fmt::format("UPDATE event SET sequence = -sequence WHERE sequence = {}", sequence));
  }
}

TEST_F(VerifyTest, FindsEveryChangedByteOfEveryPrivateValueAndSalt) {
  const auto cells =
      Cells(path_, "SELECT event, field, hex(field), hex(salt), hex(value) FROM private ORDER BY event, field");
  for (size_t row = 0; row + 4 < cells.size(); row += 5) {
    const std::string where = fmt::format(" WHERE event = {} AND field = '{}'", cells[row], cells[row + 1]);
    for (const auto& [column, hex] :
         {std::pair("field", cells[row + 2]), {"salt", cells[row + 3]}, {"value", cells[row + 4]}}) {
      for (size_t at = 0; at < hex.size(); at += 2) {
        const int byte = std::stoi(hex.substr(at, 2), nullptr, 16) ^ (1 << (at / 2 % 7));
        const std::string after = fmt::format("x'{}{:02X}{}'", hex.substr(0, at), byte, hex.substr(at + 2));
        const std::string value = column == std::string_view("field") ? "CAST(" + after + " AS TEXT)" : after;
        ExpectFound(fmt::format("UPDATE private SET {} = {}{}", column, value, where), std::stoull(cells[row]));
      }
    }
    ExpectFound("DELETE FROM private" + where, std::stoull(cells[row]));
    ExpectFound(fmt::format("UPDATE OR REPLACE private SET event = {}{}", std::stoull(cells[row]) + 1, where),
                std::stoull(cells[row]));
  }
}

TEST_F(VerifyTest, FindsMissingSwappedAndInsertedEvents) {
  for (uint64_t sequence = 1; sequence < head_.sequence; ++sequence) {
    const std::string drop = fmt::format(
        "DELETE FROM private WHERE event = {0}; DELETE FROM subject WHERE event = {0};"
        "DELETE FROM event WHERE sequence = {0};",
        sequence);
    ExpectFound(drop);
    const std::string renumber = fmt::format(
        "UPDATE event SET sequence = -sequence + 1 WHERE sequence > {0}; UPDATE event SET sequence = -sequence WHERE "
        "sequence < 0;"
        "UPDATE private SET event = event - 1 WHERE event > {0}; UPDATE subject SET event = event - 1 WHERE event > "
        "{0};",
        sequence);
    ExpectFound(drop + renumber);
    ExpectFound(
        fmt::format("UPDATE event SET sequence = -1 WHERE sequence = {0};"
                    "UPDATE event SET sequence = {0} WHERE sequence = {1};"
                    "UPDATE event SET sequence = {1} WHERE sequence = -1;",
                    sequence, sequence + 1));
  }
  ExpectFound(
      "INSERT INTO event SELECT 1 + (SELECT max(sequence) FROM event), time_ms, kind, about, body, previous, digest "
      "FROM event WHERE kind = 'decision'",
      head_.sequence + 1);
  ExpectFound("INSERT INTO private VALUES (1, 'extra', x'00', x'00')", 1);
}

TEST_F(VerifyTest, FindsACutEndOnlyAgainstAKnownHead) {
  const VerifyOptions options = {.known_heads = {{head_, "shards/de-1/manifest.json"}}, .signer = std::nullopt};
  ASSERT_TRUE(Verified(options).clean());
  const std::string cut = fmt::format("DELETE FROM event WHERE sequence = {}", head_.sequence);
  ExpectFound(cut, head_.sequence, options);
  Change(kDropTriggers + cut + ";" + kMakeTriggers);
  EXPECT_TRUE(Verified().clean()) << "nothing in the ledger itself knows how long it was";
}

// Somebody who knows the format makes all of it fit again: digests, checkpoints, salted digests.
TEST_F(VerifyTest, FindsARewrittenChainAgainstAKnownHeadAndASigner) {
  Change(kDropTriggers);
  Digest previous{};
  MerkleTree tree;
  for (uint64_t sequence = 1; sequence <= head_.sequence; ++sequence) {
    Event event = ledger_->At(sequence).value();
    event.previous = previous;
    if (event.kind == "training_run") event.body.replace(event.body.find("\"seed\":7"), 8, "\"seed\":8");
    if (event.kind == kCheckpointKind) event.body = CheckpointBody(tree, nullptr).dump();
    event.digest = previous = DigestOf(event);
    tree.Add(event.digest);
    ASSERT_TRUE(ledger_->database().Run("UPDATE event SET body = ?2, previous = ?3, digest = ?4 WHERE sequence = ?1",
                                        sequence, std::string_view(event.body), BytesOf(event.previous),
                                        BytesOf(event.digest)));
  }
  Change(kMakeTriggers);
  EXPECT_TRUE(Verified().clean()) << "a chain alone proves nothing against its owner: " << Verified().faults[0].what;
  const VerifyReport by_head = Verified({.known_heads = {{head_, "an export"}}, .signer = std::nullopt});
  ASSERT_EQ(by_head.fault_count, 1u);
  EXPECT_EQ(by_head.faults[0].sequence, head_.sequence);
  EXPECT_NE(by_head.faults[0].what.find("an export"), std::string::npos);
  EXPECT_FALSE(Verified({.known_heads = {}, .signer = SigningKey(Secret{9}).public_key()}).clean());
}

TEST_F(VerifyTest, TakesAKeyThatCameLaterAndMissesItWhereItStops) {
  const base::Path path = folder_ / "later.db";
  const SigningKey key(Secret{9});
  const VerifyOptions options = {.known_heads = {}, .signer = key.public_key()};
  const auto write = [&](std::optional<SigningKey> with) {
    Ledger ledger = Ledger::Open(path, {.clock = &clock_, .signing_key = std::move(with)}).value();
    EXPECT_TRUE(ledger.Append({.kind = "note"}));
    EXPECT_TRUE(ledger.AppendCheckpoint());
    return Verify(ledger, options).value();
  };
  EXPECT_EQ(write(std::nullopt).fault_count, 1u) << "nothing is signed";
  EXPECT_TRUE(write(key).clean());
  const VerifyReport stopped = write(std::nullopt);
  ASSERT_EQ(stopped.fault_count, 1u);
  EXPECT_EQ(stopped.faults[0].sequence, 6u);
  EXPECT_EQ(write(SigningKey(Secret{8})).fault_count, 2u) << "another key is no better";
}

TEST_F(VerifyTest, FindsAChangedIndexOfPersons) {
  ExpectFound("DELETE FROM subject WHERE event = (SELECT min(event) FROM subject)");
  ExpectFound("UPDATE subject SET token = zeroblob(32) WHERE event = (SELECT min(event) FROM subject)");
  ExpectFound("INSERT INTO subject VALUES (zeroblob(32), 1)", 1);
}

TEST_F(VerifyTest, FindsValuesThatStayedThoughTheyWereForgotten) {
  ExpectFound(fmt::format(
      "INSERT INTO private SELECT sequence, 'path', zeroblob(32), x'00' FROM event WHERE about = '{}' AND kind = "
      "'document'",
      kTestDocuments[2]));
  ExpectFound("INSERT INTO scrub VALUES (1)");
}

TEST_F(VerifyTest, FindsChangedTables) {
  ExpectFound("DROP INDEX event_kind");
  ExpectFound("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM private; END");
  Change(kDropTriggers);
  EXPECT_FALSE(Verified().clean());
}

TEST_F(VerifyTest, NamesAllFaultsAndNotTheFirstOnly) {
  Change(kDropTriggers);
  Change("UPDATE event SET time_ms = 0 WHERE sequence IN (2, 5, 9)");
  Change(kMakeTriggers);
  std::set<uint64_t> named;
  for (const Fault& fault : Verified().faults) named.insert(fault.sequence);
  EXPECT_EQ(named, (std::set<uint64_t>{2, 5, 9}));
}

// All that a reader of the ledger sees.
std::string Everything(const base::Path& path) {
  std::string all;
  for (const char* table : {"event", "private", "subject"}) {
    for (const std::string& cell : Cells(path, fmt::format("SELECT * FROM {} ORDER BY 1, 2", table)))
      all += cell + "\n";
  }
  return all;
}

// Each byte of the file has one of its bits turned: the ledger does not open, or what is wrong is found, or the byte
// meant nothing (free space, counters of the header) and everything reads as before.
TEST_F(VerifyTest, FindsEveryChangedByteOfTheFileThatMeansSomething) {
  ledger_.reset();
  ASSERT_TRUE(base::Files::Os().Remove(path_));
  {
    // As small as it can be with something in every table.
    Ledger ledger = Ledger::Open(path_, {.clock = &clock_}).value();
    Transaction change = ledger.Begin().value();
    AppendRecord(change, kTestDocuments[0],
                 Document{.source = "mail", .modality = "text", .content = Sha256OfText("x"), .path = "inbox/1.eml"});
    AppendRecord(change, kTestDocuments[0], PersonalData{.counts = {{"email", 1}}}, {Digest{1, 2, 3}});
    ASSERT_TRUE(change.AppendCheckpoint());
    ASSERT_TRUE(change.Commit());
  }
  Tamper(path_, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;");  // all in one file of small pages
  const std::string everything = Everything(path_);
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  const std::string original = base::Files::Os().Read(path_, 1 << 24).value();
  const auto put = [&](size_t at, int byte) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte)).flush();
  };
  int refused = 0, found = 0, meaningless = 0;
  for (size_t at = 0; at < original.size(); ++at) {
    put(at, original[at] ^ (1 << (at % 8)));
    const auto ledger = Ledger::Open(path_, {.read_only = true});
    const auto report = ledger ? Verify(*ledger) : Result<VerifyReport>(Fail(ErrorCode::kCorrupt, "it does not open"));
    if (!report) {
      ++refused;
    } else if (!report->clean()) {
      ++found;
    } else {
      ++meaningless;
      ASSERT_EQ(Everything(path_), everything) << "byte " << at << " was changed, and nobody saw it";
    }
    put(at, original[at]);
  }
  RecordProperty("bytes", static_cast<int>(original.size()));
  RecordProperty("refused", refused);
  RecordProperty("meaningless", meaningless);
  EXPECT_GT(static_cast<size_t>(found + refused), everything.size());
}

}  // namespace
}  // namespace walchen::ledger
