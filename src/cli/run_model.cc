// SPDX-License-Identifier: Apache-2.0
#include "cli/run_model.h"

#include "base/bytes.h"
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

Result<base::Path> LoraPath(base::Files& files, const base::Home& home, std::string_view lora) {
  return FindModelOrRun(files, home, lora, "lora.gguf");
}

Result<std::shared_ptr<const infer::ModelFile>> LoadWithLora(base::Files& files, const base::Path& model,
                                                             const SharedFlags& flags, std::string_view lora) {
  infer::ModelFile::Options options = {.threads = flags.threads};
  if (!lora.empty()) {
    TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
    TRY_ASSIGN(base::Path path, LoraPath(files, home, lora));
    options.adapters.push_back({.name = "lora", .path = std::move(path)});
  }
  return infer::ModelFile::Load(files, model, options);
}

Result<std::vector<infer::AdapterSource>> NamedLoras(base::Files& files, const base::Home& home,
                                                     std::span<const std::string> loras) {
  std::vector<infer::AdapterSource> sources;
  for (const std::string_view lora : loras) {
    const size_t equals = lora.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == lora.size()) {
      return Fail(ErrorCode::kInvalidArgument, "--lora {}: expected NAME=PATH, such as cards=adapter.gguf", base::Quoted(lora));
    }
    TRY_ASSIGN(base::Path path, LoraPath(files, home, lora.substr(equals + 1)));
    sources.push_back({.name = std::string(lora.substr(0, equals)), .path = std::move(path)});
  }
  return sources;
}

}  // namespace walchen::cli
