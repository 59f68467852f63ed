// SPDX-License-Identifier: Apache-2.0
#include "cli/shared_flags.h"

#include "base/clock.h"
#include "base/home.h"
#include "base/limits.h"
#include "cli/run_model.h"

namespace walchen::cli {

uint64_t SharedFlags::SeedOrClock() const {
  base::Clock& clock = base::Clock::Os();
  return seed ? *seed : static_cast<uint64_t>(clock.WallSeconds()) * 1'000'000'000u + static_cast<uint64_t>(clock.SteadyNs());
}

void AddSharedFlags(Arguments& arguments, SharedFlags& flags) {
  arguments.Option("--model", flags.model, "The model: a name of `walchen model ls`, or a path to a GGUF file");
  arguments.Option("--threads", flags.threads, "Threads for computing; 0: all this process may use",
                   Range{0, static_cast<double>(base::kThreadsMax)});
  arguments.Option("--seed", flags.seed, "Start of the random numbers; the same seed gives the same answer");
  arguments.Flag("--json", flags.json, "Print one JSON value on standard output, nothing else");
  arguments.Flag("--quiet", flags.quiet, "Print errors only, beside the result");
  arguments.Option("--home", flags.home, "Folder of models, caches and logs; else $WALCHEN_HOME, "
                                         "$XDG_DATA_HOME/walchen, ~/.local/share/walchen");
}

Result<base::Path> ModelPath(base::Files& files, const SharedFlags& flags, std::string_view name) {
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  return FindModelOrRun(files, home, name.empty() ? flags.model : name, "model.gguf");
}

void ApplyLogLevel(const SharedFlags& flags, base::LogLevel level) {
  base::SetLogLevel(flags.quiet ? base::LogLevel::kError : level);
}

}  // namespace walchen::cli
