// SPDX-License-Identifier: Apache-2.0
#include "runs/run_list.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "runs/checkpoint.h"
#include "runs/json_fields.h"
#include "runs/run_folder.h"

namespace walchen::runs {
namespace {

bool IsRunName(std::string_view name) {
  if (name.empty() || std::ssize(name) > base::kRunNameMaxBytes || name.front() == '.') return false;
  return std::ranges::none_of(name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Whether no link on the way leads elsewhere. What is not there leads nowhere.
bool IsWhereItSeems(base::Files& files, const base::Path& path) {
  const auto real = files.Resolve(path);
  return real ? *real == path : real.error().code() == ErrorCode::kNotFound;
}

// The newest record that can be read, without reading all of the log.
std::optional<StepRecord> NewestRecord(base::Files& files, const base::Path& log, uint64_t size) {
  constexpr auto kTail = 2 * static_cast<uint64_t>(base::kRunLogLineMaxBytes);  // a whole line, however long the torn one
  const auto text = files.ReadAt(log, size - std::min(size, kTail), kTail);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = rest.rfind('\n');
    if (end == std::string_view::npos) break;
    rest = rest.substr(0, end);
    const size_t before = rest.rfind('\n');
    if (auto record = ReadStep(rest.substr(before == std::string_view::npos ? 0 : before + 1))) return *record;
  }
  return std::nullopt;
}

// A budget of minutes, tokens or FLOP becomes steps when the run begins; its checkpoints say how many.
std::optional<int64_t> PlannedSteps(base::Files& files, const base::Path& run, const Recipe& recipe) {
  if (recipe.budget.kind == Budget::Kind::kSteps) return static_cast<int64_t>(recipe.budget.amount);
  const auto steps = CheckpointSteps(files, run);
  if (!steps || steps->empty()) return std::nullopt;
  const base::Path state = CheckpointPath(run, steps->back()) / "state.json";
  if (!IsWhereItSeems(files, state)) return std::nullopt;
  const auto text = files.Read(state, static_cast<uint64_t>(base::kCheckpointManifestMaxBytes));
  if (!text) return std::nullopt;
  const auto object = ParseObject(*text);
  if (!object) return std::nullopt;
  const auto planned = WholeOf(*object, "schedule_steps");
  return planned ? std::optional(*planned) : std::nullopt;
}

}  // namespace

Result<base::Path> FindRun(base::Files& files, const base::Path& folder, std::string_view name) {
  const auto none = Fail(ErrorCode::kNotFound, "expected the name of a run, found {}", base::Quoted(name));
  if (!IsRunName(name)) return none;
  const auto real = files.Resolve(folder);
  if (!real) return none;
  base::Path run = *real / name;
  const base::Path recipe = run / "recipe.toml";
  const auto is_safe = [&](const base::Path& path) { return IsWhereItSeems(files, path); };
  const bool is_run = files.Exists(recipe) && std::ranges::all_of(std::array{run, recipe, run / "lock", LogPath(run)}, is_safe);
  if (!is_run) return none;
  return run;
}

RunSummary SummaryOf(base::Files& files, const base::Path& run) {
  RunSummary summary;
  summary.name = run.filename();
  summary.running = IsRunning(run);  // asked first: what it wrote before it ended is then in the log
  if (const auto recipe = RecipeOf(files, run)) {
    summary.recipe = recipe->name;
    summary.last_step = PlannedSteps(files, run, *recipe);
  }
  const base::Path log = LogPath(run);
  if (const auto info = files.Stat(log)) {
    summary.logged_at = info->modified_s;
    summary.newest = NewestRecord(files, log, info->size);
  }
  return summary;
}

Result<RunList> ListRuns(base::Files& files, const base::Path& folder) {
  auto names = files.List(folder);
  if (!names && names.error().code() == ErrorCode::kNotFound) return RunList();
  if (!names) return Forward(names);
  struct Found {
    base::Path run;
    int64_t logged_at;
  };
  std::vector<Found> found;
  for (const std::string& name : *names) {
    const auto run = FindRun(files, folder, name);
    if (!run) continue;
    const auto log = files.Stat(LogPath(*run));
    found.push_back({*run, log ? log->modified_s : 0});
  }
  std::ranges::stable_sort(found, std::greater(), &Found::logged_at);
  RunList list;
  for (const Found& each : found) {
    if (std::ssize(list.runs) == base::kRunsMaxListed) break;
    list.runs.push_back(SummaryOf(files, each.run));
  }
  list.left_out = std::ssize(found) - std::ssize(list.runs);
  return list;
}

}  // namespace walchen::runs
