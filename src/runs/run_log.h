// SPDX-License-Identifier: Apache-2.0
//
// The log of a run: log.jsonl, one JSON object per step, appended line by line. Whoever writes it may be killed at any
// moment, so the last line may be torn; whoever reads it may do so at any moment.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "runs/growing_lines.h"

namespace walchen::runs {

// One step. A number that is not finite (a loss that exploded) is null in the file and NaN when it is read.
struct StepRecord {
  int64_t step = 0;                    // so many steps were done with this one: the first record has 1
  std::map<std::string, double> loss;  // by name of the [[data]]
  // Of flow losses, where the noise level tau lies in each quarter of [0, 1]; NaN where it never did. Of the first process's
  // samples.
  std::map<std::string, std::vector<double>> loss_by_tau = {};
  int64_t tokens = 0;                  // of the run so far
  double seconds = 0;                  // of the run so far, over all its processes
  double tokens_per_s = 0;             // of this step
  double flop_per_s = 0;               // of this step
  double grad_norm = 0;                // before clipping
  double rate = 0;                     // what RateFactor gave
  bool skipped = false;                // the guard threw the step away
  std::optional<double> energy_j = {};  // of the run so far, where the machine tells

  bool operator==(const StepRecord&) const = default;
};

// A line without its line feed.
std::string WriteStep(const StepRecord& record);
// Errors: kCorrupt, kTooLarge. Unknown members do not matter.
Result<StepRecord> ReadStep(std::string_view line);

// Writes the log. Not thread-safe.
class RunLog {
 public:
  // Goes on after `step`: lines of later steps, which a resumed run does again, and a torn last line are cut; other lines
  // that cannot be read stay. A new file if there is none.
  static Result<RunLog> Open(base::Files& files, const base::Path& path, int64_t step);

  // The line is in the file, as a whole or, after an error, perhaps in part.
  Result<void> Append(const StepRecord& record);
  // What was appended is on the disk. Call it before a checkpoint, so that a log is never behind one.
  Result<void> Sync() { return file_->Sync(); }

 private:
  explicit RunLog(std::unique_ptr<base::WritableFile> file) : file_(std::move(file)) {}
  std::unique_ptr<base::WritableFile> file_;
  bool torn_ = false;  // the last line has no end
};

// Reads a log that may be growing. Not thread-safe.
class RunLogReader {
 public:
  RunLogReader(base::Files& files, base::Path path) : lines_(files, std::move(path)) {}

  // Reads what was added since the last call; all of it again if the file was cut meanwhile. No file is an empty one.
  // Errors: kTooLarge, those of Files.
  Result<void> Update();

  const std::vector<StepRecord>& records() const { return records_; }
  // Whole lines that could not be read. The torn last one is none.
  int64_t bad_lines() const { return bad_lines_; }

 private:
  GrowingLines lines_;
  std::vector<StepRecord> records_;
  int64_t bad_lines_ = 0;
};

}  // namespace walchen::runs
