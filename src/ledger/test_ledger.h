// SPDX-License-Identifier: Apache-2.0
//
// A small ledger for tests, and hands that change it behind its back. For tests only.
#pragma once

#include <string>

#include <sqlite3.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/test_folder.h"
#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::ledger {

// Goes on by a millisecond with each look.
class TickingClock : public base::Clock {
 public:
  int64_t SteadyNs() override { return now_ms_ * 1'000'000; }
  int64_t WallSeconds() override { return now_ms_ / 1'000; }
  int64_t WallMs() override { return now_ms_++; }

 private:
  int64_t now_ms_ = 1'790'000'000'000;
};

inline std::string Sha256OfText(std::string_view text) { return base::Sha256Hex(base::AsBytes(text)); }

// SQL by somebody who does not use the program. What the ledger forbids its users is no obstacle for him.
inline void Tamper(const base::Path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  char* message = nullptr;
  const int status = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
  EXPECT_EQ(status, SQLITE_OK) << sql << ": " << (message == nullptr ? "" : message);
  sqlite3_free(message);
  sqlite3_close(handle);
}

inline const std::string kTestDocuments[] = {"00000000000000000000000000000001", "00000000000000000000000000000002",
                                             "00000000000000000000000000000003"};
inline const std::string kTestRun = "000000000000000000000000000000aa";

template <class Record>
void AppendRecord(Transaction& change, const std::string& about, const Record& record,
                  std::vector<Digest> subjects = {}) {
  const auto appended = Append(change, about, record, std::move(subjects));
  ASSERT_TRUE(appended) << appended.error().ToString();
}

// A source, three documents with private values and a person, a shard, a run that saw the first two, and a checkpoint.
inline void FillSmall(Ledger& ledger) {
  auto change = ledger.Begin();
  ASSERT_TRUE(change) << change.error().ToString();
  AppendRecord(
      *change, "",
      Source{.name = "mail", .source_class = SourceClass::kUser, .basis = Basis::kOwnData, .purpose = "help desk"});
  const SubjectKey key(Secret{1, 2, 3});
  for (const std::string& id : kTestDocuments) {
    AppendRecord(*change, id,
                 Document{.source = "mail",
                          .modality = "text",
                          .media_type = "message/rfc822",
                          .bytes = 1'234,
                          .taken_ms = 1'790'000'000'000,
                          .content = Sha256OfText(id),
                          .path = "inbox/Grüße an " + id + ".eml",
                          .title = "Secret title " + id});
    AppendRecord(*change, id, PersonalData{.counts = {{"email", 1}}, .findings = R"([{"email":"erika@example.org"}])"},
                 {key.TokenOf("erika@example.org").value()});
  }
  const std::string shard = Sha256OfText("shard");
  AppendRecord(*change, "",
               Shard{.name = "de-1", .sha256 = shard, .samples = 30, .tokens = 3'000, .tiers = {"A", "B"}});
  for (int i = 0; i < 3; ++i) {
    AppendRecord(*change, kTestDocuments[i],
                 ShardMember{.shard = shard, .samples = {{10 * i, 10 * i + 10}}, .tokens = {}});
  }
  AppendRecord(*change, kTestRun, TrainingRun{.name = "first", .recipe_sha256 = Sha256OfText("recipe"), .seed = 7});
  AppendRecord(*change, kTestRun, Batches{.steps = {0, 100}, .shard = shard, .samples = {{0, 20}}});
  AppendRecord(*change, kTestRun, Model{.name = "m", .sha256 = Sha256OfText("model")});
  ASSERT_TRUE(change->AppendCheckpoint());
  AppendRecord(*change, "", Decision{.what = "publish", .who = "Erika", .why = "asked to"});
  const auto head = change->Commit();
  ASSERT_TRUE(head) << head.error().ToString();
}

}  // namespace walchen::ledger
