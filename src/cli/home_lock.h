// SPDX-License-Identifier: Apache-2.0
//
// One server per home. The lock is the kernel's (flock), so it goes with the process that held it, however that ended.
// Other commands do not take it and work beside a server.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "base/home.h"

namespace walchen::cli {

class HomeLock {
 public:
  // Makes the home if there is none. Errors: kUnavailable (another server has it: names its address),
  // kPermissionDenied, kIo.
  static Result<std::unique_ptr<HomeLock>> Take(base::Files& files, const base::Home& home);
  HomeLock(const HomeLock&) = delete;
  HomeLock& operator=(const HomeLock&) = delete;
  ~HomeLock();

  // Leaves the server's address for whoever finds the lock taken.
  Result<void> Announce(std::string_view address);

 private:
  explicit HomeLock(int file) : file_(file) {}
  const int file_;
};

}  // namespace walchen::cli
