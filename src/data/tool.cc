// SPDX-License-Identifier: Apache-2.0
#include "data/tool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/bytes.h"
#include "base/errno_code.h"
#include "base/limits.h"

namespace walchen::data {
namespace {

constexpr int kNotFoundExit = 127;  // as shells have it
constexpr size_t kComplaintMaxBytes = 4'096;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { Close(); }
  int number() const { return number_; }
  void Close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

struct Pipe {
  Descriptor out, in;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Fail(ErrorCode::kIo, "pipe: {}", base::LastError());
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Result<Descriptor> InMemory(std::string_view content) {
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (file.number() < 0) return Fail(ErrorCode::kIo, "memfd_create: {}", base::LastError());
  while (!content.empty()) {
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Fail(ErrorCode::kIo, "expected to give a tool its input: {}", base::LastError());
    content.remove_prefix(static_cast<size_t>(written));
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

// In the child, between fork and exec: only what a signal handler may call.
[[noreturn]] void Become(char* const* arguments, int input, int output, int complaints) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(complaints, STDERR_FILENO) >= 0) {
    ::execvp(arguments[0], arguments);
  }
  ::_exit(kNotFoundExit);
}

struct Printed {
  std::string output;
  std::string complaints;
  bool too_much = false;
};

// Reads both pipes until the tool has closed them, or prints too much.
Printed Listen(const Pipe& output, const Pipe& complaints) {
  Printed printed;
  std::array<pollfd, 2> waiting = {pollfd{output.out.number(), POLLIN, 0}, pollfd{complaints.out.number(), POLLIN, 0}};
  std::array<char, 65'536> buffer;
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      const ssize_t got = ::read(waiting[i].fd, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        waiting[i].fd = -1;
        continue;
      }
      const std::string_view piece(buffer.data(), static_cast<size_t>(got));
      if (i == 0) printed.output += piece;
      else
        printed.complaints +=
            piece.substr(0, kComplaintMaxBytes - std::min(kComplaintMaxBytes, printed.complaints.size()));
    }
    printed.too_much = printed.output.size() > static_cast<size_t>(base::kExtractToolMaxBytes);
    if (printed.too_much) break;
  }
  return printed;
}

}  // namespace

Result<std::string> RunTool(std::vector<std::string> arguments, std::string_view input, std::string_view package) {
  TRY_ASSIGN(const Descriptor in_memory, InMemory(input));
  TRY_ASSIGN(Pipe output, MakePipe());
  TRY_ASSIGN(Pipe complaints, MakePipe());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return Fail(ErrorCode::kIo, "expected to start {}: {}", arguments[0], base::LastError());
  if (child == 0) Become(argv.data(), in_memory.number(), output.in.number(), complaints.in.number());
  output.in.Close();
  complaints.in.Close();
  const Printed printed = Listen(output, complaints);
  if (printed.too_much) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (printed.too_much) {
    return Fail(ErrorCode::kTooLarge, "{} prints more than {} bytes", arguments[0], base::kExtractToolMaxBytes);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return printed.output;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFoundExit) {
    return Fail(ErrorCode::kUnavailable, "expected the program {}: install the package {}", arguments[0], package);
  }
  if (WIFSIGNALED(status)) {
    return Fail(ErrorCode::kCorrupt, "{} was ended by signal {}", arguments[0], WTERMSIG(status));
  }
  const std::string_view complaint = std::string_view(printed.complaints).substr(0, printed.complaints.find('\n'));
  return Fail(ErrorCode::kCorrupt, "{} cannot read it: {}", arguments[0], base::Quoted(complaint, 200));
}

}  // namespace walchen::data
