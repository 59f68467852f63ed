// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint: what a run needs to go on from a step, as a folder of files and a manifest.
//
//   RUN/step-400/manifest.json             {"format": "walchen checkpoint", "version": 1, "step": 400,
//                                           "digest": "...", "files": [{"name": "...", "size": 1, "sha256": "..."}, ...]}
//   RUN/step-400/weights.safetensors ...   the files of that list
//   RUN/step-600.tmp-4711/                 being written, or left behind by a crash
//
// After any crash a folder `step-N` is a whole checkpoint: it gets this name only when all in it is on the disk, and
// loses it before any of it is removed. What is wrong with one nevertheless (a bad disk, a curious hand) is found by its
// digests, and the next older one counts.
//
// Functions here are for the one process that holds the run's lock (run_folder.h), except NewestGood and Verify, which
// anybody may call at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"

namespace walchen::runs {

// One file to be written. `write` appends the content in pieces of any size; it is hashed on the way and synced after.
struct CheckpointPart {
  std::string name;  // no slash, not "manifest.json", no point in front
  std::function<Result<void>(base::WritableFile&)> write;
};

struct CheckpointFile {
  std::string name;
  uint64_t size = 0;
  std::string sha256;  // 64 lower-case digits

  bool operator==(const CheckpointFile&) const = default;
};

struct Checkpoint {
  base::Path folder;
  int64_t step = 0;                   // so many steps were done
  std::vector<CheckpointFile> files;  // sorted by name

  base::Path PathOf(std::string_view name) const { return folder / name; }
};

// Writes RUN/step-N durably, after removing what a crash left of earlier attempts. When this returns a checkpoint, it
// survives any crash; when it returns an error, the older ones are as they were and the message says which is the newest.
// A broken checkpoint of the same step is replaced, a good one is not touched.
// Errors: kResourceExhausted (disk full), kIo, kPermissionDenied, kAlreadyExists (there is a good checkpoint of this step
// with other content; one with the same content is success), and those of `write`.
Result<Checkpoint> WriteCheckpoint(base::Files& files, const base::Path& run, int64_t step,
                                   std::span<const CheckpointPart> parts);

// Reads all of a checkpoint's folder: that the manifest is whole and each file has its size and digest; other files
// beside them do not matter. Errors: kCorrupt, kNotFound, kUnsupported (of a later version), those of Files.
Result<Checkpoint> Verify(base::Files& files, const base::Path& folder);

struct FoundCheckpoint {
  Checkpoint checkpoint;
  std::vector<std::string> skipped;  // why each newer one is no good
};

// The newest checkpoint of a run that Verify finds good.
// Errors: kNotFound (there is none at all), kCorrupt (none is good: the message has the reasons and what to do), kIo.
Result<FoundCheckpoint> NewestGood(base::Files& files, const base::Path& run);

// Renames the checkpoints of later steps to step-N.broken. For a run that goes on from `step` because these are no good:
// they must not count as the newest ones when Prune looks for what to keep.
Result<void> SetAsideAfter(base::Files& files, const base::Path& run, int64_t step);

// The folder of a checkpoint, whether it is there or not.
base::Path CheckpointPath(const base::Path& run, int64_t step);

// The steps of all checkpoints of a run, good or not, ascending.
Result<std::vector<int64_t>> CheckpointSteps(base::Files& files, const base::Path& run);

// Removes all but the `keep` newest checkpoints (at least 1) and those whose step is a multiple of keep_every (0: none).
Result<void> Prune(base::Files& files, const base::Path& run, int keep, int64_t keep_every);

// One SHA-256 for what a checkpoint holds: of the lines "<sha256>  <name>\n" in the order of the names, which is what
// `sha256sum` prints for these files. The same for two runs that came to the same state, wherever they lie.
std::string Digest(const Checkpoint& checkpoint);

}  // namespace walchen::runs
