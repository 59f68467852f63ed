// SPDX-License-Identifier: Apache-2.0
#include "train/shared_folder.h"

#include <thread>

#include "base/clock.h"

namespace walchen::train {
namespace {

constexpr std::chrono::milliseconds kLookAgain = std::chrono::milliseconds(200);

std::string NotShared(const Ranks& ranks) {
  return fmt::format("rank {} of {} does not see the run of rank 0; all processes need one folder, on a file system that their "
                     "machines share", ranks.rank(), ranks.world());
}

Result<runs::RunFolder> Follow(base::Files& files, const base::Path& path, std::chrono::milliseconds patience) {
  const base::Stopwatch watch;
  auto folder = runs::RunFolder::Follow(files, path);
  while (!folder && folder.error().code() == ErrorCode::kNotFound && watch.Ms() < static_cast<double>(patience.count())) {
    std::this_thread::sleep_for(kLookAgain);
    folder = runs::RunFolder::Follow(files, path);
  }
  return folder;
}

}  // namespace

Result<runs::RunFolder> ShareFolder(base::Files& files, const base::Path& path, Ranks& ranks,
                                    const std::function<Result<runs::RunFolder>()>& open, std::chrono::milliseconds patience) {
  if (!ranks.is_first()) TRY(ranks.Wait());
  auto folder = ranks.is_first() ? open() : Follow(files, path, patience);
  if (!folder) return ranks.is_first() ? Forward(folder) : Forward(folder, NotShared(ranks));
  if (ranks.is_first()) TRY(ranks.Wait());
  TRY_ASSIGN(const bool is_same, ranks.SameAsFirst(runs::WriteRecipe(folder->recipe())));
  if (is_same) return folder;
  return Fail(ErrorCode::kInvalidArgument, "{}: {}; here lies a run with another recipe", path.native(), NotShared(ranks));
}

}  // namespace walchen::train
