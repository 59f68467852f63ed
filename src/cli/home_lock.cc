// SPDX-License-Identifier: Apache-2.0
#include "cli/home_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace walchen::cli {
namespace {

std::string SystemMessage() { return std::error_code(errno, std::generic_category()).message(); }

// What the holder announced; it may not have got that far.
std::string AnnouncedAddress(int file) {
  char text[256];
  const ssize_t length = pread(file, text, sizeof(text), 0);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : "which is still starting";
}

}  // namespace

Result<std::unique_ptr<HomeLock>> HomeLock::Take(base::Files& files, const base::Home& home) {
  TRY(files.MakeFolders(home.folder()));
  const base::Path path = home.folder() / "server.lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return Fail(errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kIo,
                "{}: cannot be opened: {}; choose another home with --home", path.native(), SystemMessage());
  }
  std::unique_ptr<HomeLock> lock(new HomeLock(file));
  if (flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return Fail(ErrorCode::kIo, "{}: cannot be locked: {}", path.native(), SystemMessage());
  return Fail(ErrorCode::kUnavailable,
              "a server is already running on {}: {}. Use that one, stop it first, or choose another home with --home",
              home.folder().native(), AnnouncedAddress(file));
}

HomeLock::~HomeLock() { close(file_); }

Result<void> HomeLock::Announce(std::string_view address) {
  const ssize_t length = static_cast<ssize_t>(address.size());
  if (ftruncate(file_, 0) != 0 || pwrite(file_, address.data(), address.size(), 0) != length) {
    return Fail(ErrorCode::kIo, "server.lock: cannot be written: {}", SystemMessage());
  }
  return {};
}

}  // namespace walchen::cli
