// SPDX-License-Identifier: Apache-2.0
//
// The folder of one training run.
//
//   recipe.toml    what it is made from, with every default written out; never changed
//   lock           held by the trainer, with its process number
//   log.jsonl      one line per step (run_log.h)
//   step-N/        checkpoints (checkpoint.h)
#pragma once

#include <optional>
#include <string>

#include "base/file_lock.h"
#include "base/files.h"
#include "base/status.h"
#include "runs/recipe.h"

namespace walchen::runs {

// The run of this process: holds the lock as long as it lives, unless it follows. Movable.
class RunFolder {
 public:
  // Makes the folder, durably. Errors: kAlreadyExists (there is a run: go on with it by --resume; or files that are no
  // run's), kUnavailable (another process is just making it), those of Files.
  static Result<RunFolder> Create(base::Files& files, const base::Path& folder, const Recipe& recipe);
  // Errors: kNotFound (no run there), kUnavailable (another trainer has it: names its process number), those of
  // ReadRecipe.
  static Result<RunFolder> Open(base::Files& files, const base::Path& folder);
  // Without the lock: for the processes that train a run together with the one that holds it, and only read. Errors:
  // kNotFound (no run there), those of ReadRecipe.
  static Result<RunFolder> Follow(base::Files& files, const base::Path& folder);

  const base::Path& path() const { return path_; }
  const Recipe& recipe() const { return recipe_; }

 private:
  RunFolder(base::Path path, Recipe recipe, std::optional<base::FileLock> lock)
      : path_(std::move(path)), recipe_(std::move(recipe)), lock_(std::move(lock)) {}

  base::Path path_;
  Recipe recipe_;
  std::optional<base::FileLock> lock_;
};

// For those who only look on. They take no lock.
base::Path LogPath(const base::Path& run);
// Errors: kNotFound (no run there: says what is expected), those of ReadRecipe.
Result<Recipe> RecipeOf(base::Files& files, const base::Path& run);
// Whether a trainer holds the run at this moment.
bool IsRunning(const base::Path& run);

}  // namespace walchen::runs
