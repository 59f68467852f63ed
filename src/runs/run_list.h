// SPDX-License-Identifier: Apache-2.0
//
// The training runs below one folder, for somebody who looks on. Nothing here takes a lock or writes.
//
// A run is a folder in that folder, and what is looked at lies in the run itself: links that lead elsewhere are no run,
// because who may name a run here may not be one who may read every file of this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "runs/run_log.h"

namespace walchen::runs {

struct RunSummary {
  std::string name;                   // of its folder
  std::optional<std::string> recipe;  // the recipe's name; none where the recipe cannot be read
  bool running = false;               // a trainer holds it at this moment
  std::optional<int64_t> last_step;   // where the recipe's budget ends, if that is known yet
  std::optional<StepRecord> newest;   // none: no step yet
  std::optional<int64_t> logged_at;   // when the log was last written, in seconds since 1970-01-01 UTC
};

struct RunList {
  std::vector<RunSummary> runs;  // the one written last first; at most kRunsMaxListed
  int64_t left_out = 0;          // so many more there are
};

// No folder is an empty one. Errors: those of Files.
Result<RunList> ListRuns(base::Files& files, const base::Path& folder);

// The folder of the run of that name. Errors: kNotFound (no such run, or no name of one).
Result<base::Path> FindRun(base::Files& files, const base::Path& folder, std::string_view name);

// Of a folder that FindRun found.
RunSummary SummaryOf(base::Files& files, const base::Path& run);

}  // namespace walchen::runs
