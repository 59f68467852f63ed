// SPDX-License-Identifier: Apache-2.0
//
// `walchen doctor`: what this machine can do, what is missing and how to get it.
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/machine_memory.h"
#include "base/threads.h"
#include "cli/command.h"
#include "base/home.h"
#include "cli/machine.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "tensor/kernels/kernels.h"

namespace walchen::cli {
namespace {

enum class State { kGood, kOptional, kMissing };  // kOptional: not there, and only some commands want it

struct Finding {
  std::string name;
  State state = State::kGood;
  std::string found;
  std::string advice;  // what to do; empty when nothing need be done
};

std::string_view Word(State state) {
  switch (state) {
    case State::kGood: return "ok";
    case State::kOptional: return "optional";
    case State::kMissing: return "missing";
  }
  return "";
}

// The default model with its tables and a conversation takes about 300 MB.
constexpr int64_t kMemoryNeeded = 500'000'000;
// The default model, and as much again while it is being fetched.
constexpr uint64_t kDiskNeeded = 300'000'000;

// Which instruction sets the binary carries, and which of them this CPU has.
Finding CheckCpuPaths() {
  std::vector<std::string> paths;
  for (const tensor::KernelTable* table : tensor::AllKernels()) {
    paths.push_back(fmt::format("{} {}", table->name, table->supported() ? "yes" : "no"));
  }
  const auto chosen = tensor::ChooseKernels();
  if (!chosen) return {"cpu paths", State::kMissing, fmt::format("{}", fmt::join(paths, ", ")), chosen.error().message()};
  return {"cpu paths", State::kGood, fmt::format("{}; used: {}", fmt::join(paths, ", "), (*chosen)->name), ""};
}

Finding CheckMemory() {
  const base::MachineMemory memory = base::ReadMachineMemory();
  Finding finding{.name = "memory",
                  .found = fmt::format("{} of {} free", HumanBytes(static_cast<uint64_t>(memory.available_bytes)),
                                       HumanBytes(static_cast<uint64_t>(memory.total_bytes))),
                  .advice = {}};
  if (memory.available_bytes < kMemoryNeeded) {
    finding.state = State::kMissing;
    finding.advice = fmt::format("the default model wants {}: close other programs", HumanBytes(kMemoryNeeded));
  }
  return finding;
}

Finding CheckHome(const base::Home& home) {
  const uint64_t free_bytes = FreeDiskBytes(home.folder());
  Finding finding{.name = "home",
                  .found = fmt::format("{}, {} free", home.folder().native(), HumanBytes(free_bytes)),
                  .advice = {}};
  if (!IsWritable(home.folder())) {
    finding.state = State::kMissing;
    finding.advice = "this user may not write there: choose another folder with --home or $WALCHEN_HOME";
  } else if (free_bytes < kDiskNeeded) {
    finding.state = State::kMissing;
    finding.advice = fmt::format("the default model wants {}: make room", HumanBytes(kDiskNeeded));
  }
  return finding;
}

Finding CheckModels(const base::Home& home) {
  const auto names = ModelNames(base::Files::Os(), home);
  if (!names) return {"models", State::kMissing, names.error().ToString(), "make the folder readable"};
  if (names->empty()) {
    return {"models", State::kMissing, "none", "`make up` brings one; `walchen model import FILE` takes your own"};
  }
  return {"models", State::kGood, fmt::format("{}", fmt::join(*names, ", ")), ""};
}

Finding CheckProgram(const std::string& name, const std::string& what_for, const std::string& advice) {
  const std::string path = FindProgram(name);
  if (path.empty()) return {name, State::kOptional, what_for, advice};
  return {name, State::kGood, path, ""};
}

std::vector<Finding> Examine(const base::Home& home) {
  return {
      {"version", State::kGood, VersionLine(), ""},
      {"cpu", State::kGood, fmt::format("{}, {} threads for us", CpuName(), base::AvailableCpus()), ""},
      CheckCpuPaths(),
      CheckMemory(),
      CheckHome(home),
      CheckModels(home),
      CheckProgram("g++", "builds Walchen", "apt-get install g++, or `make up`"),
      CheckProgram("cmake", "builds Walchen", "apt-get install cmake ninja-build, or `make up`"),
      CheckProgram("node", "builds the web page", "`make up` fetches one into build/tools if there is none"),
      CheckProgram("clang++-19", "sanitizers, fuzzing and clang-tidy of `make check`", "`make check` installs it"),
      CheckProgram("chromium", "the browser tests of `make check`", "`make check` installs it"),
  };
}

void PrintJson(const std::vector<Finding>& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"name", finding.name},
                    {"state", Word(finding.state)},
                    {"found", finding.found},
                    {"advice", finding.advice}});
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void PrintTable(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    fmt::print("{:<12}{:<10}{}\n", finding.name, Word(finding.state), Printable(finding.found));
    if (!finding.advice.empty()) fmt::print("{:<22}{}\n", "", Printable(finding.advice));
  }
}

}  // namespace

// kDone when Walchen can answer here, kFailed when something that it needs is missing.
int RunDoctor(int argc, char** argv) {
  SharedFlags flags;
  Arguments arguments("walchen doctor", "What this machine can do, what is missing and how to get it.");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto home = base::Home::Find(flags.home);
  if (!home) return Report("doctor", home.error());
  const std::vector<Finding> findings = Examine(*home);
  flags.json ? PrintJson(findings) : PrintTable(findings);
  const bool able = std::ranges::none_of(findings, [](const Finding& f) { return f.state == State::kMissing; });
  return able ? kDone : kFailed;
}

}  // namespace walchen::cli
