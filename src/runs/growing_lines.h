// SPDX-License-Identifier: Apache-2.0
//
// The lines of a file that somebody else writes on: each call gives those that were added since the last one. The file
// may be cut at any moment, by a shorter one in its place, and may have grown beyond it again when we look.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/status.h"

namespace walchen::runs {

// Not thread-safe.
class GrowingLines {
 public:
  GrowingLines(base::Files& files, base::Path path) : files_(files), path_(std::move(path)) {}

  struct Visitor {
    std::function<void()> restart;               // the file is another one: what was read before counts no more
    std::function<void(std::string_view)> line;  // a whole line, without its line feed
  };
  // Reads at most kRunReadMaxBytes. A last line without its line feed is left for later. No file is an empty one.
  // Errors: kTooLarge (beyond kRunLogMaxBytes), those of Files.
  Result<void> Read(const Visitor& visitor);
  // Whether the last call ended at its bound, so that there may be more.
  bool behind() const { return behind_; }

 private:
  // Whether what was read last stands where it stood.
  Result<bool> IsTheSameFile();
  void Take(std::string_view text, const Visitor& visitor);

  base::Files& files_;
  base::Path path_;
  uint64_t read_bytes_ = 0;     // up to the end of the last whole line
  std::string last_bytes_;      // the end of what stands before that
  bool in_long_line_ = false;   // the beginning of a line was passed over because it has no end within the bound
  bool behind_ = false;
};

}  // namespace walchen::runs
