// SPDX-License-Identifier: Apache-2.0
//
// One server per home (base/file_lock.h). Other commands do not take it and work beside a server.
#pragma once

#include <string_view>

#include "base/file_lock.h"
#include "base/status.h"
#include "base/home.h"

namespace walchen::cli {

class HomeLock {
 public:
  // Makes the home if there is none. Errors: kUnavailable (another server has it: names its address),
  // kPermissionDenied, kIo.
  static Result<HomeLock> Take(base::Files& files, const base::Home& home);

  // Leaves the server's address for whoever finds the lock taken.
  Result<void> Announce(std::string_view address) { return lock_.Note(address); }

 private:
  explicit HomeLock(base::FileLock lock) : lock_(std::move(lock)) {}
  base::FileLock lock_;
};

}  // namespace walchen::cli
