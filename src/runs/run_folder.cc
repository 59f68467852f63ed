// SPDX-License-Identifier: Apache-2.0
#include "runs/run_folder.h"

#include <unistd.h>

#include "base/limits.h"

namespace walchen::runs {
namespace {

constexpr std::string_view kRecipe = "recipe.toml";
constexpr std::string_view kLock = "lock";

// What Create itself leaves when it is killed half-way: then the folder counts as empty.
bool IsOfCreate(std::string_view name) { return name == kLock || name.starts_with("recipe.toml.tmp-"); }

// "runs/a/" and "runs/a" are the same folder, but the parent of the first would be "runs/a".
base::Path WithoutTrailingSlash(const base::Path& folder) {
  const base::Path normal = folder.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// The folder and its parents, durable up to the first one that was there.
Result<void> MakeDurableFolders(base::Files& files, const base::Path& folder) {
  std::vector<base::Path> parents;
  // The root is its own parent.
  for (base::Path path = folder; path.has_relative_path() && !files.Exists(path); path = path.parent_path()) {
    parents.push_back(path.parent_path());
  }
  TRY(files.MakeFolders(folder));
  for (const base::Path& parent : parents) TRY(files.SyncFolder(parent));
  return {};
}

// That nothing of value lies there.
Result<void> ExpectEmpty(base::Files& files, const base::Path& folder) {
  if (!files.Exists(folder)) return {};
  TRY_ASSIGN(const std::vector<std::string> names, files.List(folder));
  if (std::ranges::find(names, kRecipe) != names.end()) {
    return Fail(ErrorCode::kAlreadyExists,
                "{}: expected no run yet, found one. Go on with it by `walchen train --resume {}`, or choose another folder",
                folder.native(), folder.native());
  }
  for (const std::string& name : names) {
    if (IsOfCreate(name)) continue;
    return Fail(ErrorCode::kAlreadyExists,
                "{}: expected an empty folder or none, found {} in it: choose another folder for the run",
                folder.native(), base::Quoted(name));
  }
  return {};
}

Result<base::FileLock> TakeLock(const base::Path& folder) {
  const base::Path path = folder / kLock;
  auto lock = base::FileLock::Take(path);
  if (lock) {
    TRY(lock->Note(fmt::format("{}", ::getpid())));
    return lock;
  }
  if (lock.error().code() != ErrorCode::kUnavailable) return Forward(lock);
  const std::string holder = base::FileLock::NoteOf(path);
  return Fail(ErrorCode::kUnavailable,
              "{}: another trainer has this run{}. Wait for it or stop it; `walchen train watch {}` shows what it does",
              folder.native(), holder.empty() ? "" : fmt::format(", process {}", holder), folder.native());
}

}  // namespace

Result<RunFolder> RunFolder::Create(base::Files& files, const base::Path& folder, const Recipe& recipe) {
  const base::Path path = WithoutTrailingSlash(folder);
  TRY(ExpectEmpty(files, path));  // before the lock leaves a file in a folder that is none of ours
  TRY(MakeDurableFolders(files, path));
  TRY_ASSIGN(base::FileLock lock, TakeLock(path));
  TRY(ExpectEmpty(files, path));  // somebody else may have made the run meanwhile
  TRY(base::ReplaceFile(files, path / kRecipe, WriteRecipe(recipe)));
  return RunFolder(path, recipe, std::move(lock));
}

Result<RunFolder> RunFolder::Open(base::Files& files, const base::Path& folder) {
  const base::Path path = WithoutTrailingSlash(folder);
  TRY(RecipeOf(files, path));  // before the lock leaves a file in a folder that is no run
  TRY_ASSIGN(base::FileLock lock, TakeLock(path));
  TRY_ASSIGN(Recipe recipe, RecipeOf(files, path));
  return RunFolder(path, std::move(recipe), std::move(lock));
}

Result<RunFolder> RunFolder::Follow(base::Files& files, const base::Path& folder) {
  const base::Path path = WithoutTrailingSlash(folder);
  TRY_ASSIGN(Recipe recipe, RecipeOf(files, path));
  return RunFolder(path, std::move(recipe), std::nullopt);
}

base::Path LogPath(const base::Path& run) { return run / "log.jsonl"; }

Result<Recipe> RecipeOf(base::Files& files, const base::Path& run) {
  const base::Path path = run / kRecipe;
  auto toml = files.Read(path, static_cast<uint64_t>(base::kRecipeMaxBytes));
  if (!toml && toml.error().code() == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound,
                "{}: expected a run, a folder with recipe.toml, found none. `walchen train RECIPE --run DIR` begins one",
                run.native());
  }
  if (!toml) return Forward(toml);
  return ReadRecipe(*toml, path.native());
}

bool IsRunning(const base::Path& run) { return base::FileLock::IsHeld(run / kLock); }

}  // namespace walchen::runs
