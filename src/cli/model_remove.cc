// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/nearest.h"
#include "cli/command.h"
#include "base/home.h"
#include "cli/shared_flags.h"
#include "model/copy_model.h"

namespace walchen::cli {
namespace {

// Only whole names of the home's own models: an abbreviation or a path is too easily another file than was meant.
Result<void> Remove(const SharedFlags& flags, const std::string& name) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(const std::vector<std::string> names, ModelNames(files, home));
  if (std::ranges::find(names, name) == names.end()) {
    const std::string_view nearest = base::Nearest(name, names);
    return Fail(ErrorCode::kNotFound, "expected the whole name of a model in {}, found \"{}\"{}",
                home.models().native(), name,
                nearest.empty() ? "; `walchen model ls` lists them" : fmt::format("; did you mean {}?", nearest));
  }
  TRY_ASSIGN(const base::Path path, FindModel(files, home, name));
  const base::Path digest = model::DigestPath(path);
  TRY(files.Remove(path));
  if (files.Exists(digest)) TRY(files.Remove(digest));
  TRY(files.SyncFolder(home.models()));
  if (!flags.quiet) fmt::print(stderr, "removed {}\n", path.native());
  return {};
}

}  // namespace

int RunModelRemove(int argc, char** argv) {
  SharedFlags flags;
  std::string name;
  Arguments arguments("walchen model rm", "Delete a model from the home. There is no way back.");
  arguments.Required("name", name, "Whole name of the model, as `walchen model ls` prints it");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const Result<void> removed = Remove(flags, name);
  return removed ? kDone : Report("model rm", removed.error());
}

}  // namespace walchen::cli
