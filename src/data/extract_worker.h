// SPDX-License-Identifier: Apache-2.0
//
// Extraction in a child process that has no network and bounded memory, time and disk (data/sandbox.h). A file that
// makes the child crash, hang or grow is quarantined with the reason, and a new child goes on, in an archive with the
// entry after the one that did it.
//
// The child is this program itself with a hidden sub-command, whose code is RunExtractWorker.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

inline constexpr std::string_view kExtractWorkerCommand = "extract-worker";

// One child, which is started with the first file. Not thread-safe, and it belongs to its thread: the kernel ends the
// child with the thread that started it. A caller with many threads has one worker in each.
class ExtractWorker {
 public:
  struct Options {
    base::Path program = "/proc/self/exe";
    std::vector<std::string> arguments = {std::string(kExtractWorkerCommand)};
    uint64_t memory_max_bytes = base::kExtractMemoryMaxBytes;
    uint64_t cpu_max_seconds = base::kExtractCpuMaxSeconds;
    int64_t wall_ms_max = base::kExtractWallMaxMs;  // for one file, restarts included
  };

  ExtractWorker();
  explicit ExtractWorker(Options options, base::Clock& clock = base::Clock::Os());
  ExtractWorker(const ExtractWorker&) = delete;
  ExtractWorker& operator=(const ExtractWorker&) = delete;
  ~ExtractWorker();

  // Hands on the parts of a file, at least one. `name` is what the file is called, where its path does not say so.
  // Whatever is wrong with the file is a part; errors: those of `take`, and kIo or kUnavailable where no worker can be
  // started, or the kernel does not let it give up the network. `only`: Extraction::set_only.
  Result<void> Extract(const base::Path& file, const TakePart& take, std::string_view name = {}, const std::vector<std::string>& only = {});

  // The child's process id, 0 where there is none now. For tests and messages.
  int pid() const { return pid_; }
  // How many children were started.
  uint64_t started() const { return started_; }

 private:
  struct Dialogue;
  struct Outcome;

  Result<void> Start();
  // Whether the child ended while nobody asked it anything.
  bool HasEnded() const;
  // Ends the child and says how it ended.
  std::string Stop();
  Outcome Converse(Dialogue& dialogue);
  Result<bool> Handle(Dialogue& dialogue, std::string_view frame);
  Result<void> Send(std::string_view frame);
  Result<std::string> Receive(int64_t deadline_ns);
  Result<void> ReceiveBytes(char* to, size_t size, int64_t deadline_ns);

  Options options_;
  base::Clock& clock_;
  int pid_ = 0;
  int socket_ = -1;
  uint64_t started_ = 0;
  bool without_sandbox_ = false;  // the last child ended because it could not give up the network
  int64_t files_ = 0;  // that this child has read
};

// The hidden sub-command: reads requests until the one who asks is gone. Call it before any other thread exists.
// Returns the process's exit code.
int RunExtractWorker(std::span<const Format> formats = Formats());

}  // namespace walchen::data
