// SPDX-License-Identifier: Apache-2.0
//
// The flags that every sub-command with a model has, declared once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/log.h"
#include "base/status.h"
#include "cli/arguments.h"

namespace walchen::cli {

struct SharedFlags {
  std::string model;             // --model NAME|PATH; empty: the home's default
  int threads = 0;               // --threads N; 0: what the machine and its container grant
  std::optional<uint64_t> seed;  // --seed N
  bool json = false;             // --json: one JSON value on standard output, nothing else
  bool quiet = false;            // --quiet: nothing on standard error but errors
  std::string home;              // --home DIR; empty: see Home::Find

  uint64_t SeedOrClock() const;  // the clock's nanoseconds where none was given: another answer each time
};

// Declares all of them. Commands that need no model or no numbers still take them, so that a script may pass the same
// flags everywhere.
void AddSharedFlags(Arguments& arguments, SharedFlags& flags);

// The file that a command works on; of a training run's folder, the model in its newest checkpoint: `name` where it got one of its own, else --model, else the default model.
// Errors: those of base::Home::Find and FindModel.
Result<base::Path> ModelPath(base::Files& files, const SharedFlags& flags, std::string_view name = {});

// Sets the log to `level`, or to errors only with --quiet.
void ApplyLogLevel(const SharedFlags& flags, base::LogLevel level);

}  // namespace walchen::cli
