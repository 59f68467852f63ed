// SPDX-License-Identifier: Apache-2.0
//
// A file that at most one process holds at a time: one server per home, one trainer per run. The lock is the kernel's
// (flock), so it goes with the process that held it, however that ended; the file itself stays.
//
// The holder may note something in the file, such as its address, for whoever finds it taken. Not through base::Files:
// a lock is no content that a crash could tear.
#pragma once

#include <string>
#include <string_view>

#include "base/files.h"
#include "base/status.h"

namespace walchen::base {

// Movable; gives the lock back when it is destroyed. Not thread-safe.
class FileLock {
 public:
  // Makes the file, readable by this user only, if there is none, and empties it. Errors: kUnavailable (somebody holds
  // it; NoteOf says who), kPermissionDenied, kNotFound (no such folder), kIo.
  static Result<FileLock> Take(const Path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  // Replaces what was noted.
  Result<void> Note(std::string_view text);

  // What the holder noted, or the last one if nobody holds it; empty where nothing was, or nothing can be read. At most
  // 256 bytes.
  static std::string NoteOf(const Path& path);
  // Whether somebody holds it at this moment. False where there is no such file or it may not be read.
  static bool IsHeld(const Path& path);

 private:
  FileLock(int file, Path path) : file_(file), path_(std::move(path)) {}
  int file_;  // -1: moved from
  Path path_;
};

}  // namespace walchen::base
