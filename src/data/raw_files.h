// SPDX-License-Identifier: Apache-2.0
//
// The files under what a user names, one after the other, in the order of their paths.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"

namespace walchen::data {

struct RawFile {
  base::Path path;
  uint64_t size = 0;
  std::string trouble = {};  // why it is not read: a link, too large, not to be opened; empty: it is
};

// Calls take(file) for each file under `top`, or for `top` itself. Links are reported and not followed, hidden files and
// folders (.git) left out. What a folder holds is in memory, not what lies under it.
// Errors: kNotFound (no such path), those of `take`, which end the walk.
Result<void> WalkFiles(base::Files& files, const base::Path& top, const std::function<Result<void>(const RawFile&)>& take);

// A digest that changes when a file under one of these is added, removed, resized or written. Errors: kNotFound.
Result<std::string> StateOfFiles(base::Files& files, const std::vector<base::Path>& tops);

}  // namespace walchen::data
