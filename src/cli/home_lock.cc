// SPDX-License-Identifier: Apache-2.0
#include "cli/home_lock.h"

namespace walchen::cli {

Result<HomeLock> HomeLock::Take(base::Files& files, const base::Home& home) {
  TRY(files.MakeFolders(home.folder()));
  const base::Path path = home.folder() / "server.lock";
  auto lock = base::FileLock::Take(path);
  if (lock) return HomeLock(std::move(*lock));
  if (lock.error().code() != ErrorCode::kUnavailable) {
    return Fail(lock.error().code(), "{}; choose another home with --home", lock.error().message());
  }
  const std::string address = base::FileLock::NoteOf(path);  // the holder may not have got that far
  return Fail(ErrorCode::kUnavailable,
              "a server is already running on {}: {}. Use that one, stop it first, or choose another home with --home",
              home.folder().native(), address.empty() ? "which is still starting" : address);
}

}  // namespace walchen::cli
