// SPDX-License-Identifier: Apache-2.0
//
// walchen: reads the name of the sub-command and runs it.
#include <cstdio>
#include <exception>
#include <string_view>

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/version.h"
#include "data/extract_worker.h"

namespace {

int Run(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--version") {
    fmt::print("{}\n", walchen::cli::VersionLine());
    return walchen::cli::kDone;
  }
  if (first == walchen::data::kExtractWorkerCommand) return walchen::cli::RunExtractWorkerCommand(argc - 1, argv + 1);
  return walchen::cli::Dispatch("walchen", walchen::cli::Commands(), argc - 1, argv + 1);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int exit_code = Run(argc, argv);
    // A result that could not be written (a full disk behind `>`) is no success.
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
    std::perror("walchen: cannot write the result");
  } catch (const std::exception& error) {  // out of memory, or fmt could not write
    std::fprintf(stderr, "walchen: %s\n", error.what());
  }
  return walchen::cli::kFailed;
}
