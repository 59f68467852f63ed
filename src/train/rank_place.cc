// SPDX-License-Identifier: Apache-2.0
#include "train/rank_place.h"

#include <charconv>
#include <cstdlib>
#include <limits>

namespace walchen::train {
namespace {

constexpr int kMost = std::numeric_limits<int>::max();
constexpr int kUsualPort = 29'500;  // torch's own
// Below the ports that Linux gives to outgoing connections, above those of services.
constexpr int kFirstJobPort = 15'000, kJobPorts = 15'000;

// The names under which a launcher says these things; null: it does not.
struct Launcher {
  const char* rank;
  const char* world;
  const char* local_rank;
  const char* local_world;
  bool is_slurm = false;
};
constexpr Launcher kLaunchers[] = {
    {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", nullptr, true},
};

// A whole number in [least, most], or nothing where there is no such variable.
Result<std::optional<int>> Number(const LookUp& look_up, const char* name, int least, int most) {
  const std::optional<std::string> text = name == nullptr ? std::nullopt : look_up(name);
  if (!text) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < least || number > most) {
    return Fail(ErrorCode::kInvalidArgument, "{}: expected a whole number from {} to {}, found \"{}\"", name, least, most, *text);
  }
  return number;
}

// Of jobs on one machine each has its own. Their numbers may be longer than an int in a federation of clusters.
int JobPort(const std::optional<std::string>& job) {
  uint64_t number = 0;
  if (!job || std::from_chars(job->data(), job->data() + job->size(), number).ec != std::errc()) return kUsualPort;
  return kFirstJobPort + static_cast<int>(number % kJobPorts);
}

bool NotEmpty(const std::optional<std::string>& text) { return text && !text->empty(); }

// The address and port of a launcher that has several ranks.
Result<void> FindMeetingPlace(const LookUp& look_up, const Launcher& launcher, bool all_local, RankPlace& place) {
  const std::optional<std::string> address = look_up("MASTER_ADDR");
  const std::optional<std::string> step_nodes = launcher.is_slurm ? look_up("SLURM_STEP_NODELIST") : std::nullopt;
  const std::optional<std::string> nodes = step_nodes ? step_nodes : look_up("SLURM_JOB_NODELIST");
  if (NotEmpty(address)) {
    place.address = *address;
  } else if (all_local) {
    place.address = "127.0.0.1";
  } else if (NotEmpty(nodes)) {
    TRY_ASSIGN(place.address, FirstNode(*nodes));
  } else {
    return Fail(ErrorCode::kInvalidArgument, "{} and {} say that this is one of {} processes, but MASTER_ADDR is not set: set it "
                "to the machine of rank 0 (127.0.0.1 if all run on this one)", launcher.rank, launcher.world, place.world);
  }
  TRY_ASSIGN(const std::optional<int> port, Number(look_up, "MASTER_PORT", 1, 65'535));
  TRY_ASSIGN(const std::optional<int> restart, Number(look_up, "TORCHELASTIC_RESTART_COUNT", 0, kMost));
  place.port = port ? *port : JobPort(look_up("SLURM_JOB_ID"));
  if (look_up("TORCHELASTIC_USE_AGENT_STORE") == "True") place.launchers_store = fmt::format("walchen/{}", restart.value_or(0));
  return {};
}

}  // namespace

Result<std::string> FirstNode(std::string_view list) {
  const auto wrong = [&] {
    return Fail(ErrorCode::kInvalidArgument, "SLURM_JOB_NODELIST: expected nodes such as node[03-05,9], found \"{}\"", list);
  };
  std::string node;
  size_t at = 0;
  while (at < list.size() && list[at] != ',') {
    if (list[at] != '[') {
      node += list[at++];
      continue;
    }
    const size_t close = list.find(']', at);
    if (close == std::string_view::npos) return wrong();
    const std::string_view numbers = list.substr(at + 1, close - at - 1);
    const std::string_view first = numbers.substr(0, numbers.find_first_of("-,"));
    if (first.empty()) return wrong();
    node += first;
    at = close + 1;
  }
  if (node.empty() || node.find(']') != std::string::npos) return wrong();
  return node;
}

Result<RankPlace> RankPlaceFrom(const LookUp& look_up) {
  for (const Launcher& launcher : kLaunchers) {
    TRY_ASSIGN(const std::optional<int> rank, Number(look_up, launcher.rank, 0, kMost));
    TRY_ASSIGN(const std::optional<int> world, Number(look_up, launcher.world, 1, kMost));
    if (!world && (!rank || launcher.is_slurm)) continue;  // a job's script has a rank too, but is no step of srun's
    if (!rank || !world) {
      return Fail(ErrorCode::kInvalidArgument, "{} is set, but {} is not: set both or none", rank ? launcher.rank : launcher.world,
                  rank ? launcher.world : launcher.rank);
    }
    if (*rank >= *world) {
      return Fail(ErrorCode::kInvalidArgument, "{} is {}, but {} is {}: ranks count from 0", launcher.rank, *rank, launcher.world,
                  *world);
    }
    RankPlace place = {.rank = *rank, .world = *world};
    if (place.world == 1) return RankPlace{};
    TRY_ASSIGN(const std::optional<int> local_rank, Number(look_up, launcher.local_rank, 0, *world - 1));
    TRY_ASSIGN(const std::optional<int> local_world, Number(look_up, launcher.local_world, 1, *world));
    place.local_rank = local_rank.value_or(0);
    TRY(FindMeetingPlace(look_up, launcher, local_world == world, place));
    return place;
  }
  return RankPlace{};
}

Result<RankPlace> RankPlaceFromEnvironment() {
  return RankPlaceFrom([](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

}  // namespace walchen::train
