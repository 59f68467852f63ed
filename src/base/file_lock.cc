// SPDX-License-Identifier: Apache-2.0
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/errno_code.h"

namespace walchen::base {
namespace {

tl::unexpected<Error> FailLock(std::string_view action, const Path& path, int error) {
  return Fail(CodeOfErrno(error), "{} cannot be {}: {}", path.native(), action, std::strerror(error));
}

// 0, or errno. IsHeld takes a lock for an instant, which must not turn away a process that just starts, so a taken lock
// is tried again before it counts as taken.
int LockPatiently(int file) {
  constexpr int kAttempts = 5;
  constexpr auto kPause = std::chrono::milliseconds(10);
  for (int attempt = 1; ::flock(file, LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (errno != EWOULDBLOCK || attempt == kAttempts) return errno;
    std::this_thread::sleep_for(kPause);
  }
  return 0;
}

}  // namespace

Result<FileLock> FileLock::Take(const Path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return FailLock("opened", path, errno);
  FileLock lock(file, path);
  if (const int error = LockPatiently(file); error == EWOULDBLOCK) {
    return Fail(ErrorCode::kUnavailable, "{} is held by another process", path.native());
  } else if (error != 0) {
    return FailLock("locked", path, error);
  }
  TRY(lock.Note(""));  // what the last holder noted is not true of this one
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  return *this;
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

Result<void> FileLock::Note(std::string_view text) {
  const auto length = static_cast<ssize_t>(text.size());
  if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, text.data(), text.size(), 0) != length) {
    return FailLock("written", path_, errno);
  }
  return {};
}

std::string FileLock::NoteOf(const Path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {};
  char text[256];
  const ssize_t length = ::pread(file, text, sizeof(text), 0);
  ::close(file);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : std::string();
}

bool FileLock::IsHeld(const Path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  const bool held = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return held;
}

}  // namespace walchen::base
