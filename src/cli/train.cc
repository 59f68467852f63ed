// SPDX-License-Identifier: Apache-2.0
//
// `walchen train` and `walchen tune`. What trains is another program, walchen-train, because it takes a library of some
// hundred megabytes that answering does not need; this file hands over to it. Looking at a run is done here.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"
#include "cli/train_sources.h"
#include "runs/checkpoint.h"
#include "runs/curves.h"
#include "runs/run_folder.h"

namespace walchen::cli {
namespace {

constexpr std::string_view kTrainHelp =
    R"(Usage: walchen train RECIPE --run DIR [--steps N] [--checkpoint-every K]
       walchen train --resume DIR [--steps N]
       walchen train watch DIR [--once]
       walchen train digest DIR

Train a model after a recipe, go on with a run, or look at one.

  RECIPE                 A TOML file that says what to train, from what and how long
  --run DIR              A new folder for the run: its recipe, checkpoints and log
  --resume DIR           Go on with the run in this folder from its newest good checkpoint
  --steps N              End after so many steps, whatever the recipe's budget says
  --checkpoint-every K   Write a checkpoint every K steps, whatever the recipe says
  --device NAME          cpu, cuda (one GPU), or auto: the GPU if there is one
  --rights WHY           Why folders and files that the recipe names may be used, as of walchen data add; own-data if not said.
                         They stand in the ledger before the run begins
  --licence SPDX         Their licence, with --rights licence

  watch                  The curves of a run, redrawn every second until it ends or Ctrl-C
  digest                 One SHA-256 for what a run has learnt: check its newest checkpoint and print it

walchen train watch --help and walchen train digest --help say more.
)";

constexpr std::string_view kTuneHelp =
    R"(Usage: walchen tune --sense NAME RECIPE --run DIR [--steps N] [--checkpoint-every K]
       walchen tune --lora|--full RECIPE --run DIR [--steps N] [--checkpoint-every K]
       walchen tune --resume DIR [--steps N]

Train one sense of a recipe on its base, which stays as it is; or the base, by low-rank updates or whole. The program walchen-train does it, which `make train`
builds; with it, this help says more.
)";

// The program that trains lies beside this one.
Result<base::Path> Trainer() {
  std::error_code error;
  const base::Path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Fail(ErrorCode::kIo, "cannot find where this program lies: {}", error.message());
  const base::Path trainer = self.parent_path() / "walchen-train";
  if (::access(trainer.c_str(), X_OK) == 0) return trainer;
  return Fail(ErrorCode::kNotFound,
              "expected the program {}, which does the training, found none. Build it with `make train`", trainer.native());
}

// Becomes `walchen-train NAME ARGUMENTS...`, when the ledger knows what will be read; comes back only if that fails.
int HandOver(std::string_view command, int argc, char** argv) {
  const Result<base::Path> trainer = Trainer();
  if (!trainer) return Report(command, trainer.error());
  std::string program = trainer->native();
  std::vector<char*> arguments(argv, argv + argc);
  if (const auto recorded = RecordTrainingSources(arguments); !recorded) return Report(command, recorded.error());
  arguments.insert(arguments.begin(), program.data());
  arguments.push_back(nullptr);
  std::fflush(nullptr);
  ::execv(program.c_str(), arguments.data());
  return Report(command, Error(ErrorCode::kIo, fmt::format("cannot start {}: {}", program,
                                                           std::generic_category().message(errno))));
}

bool IsHelp(std::string_view word) { return word == "--help" || word == "-h"; }

// A run folder means its newest good checkpoint, a checkpoint's folder itself.
Result<runs::FoundCheckpoint> FindCheckpoint(base::Files& files, const base::Path& folder) {
  if (!files.Exists(folder / "manifest.json")) return runs::NewestGood(files, folder);
  TRY_ASSIGN(runs::Checkpoint checkpoint, runs::Verify(files, folder));
  return runs::FoundCheckpoint{.checkpoint = std::move(checkpoint), .skipped = {}};
}

int RunTrainDigest(int argc, char** argv) {
  SharedFlags flags;
  std::string folder;
  Arguments arguments("walchen train digest",
                      "Read the newest good checkpoint of a run, or the checkpoint given, check every byte of it against "
                      "its manifest, and print one SHA-256 over the names and digests of its files.");
  arguments.Required("dir", folder, "The run's folder, or one of a checkpoint in it");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto found = FindCheckpoint(base::Files::Os(), folder);
  if (!found) return Report("train digest", found.error());
  const runs::Checkpoint& checkpoint = found->checkpoint;
  if (flags.json) {
    const nlohmann::ordered_json out = {{"digest", runs::Digest(checkpoint)},
                                        {"step", checkpoint.step},
                                        {"path", checkpoint.folder.native()},
                                        {"skipped", found->skipped}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return kDone;
  }
  for (const std::string& reason : found->skipped) {
    if (!flags.quiet) fmt::print(stderr, "skipped: {}\n", Printable(reason));
  }
  fmt::print("{}  {}\n", runs::Digest(checkpoint), Printable(checkpoint.folder.native()));
  return kDone;
}

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

TerminalSize SizeOfTerminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

std::string HumanSeconds(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "? s";  // a log may say anything
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min", whole / 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

// "listener: step 1200, running, 20 min, 3100000 tokens, 2583 tokens/s, 41 GFLOP/s, 3 skipped"
std::string StatusLine(const std::string& name, const runs::RunLogReader& log, bool running) {
  std::string line = fmt::format("{}: {}", name, running ? "running" : "not running");
  if (!log.records().empty()) {
    const runs::StepRecord& last = log.records().back();
    const auto skipped = std::ranges::count(log.records(), true, &runs::StepRecord::skipped);
    line += fmt::format(", step {}, {}, {} tokens, {:.0f} tokens/s, {:.3g} GFLOP/s", last.step,
                        HumanSeconds(last.seconds), last.tokens, last.tokens_per_s, last.flop_per_s * 1e-9);
    if (last.energy_j) line += fmt::format(", {:.3g} kJ", *last.energy_j * 1e-3);
    if (skipped > 0) line += fmt::format(", {} skipped", skipped);
  }
  if (log.bad_lines() > 0) line += fmt::format(", {} lines of the log cannot be read", log.bad_lines());
  return line;
}

// The status line and the curves, as they fit.
std::string Picture(const std::string& name, const runs::RunLogReader& log, bool running, TerminalSize size) {
  std::string status = StatusLine(name, log, running);
  if (status.size() > static_cast<size_t>(size.columns)) status.resize(static_cast<size_t>(size.columns));
  return status + '\n' + runs::DrawCurves(log.records(), size.columns, size.rows - 2);
}

// Over the last picture, line by line: clearing the screen first would flicker.
void Redraw(const std::string& picture) {
  std::string out = "\x1b[H";
  for (const char c : picture) out += c == '\n' ? std::string("\x1b[K\n") : std::string(1, c);
  fmt::print("{}\x1b[J", out);
  std::fflush(stdout);
}

Result<int> Watch(const base::Path& run, bool once) {
  TRY_ASSIGN(const runs::Recipe recipe, runs::RecipeOf(base::Files::Os(), run));
  runs::RunLogReader log(base::Files::Os(), runs::LogPath(run));
  const InterruptGuard guard;
  if (!once) fmt::print("\x1b[2J");
  while (true) {
    const bool running = runs::IsRunning(run);  // asked first: what it wrote before it ended is then in the log
    TRY(log.Update());
    const std::string picture = Picture(recipe.name, log, running, SizeOfTerminal());
    if (once) fmt::print("{}", picture);
    if (once) return kDone;
    Redraw(picture);
    if (!running) return kDone;
    constexpr int kSecond = 1'000'000;
    ::usleep(kSecond);  // Ctrl-C ends it early
    if (InterruptGuard::Interrupted()) return kInterrupted;
  }
}

int RunTrainWatch(int argc, char** argv) {
  SharedFlags flags;
  std::string folder;
  bool once = false;
  Arguments arguments("walchen train watch",
                      "The curves of a run: its losses over the steps, smoothed, with the range of the single steps as a "
                      "shade. Redrawn every second until the run ends or Ctrl-C.");
  arguments.Required("dir", folder, "The run's folder");
  arguments.Flag("--once", once, "Print once and end, as is done where standard output is no terminal");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (flags.json) return arguments.WrongUsage("--json: the run's log.jsonl is JSON, one object per line; read that");
  const Result<int> watched = Watch(folder, once || !IsTerminal(STDOUT_FILENO));
  return watched ? *watched : Report("train watch", watched.error());
}

}  // namespace

int RunTrain(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (IsHelp(first)) {
    fmt::print("{}", kTrainHelp);
    return kDone;
  }
  if (first == "digest") return RunTrainDigest(argc - 1, argv + 1);
  if (first == "watch") return RunTrainWatch(argc - 1, argv + 1);
  if (first.empty()) {
    fmt::print(stderr, "walchen train: expected a recipe, --resume, watch or digest\nSee: walchen train --help\n");
    return kWrongUsage;
  }
  return HandOver("train", argc, argv);
}

int RunTune(int argc, char** argv) {
  if (argc > 1 && IsHelp(argv[1]) && !Trainer()) {
    fmt::print("{}", kTuneHelp);
    return kDone;
  }
  return HandOver("tune", argc, argv);
}

}  // namespace walchen::cli
