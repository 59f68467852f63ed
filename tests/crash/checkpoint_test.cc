// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of a process that dies: by SIGKILL at random moments, and in each single call to the file system. What was
// acknowledged is there and whole afterwards, and nothing that is found is torn.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/faulty_files.h"
#include "base/rng.h"
#include "base/test_folder.h"
#include "runs/test_checkpoint.h"

namespace walchen {
namespace {

constexpr size_t kBytes = 60'000;

// Whether a checkpoint is, byte by byte, what TestParts wrote for its step.
void ExpectWhole(base::Files& files, const runs::Checkpoint& checkpoint) {
  ASSERT_EQ(checkpoint.files.size(), 2u);
  EXPECT_EQ(files.Read(checkpoint.PathOf("weights.safetensors"), 1 << 24).value(),
            runs::TestContent("weights.safetensors", checkpoint.step, kBytes));
  EXPECT_EQ(files.Read(checkpoint.PathOf("optimiser.bin"), 1 << 24).value(),
            runs::TestContent("optimiser.bin", checkpoint.step, kBytes / 2));
}

// Goes on from the newest good checkpoint, as a resumed trainer does, until it is killed. Each step whose checkpoint is
// written is acknowledged through the pipe.
[[noreturn]] void Train(base::Files& files, const base::Path& run, int acknowledge, int64_t last_step, int keep) {
  int64_t step = 0;
  if (const auto found = runs::NewestGood(files, run)) step = found->checkpoint.step;
  while (step < last_step) {
    ++step;
    if (!runs::WriteCheckpoint(files, run, step, runs::TestParts(step, kBytes))) ::_exit(1);
    if (::write(acknowledge, &step, sizeof(step)) != sizeof(step)) ::_exit(2);
    if (!runs::Prune(files, run, keep, 10)) ::_exit(3);
  }
  ::_exit(0);
}

struct Life {
  int64_t acknowledged = 0;  // the last step of which the pipe told; 0: none
  int status = 0;            // as waitpid gives it
};

// A trainer in a process of its own.
class Trainer {
 public:
  Trainer(base::Files& files, const base::Path& run, int64_t last_step, int keep) {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    child_ = ::fork();
    EXPECT_GE(child_, 0);
    if (child_ == 0) Train(files, run, pipe[1], last_step, keep);
    ::close(pipe[1]);
    told_ = pipe[0];
  }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;
  ~Trainer() { ::close(told_); }

  // Waits for the next acknowledged step; false if the trainer ended without one.
  bool Wait() { return ::read(told_, &life_.acknowledged, sizeof(life_.acknowledged)) == sizeof(life_.acknowledged); }
  void Kill() { ::kill(child_, SIGKILL); }
  // Waits for its end.
  Life End() {
    while (Wait()) {
    }
    EXPECT_EQ(::waitpid(child_, &life_.status, 0), child_);
    return life_;
  }

 private:
  pid_t child_ = -1;
  int told_ = -1;
  Life life_;
};

// One life of a trainer that nobody kills.
Life Live(base::Files& files, const base::Path& run, int64_t last_step, int keep) {
  return Trainer(files, run, last_step, keep).End();
}

// One that is killed by SIGKILL up to `delay_us` after it has acknowledged so many steps. Counting what it does, and not
// the time it takes, makes each life get somewhere on a disk of any speed.
Life LiveAndBeKilled(base::Files& files, const base::Path& run, uint32_t after_steps, uint32_t delay_us) {
  Trainer trainer(files, run, INT64_MAX, 2);
  for (uint32_t step = 0; step < after_steps; ++step) EXPECT_TRUE(trainer.Wait());
  ::usleep(delay_us);
  trainer.Kill();
  return trainer.End();
}

TEST(CheckpointCrash, TwoHundredRandomKillsLoseNothingThatWasAcknowledged) {
  constexpr int kKills = 200;
  base::Files& files = base::Files::Os();
  const base::TestFolder run;
  base::Rng rng(2026);
  // From the middle of one call to the file system to some whole checkpoints, on disks slow and fast.
  constexpr std::array<uint32_t, 4> kDelaysUs = {50, 500, 3'000, 20'000};
  int64_t waited_for = 0;
  int64_t acknowledged = 0, torn = 0, interrupted = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    SCOPED_TRACE(fmt::format("kill {}", kill));
    const uint32_t after_steps = rng.Below(2);
    waited_for += after_steps;
    const Life life = LiveAndBeKilled(files, run.path(), after_steps, rng.Below(kDelaysUs[rng.Below(kDelaysUs.size())]));
    ASSERT_TRUE(WIFSIGNALED(life.status)) << "the trainer ended by itself with " << WEXITSTATUS(life.status);
    acknowledged = std::max(acknowledged, life.acknowledged);
    const std::vector<std::string> left = files.List(run.path()).value();
    interrupted += std::ranges::any_of(left, [](const std::string& n) { return n.find(".tmp-") != std::string::npos; });
    const auto found = runs::NewestGood(files, run.path());
    if (!found) {
      ASSERT_EQ(acknowledged, 0) << found.error().ToString();
      continue;
    }
    torn += static_cast<int64_t>(found->skipped.size());
    ASSERT_GE(found->checkpoint.step, acknowledged);
    ASSERT_LE(found->checkpoint.step, acknowledged + 1) << "at most one was written and not yet acknowledged";
    acknowledged = found->checkpoint.step;
    ExpectWhole(files, found->checkpoint);
  }
  EXPECT_EQ(torn, 0);
  EXPECT_GE(acknowledged, waited_for) << "each life goes on where the last one ended";
  RecordProperty("steps", static_cast<int>(acknowledged));
  RecordProperty("interrupted", static_cast<int>(interrupted));
}

TEST(CheckpointCrash, AProcessThatDiesInAnyCallLosesNothingThatWasAcknowledged) {
  constexpr int64_t kLastStep = 2;  // the second one is written beside the first, which is pruned then
  constexpr int kKeep = 1;
  base::Files& os = base::Files::Os();
  for (int64_t at = 1;; ++at) {
    SCOPED_TRACE(fmt::format("dies in call {}", at));
    const base::TestFolder run;
    base::FaultyFiles dying(os, {base::Fault::Kind::kKill, at, ErrorCode::kIo});
    const Life life = Live(dying, run.path(), kLastStep, kKeep);
    ASSERT_TRUE(WIFEXITED(life.status));
    const auto found = runs::NewestGood(os, run.path());
    if (life.acknowledged > 0) {
      ASSERT_TRUE(found) << found.error().ToString();
      EXPECT_GE(found->checkpoint.step, life.acknowledged);
    }
    if (found) {
      EXPECT_TRUE(found->skipped.empty());
      ExpectWhole(os, found->checkpoint);
    }
    const Life next = Live(os, run.path(), kLastStep, kKeep);
    EXPECT_EQ(WEXITSTATUS(next.status), 0) << "the next trainer goes on";
    const std::vector<std::string> after = os.List(run.path()).value();
    EXPECT_LE(after.size(), 2u) << "what was left behind is removed";
    EXPECT_EQ(runs::NewestGood(os, run.path()).value().checkpoint.step, kLastStep);
    if (WEXITSTATUS(life.status) == 0) break;
    ASSERT_EQ(WEXITSTATUS(life.status), base::FaultyFiles::kKilledStatus);
  }
}

TEST(CheckpointCrash, ADiskThatIsFullFromAnyCallOnKeepsTheOldCheckpoint) {
  base::Files& os = base::Files::Os();
  const base::TestFolder run;
  ASSERT_TRUE(runs::WriteCheckpoint(os, run.path(), 1, runs::TestParts(1, kBytes)));
  for (int64_t at = 1;; ++at) {
    base::FaultyFiles full(os, {base::Fault::Kind::kFailFrom, at, ErrorCode::kResourceExhausted});
    const auto written = runs::WriteCheckpoint(full, run.path(), 2, runs::TestParts(2, kBytes));
    const auto found = runs::NewestGood(os, run.path());
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_TRUE(found->skipped.empty());
    ExpectWhole(os, found->checkpoint);
    if (written) break;
    EXPECT_EQ(written.error().code(), ErrorCode::kResourceExhausted);
    if (os.Exists(run / "step-2")) {
      ASSERT_TRUE(os.RemoveFolder(run / "step-2"));
    }
  }
  EXPECT_TRUE(os.Exists(run / "step-2"));
}

}  // namespace
}  // namespace walchen
