// SPDX-License-Identifier: Apache-2.0
#include "cli/run_model.h"

#include "runs/checkpoint.h"

namespace walchen::cli {

Result<base::Path> FindModelOrRun(base::Files& files, const base::Home& home, std::string_view model, std::string_view name) {
  TRY_ASSIGN(const base::Path path, base::FindModel(files, home, model));
  TRY_ASSIGN(const base::FileInfo info, files.Stat(path));
  if (!info.is_folder || !files.Exists(path / "recipe.toml")) return path;
  TRY_ASSIGN(const runs::FoundCheckpoint found, runs::NewestGood(files, path));
  for (const runs::CheckpointFile& file : found.checkpoint.files) {
    if (name.empty() ? file.name.ends_with(".gguf") : file.name == name) return found.checkpoint.PathOf(file.name);
  }
  return Fail(ErrorCode::kNotFound, "{}: expected a model {} in the run's checkpoint, found none", path.native(), name);
}

Result<std::vector<base::Path>> SensePaths(base::Files& files, const base::Home& home, std::span<const std::string> senses) {
  std::vector<base::Path> paths;
  for (const std::string& sense : senses) {
    TRY_ASSIGN(base::Path path, FindModelOrRun(files, home, sense, ""));
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace walchen::cli
