// SPDX-License-Identifier: Apache-2.0
#include "data/extract_worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "base/bytes.h"
#include "base/errno_code.h"
#include "data/extract_channel.h"
#include "data/extract_wire.h"

namespace walchen::data {
namespace {

std::string WhyEnded(int status, const ExtractWorker::Options& options) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemoryExit) {
    return fmt::format("reading it takes more than {} bytes of memory", options.memory_max_bytes);
  }
  if (WIFEXITED(status)) return fmt::format("its reader ended with {}", WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGXCPU) return fmt::format("reading it takes more than {} s", options.cpu_max_seconds);
  return fmt::format("its reader crashed (signal {})", WTERMSIG(status));
}

// posix_spawn's two objects, which must be destroyed.
struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

// One file's conversation, over all the workers that it takes.
struct ExtractWorker::Dialogue {
  const TakePart& take;
  ExtractRequest request;
  int64_t deadline_ns = 0;
  // Where the worker is, outermost first, each with how many parts there were before.
  struct Level {
    std::string inner_path;
    uint64_t parts_before = 0;
  };
  std::vector<Level> levels;
  uint64_t parts = 0;
  bool refused = false;  // `take` returned an error
};

struct ExtractWorker::Outcome {
  bool finished = false;
  Result<void> error;       // of `take`
  std::string why_ended;    // of the worker
};

ExtractWorker::ExtractWorker() : ExtractWorker(Options()) {}
ExtractWorker::ExtractWorker(Options options, base::Clock& clock) : options_(std::move(options)), clock_(clock) {}

ExtractWorker::~ExtractWorker() { Stop(); }

Result<void> ExtractWorker::Start() {
  std::array<int, 2> sockets = {};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return Fail(ErrorCode::kUnavailable, "expected a socket to a worker: {}", base::LastError());
  }
  socket_ = sockets[0];
  SpawnPlan plan;
  // What the libraries print about bad files is nobody's output.
  ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&plan.actions, sockets[1], kExtractSocket);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, kExtractSocket + 1);
  // A group of its own, so that its tools end with it.
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  std::vector<char*> arguments = {const_cast<char*>(options_.program.c_str())};  // argv's type; nobody writes there
  for (std::string& argument : options_.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const int error =
      ::posix_spawn(&pid_, options_.program.c_str(), &plan.actions, &plan.attributes, arguments.data(), environ);
  ::close(sockets[1]);
  if (error != 0) {
    pid_ = 0;
    Stop();
    return Fail(ErrorCode::kUnavailable, "expected to start {} as a worker: {}", options_.program.string(),
                std::generic_category().message(error));
  }
  ++started_;
  files_ = 0;
  return {};
}

bool ExtractWorker::HasEnded() const {
  siginfo_t info = {};
  return pid_ != 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid != 0;
}

std::string ExtractWorker::Stop() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  if (pid_ == 0) return "";
  // One that is ending on its own says why: it has until here to become a zombie, which a signal no longer changes.
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  pid_ = 0;
  without_sandbox_ = WIFEXITED(status) && WEXITSTATUS(status) == kNoSandboxExit;
  return WhyEnded(status, options_);
}

Result<void> ExtractWorker::Send(std::string_view frame) { return SendFrame(socket_, frame); }

Result<void> ExtractWorker::ReceiveBytes(char* to, size_t size, int64_t deadline_ns) {
  while (size > 0) {
    const int64_t left_ms = (deadline_ns - clock_.SteadyNs()) / 1'000'000;
    if (left_ms <= 0) return Fail(ErrorCode::kCancelled, "reading it takes more than {} ms", options_.wall_ms_max);
    pollfd waiting = {socket_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left_ms, 1'000)));
    if (ready < 0 && errno != EINTR) return Fail(ErrorCode::kIo, "poll: {}", base::LastError());
    if (ready <= 0) continue;
    const ssize_t got = ::recv(socket_, to, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fail(ErrorCode::kTruncated, "the worker ended");
    to += got;
    size -= static_cast<size_t>(got);
  }
  return {};
}

Result<std::string> ExtractWorker::Receive(int64_t deadline_ns) {
  uint64_t size = 0;
  TRY(ReceiveBytes(reinterpret_cast<char*>(&size), sizeof(size), deadline_ns));
  if (size > static_cast<uint64_t>(base::kExtractAnswerMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "its reader answered with {} bytes, expected at most {}", size,
                base::kExtractAnswerMaxBytes);
  }
  // Grows with what comes, so that a length alone costs nothing.
  std::string frame;
  while (frame.size() < size) {
    const size_t before = frame.size();
    frame.resize(std::min<uint64_t>(size, before + 16'777'216));
    TRY(ReceiveBytes(frame.data() + before, frame.size() - before, deadline_ns));
  }
  return frame;
}

// True when the file is finished.
Result<bool> ExtractWorker::Handle(Dialogue& dialogue, std::string_view frame) {
  TRY_ASSIGN(const FrameKind kind, KindOfFrame(frame));
  if (kind == FrameKind::kFinished) return true;
  if (kind == FrameKind::kEntered) {
    TRY_ASSIGN(std::string path, ReadEntered(frame));
    auto& levels = dialogue.levels;
    const bool back = levels.size() >= 2 && levels[levels.size() - 2].inner_path == path;
    if (back) levels.pop_back();
    else levels.push_back({std::move(path), dialogue.parts});
    return false;
  }
  TRY_ASSIGN(Part part, ReadPart(frame));
  ++dialogue.parts;
  auto taken = dialogue.take(std::move(part));
  if (!taken) dialogue.refused = true;
  TRY(std::move(taken));
  return false;
}

ExtractWorker::Outcome ExtractWorker::Converse(Dialogue& dialogue) {
  dialogue.request.skip_parts = dialogue.parts;
  dialogue.levels.clear();
  Outcome outcome;
  Result<void> trouble = Send(WriteRequest(dialogue.request));
  while (trouble && !outcome.finished) {
    auto frame = Receive(dialogue.deadline_ns);
    if (!frame) {
      trouble = Forward(frame);
      break;
    }
    auto handled = Handle(dialogue, *frame);
    if (handled) outcome.finished = *handled;
    else trouble = Forward(handled);
  }
  if (outcome.finished) return outcome;
  const bool ended = trouble.error().code() == ErrorCode::kTruncated || trouble.error().code() == ErrorCode::kIo;
  const std::string why = Stop();
  if (dialogue.refused) outcome.error = std::move(trouble);
  else outcome.why_ended = ended ? why : trouble.error().message();
  return outcome;
}

Result<void> ExtractWorker::Extract(const base::Path& file, const TakePart& take, std::string_view name,
                                    const std::vector<std::string>& only) {
  Dialogue dialogue{take, {}, clock_.SteadyNs() + options_.wall_ms_max * 1'000'000, {}, 0, false};
  dialogue.request = {file.string(),
                      name.empty() ? file.filename().string() : std::string(name),
                      options_.memory_max_bytes,
                      options_.cpu_max_seconds,
                      0,
                      {},
                      only};
  for (int64_t restarts = 0;; ++restarts) {
    // One that ended in between, killed for memory perhaps, says nothing about this file.
    if (files_ >= base::kExtractWorkerMaxFiles || HasEnded()) Stop();
    if (pid_ == 0) TRY(Start());
    ++files_;
    Outcome outcome = Converse(dialogue);
    if (outcome.finished) return {};
    if (!outcome.error) return outcome.error;
    if (without_sandbox_) {
      return Fail(ErrorCode::kUnavailable,
                  "expected a kernel with seccomp, which keeps what reads raw files from the network, found one without");
    }
    Part part;
    part.quarantine = std::move(outcome.why_ended);
    const bool inside = !dialogue.levels.empty() && !dialogue.levels.back().inner_path.empty();
    if (!inside || restarts == base::kExtractMaxRestarts || clock_.SteadyNs() >= dialogue.deadline_ns) {
      return take(std::move(part));
    }
    const Dialogue::Level& level = dialogue.levels.back();
    dialogue.request.avoid[level.inner_path] = dialogue.parts - level.parts_before;
    part.inner_path = level.inner_path;
    TRY(take(std::move(part)));
  }
}

}  // namespace walchen::data
