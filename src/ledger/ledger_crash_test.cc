// SPDX-License-Identifier: Apache-2.0
//
// Ledgers of processes that die: by SIGKILL at random moments, and in each single call to the disk; and of disks that
// are full from any call on. What was acknowledged is there afterwards, what was not is there as a whole or not at all,
// and what was forgotten is in no file.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>

#include "base/rng.h"
#include "ledger/test_disk.h"
#include "ledger/test_ledger.h"
#include "ledger/verify.h"

namespace walchen::ledger {
namespace {

constexpr int kEventsOfAChange = 3;

// Appends a change of some events with private values.
Result<Head> AppendChange(Ledger& ledger) {
  TRY_ASSIGN(auto change, ledger.Begin());
  TRY_ASSIGN(const Head before, ledger.LastHead());
  for (int i = 0; i < kEventsOfAChange; ++i) {
    TRY(change.Append({.kind = "note",
                       .body = {{"change", before.sequence}, {"i", i}},
                       .private_fields = {{"path", fmt::format("some/where/{}", before.sequence)}}}));
  }
  return change.Commit();
}

// A process of its own that runs `live` and tells of heads through a pipe.
class Writer {
 public:
  template <class Live>
  explicit Writer(const Live& live) {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    child_ = ::fork();
    EXPECT_GE(child_, 0);
    if (child_ == 0) {
      live([&](const Head& head) {
        if (::write(pipe[1], &head, sizeof(head)) != sizeof(head)) ::_exit(2);
      });
      ::_exit(0);
    }
    ::close(pipe[1]);
    told_ = pipe[0];
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { ::close(told_); }

  // The next head that it acknowledges; false if it ended without one.
  bool Wait() {
    Head head;
    if (::read(told_, &head, sizeof(head)) != sizeof(head)) return false;
    heads_.push_back(head);
    return true;
  }
  void Kill() { ::kill(child_, SIGKILL); }
  // Waits for its end: the status as waitpid gives it.
  int End() {
    while (Wait()) {
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    return status;
  }
  // All that it acknowledged.
  const std::vector<Head>& heads() const { return heads_; }

 private:
  pid_t child_ = -1;
  int told_ = -1;
  std::vector<Head> heads_;
};

// That all that a change appended is there or nothing of it.
void ExpectWholeChanges(const Ledger& ledger) {
  EventReader reader = ledger.Read({.kind = "note"});
  std::map<std::string, int> events;
  while (true) {
    const auto event = reader.Next();
    ASSERT_TRUE(event) << event.error().ToString();
    if (!*event) break;
    ASSERT_EQ((*event)->private_fields.size(), 1u);
    ++events[(*event)->private_fields[0].value];
  }
  for (const auto& [change, count] : events) EXPECT_EQ(count, kEventsOfAChange) << change;
}

// And that each head that was acknowledged is still one of its events.
void ExpectClean(const Ledger& ledger, const std::vector<Head>& acknowledged) {
  std::vector<KnownHead> heads;
  for (const Head& head : acknowledged) heads.push_back({head, "what was acknowledged"});
  const auto report = Verify(ledger, {.known_heads = heads, .signer = std::nullopt});
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_TRUE(report->clean()) << report->faults[0].sequence << ": " << report->faults[0].what;
}

TEST(LedgerCrash, RandomKillsLoseNothingThatWasAcknowledged) {
  constexpr int kKills = 150;
  const base::TestFolder folder;
  const base::Path path = folder / "ledger.db";
  base::Rng rng(2026);
  // From the middle of one change to some tens of them, on disks slow and fast.
  constexpr std::array<uint32_t, 4> kDelaysUs = {50, 500, 3'000, 10'000};
  std::vector<Head> acknowledged;
  for (int kill = 0; kill < kKills; ++kill) {
    SCOPED_TRACE(fmt::format("kill {}", kill));
    Writer writer([&](const auto& acknowledge) {
      auto ledger = Ledger::Open(path, {.checkpoint_every = 16});
      if (!ledger) ::_exit(1);
      while (true) {
        const auto head = AppendChange(*ledger);
        if (!head) ::_exit(3);
        acknowledge(*head);
      }
    });
    const uint32_t wait = rng.Below(3);
    for (uint32_t change = 0; change < wait; ++change) ASSERT_TRUE(writer.Wait());
    ::usleep(rng.Below(kDelaysUs[rng.Below(kDelaysUs.size())]));
    writer.Kill();
    const int status = writer.End();
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
    acknowledged.insert(acknowledged.end(), writer.heads().begin(), writer.heads().end());
    if (kill % 10 != 9) continue;
    auto ledger = Ledger::Open(path);
    ASSERT_TRUE(ledger) << ledger.error().ToString();
    ExpectClean(*ledger, acknowledged);
    ExpectWholeChanges(*ledger);
  }
  EXPECT_GT(acknowledged.size(), size_t{kKills} / 2);
  RecordProperty("changes", static_cast<int>(acknowledged.size()));
}

// What a process does whose disk has faults: the first status that is not 0 says where it stopped.
int WriteAndForget(const base::Path& path, const std::function<void(const Head&)>& acknowledge) {
  auto ledger = Ledger::Open(path, {.busy_ms = 0, .checkpoint_every = 2});
  if (!ledger) return 1;
  const std::string id = kTestDocuments[0];
  const auto appended =
      ledger->Append({.kind = "document", .about = id, .private_fields = {{"path", "to be forgotten"}}});
  if (!appended) return 2;
  acknowledge(*appended);
  const auto changed = AppendChange(*ledger);
  if (!changed) return 3;
  acknowledge(*changed);
  const std::vector<std::string> ids = {id};
  const auto erased = ledger->Erase(ids, "test");
  if (!erased) return 4;
  acknowledge(*erased);
  return 0;
}

std::string AllBytes(const base::TestFolder& folder) {
  std::string content;
  const std::vector<std::string> names = base::Files::Os().List(folder.path()).value();
  for (const std::string& name : names) {
    content += base::Files::Os().Read(folder / name, 1 << 28).value();
  }
  return content;
}

// Runs WriteAndForget with a fault at every call, one after the other, until there are no more calls.
void FailEveryCall(FaultyDisk::Kind kind, int64_t* calls) {
  for (int64_t at = 1;; ++at) {
    SCOPED_TRACE(fmt::format("call {}", at));
    const base::TestFolder folder;
    const base::Path path = folder / "ledger.db";
    Writer writer([&](const auto& acknowledge) {
      FaultyDisk::Install(kind, at);
      const int stopped = WriteAndForget(path, acknowledge);
      ::_exit(FaultyDisk::calls() < at ? 0 : 10 + stopped);
    });
    const int status = writer.End();
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0) {
      *calls = at - 1;
      return;
    }
    if (kind == FaultyDisk::Kind::kKill) {
      ASSERT_EQ(WEXITSTATUS(status), FaultyDisk::kKilledStatus);
    }
    const std::string before_repair = AllBytes(folder);
    if (writer.heads().size() == 3) {
      EXPECT_EQ(before_repair.find("to be forgotten"), std::string::npos);
    }
    auto ledger = Ledger::Open(path);
    ASSERT_TRUE(ledger) << ledger.error().ToString();
    ExpectClean(*ledger, writer.heads());
    ExpectWholeChanges(*ledger);
    const bool forgotten = ledger->Read({.kind = "deletion"}).Next().value().has_value();
    EXPECT_GE(forgotten, writer.heads().size() == 3);
    EXPECT_FALSE(ledger->NeedsScrub().value()) << "opening it goes on with what was interrupted";
    if (forgotten) {
      EXPECT_EQ(AllBytes(folder).find("to be forgotten"), std::string::npos);
    }
    ASSERT_TRUE(AppendChange(*ledger)) << "the next one goes on";
    ExpectClean(*ledger, {});
  }
}

TEST(LedgerCrash, AProcessThatDiesInAnyCallToTheDiskLosesNothingThatWasAcknowledged) {
  int64_t calls = 0;
  FailEveryCall(FaultyDisk::Kind::kKill, &calls);
  EXPECT_GT(calls, 50);
}

TEST(LedgerCrash, ADiskThatIsFullFromAnyCallOnKeepsTheOldState) {
  int64_t calls = 0;
  FailEveryCall(FaultyDisk::Kind::kFull, &calls);
  EXPECT_GT(calls, 50);
}

TEST(LedgerCrash, TwoProcessesThatAppendAtOnceBothComplete) {
  constexpr int kChanges = 100;
  const base::TestFolder folder;
  const base::Path path = folder / "ledger.db";
  const auto live = [&](const auto& acknowledge) {
    auto ledger = Ledger::Open(path, {.checkpoint_every = 10});
    if (!ledger) ::_exit(1);
    for (int i = 0; i < kChanges; ++i) {
      const auto head = AppendChange(*ledger);
      if (!head) ::_exit(3);
      acknowledge(*head);
    }
  };
  Writer first(live), second(live);
  EXPECT_EQ(first.End(), 0);
  EXPECT_EQ(second.End(), 0);
  auto ledger = Ledger::Open(path);
  ASSERT_TRUE(ledger);
  EXPECT_EQ(first.heads().size(), size_t{kChanges});
  ExpectClean(*ledger, first.heads());
  ExpectClean(*ledger, second.heads());
  ExpectWholeChanges(*ledger);
  EventReader reader = ledger->Read({.kind = "note"});
  int notes = 0;
  while (reader.Next().value()) ++notes;
  EXPECT_EQ(notes, 2 * kChanges * kEventsOfAChange);
}

}  // namespace
}  // namespace walchen::ledger
