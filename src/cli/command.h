// SPDX-License-Identifier: Apache-2.0
//
// The table of sub-commands. A sub-command is one file: an options struct, a Run function that reads its arguments and
// calls the libraries, and the printing. What it computes lives in a library.
//
// Adding one: write src/cli/<name>.cc with `int Run<Name>(int argc, char** argv)`, declare it here, add its line to the
// table in commands.cc. argv[0] is the sub-command's own name, as in "chat --prompt Hello".
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"

namespace walchen::cli {

// What the process returns.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,       // the world or the data said no: no such model, disk full, port in use
  kWrongUsage = 2,   // the command line said something that cannot be
  kInterrupted = 130,  // Ctrl-C; 128 + SIGINT, as shells have it
};

struct Command {
  std::string_view name;
  std::string_view summary;  // one line for --help
  int (*run)(int argc, char** argv);
};

// The sub-commands of `walchen`, and those of `walchen model`, `walchen data` and `walchen eval`, in the order of --help.
std::span<const Command> Commands();
std::span<const Command> ModelCommands();
std::span<const Command> DataCommands();
std::span<const Command> EvalCommands();

// Finds argv[0] among `commands` and runs it. `program` is what stands in front of it on the command line ("walchen",
// "walchen model"). Prints help for --help, -h and `help`; an unknown name is kWrongUsage with the nearest known one.
int Dispatch(std::string_view program, std::span<const Command> commands, int argc, char** argv);

// Prints "walchen chat: <message>" on standard error and returns the exit code that fits: kInterrupted for kCancelled,
// else kFailed.
int Report(std::string_view command, const Error& error);

int RunBench(int argc, char** argv);
int RunChat(int argc, char** argv);
int RunData(int argc, char** argv);
int RunDoctor(int argc, char** argv);
int RunEval(int argc, char** argv);
int RunModel(int argc, char** argv);
int RunServe(int argc, char** argv);
int RunTrain(int argc, char** argv);
int RunTune(int argc, char** argv);

int RunDataAdd(int argc, char** argv);
int RunDataBuild(int argc, char** argv);
int RunDataExport(int argc, char** argv);
int RunDataForget(int argc, char** argv);
int RunDataList(int argc, char** argv);
int RunDataMerge(int argc, char** argv);
int RunDataShow(int argc, char** argv);
int RunDataSubject(int argc, char** argv);
int RunDataTokenizer(int argc, char** argv);
int RunDataVerify(int argc, char** argv);
// Not for people: what decodes raw files for `data add`.
int RunExtractWorkerCommand(int argc, char** argv);

int RunEvalPerplexity(int argc, char** argv);

int RunModelDetokenize(int argc, char** argv);
int RunModelExport(int argc, char** argv);
int RunModelImport(int argc, char** argv);
int RunModelList(int argc, char** argv);
int RunModelLogits(int argc, char** argv);
int RunModelQuantize(int argc, char** argv);
int RunModelRandom(int argc, char** argv);
int RunModelRemove(int argc, char** argv);
int RunModelShow(int argc, char** argv);
int RunModelTokenize(int argc, char** argv);
int RunModelVerify(int argc, char** argv);

}  // namespace walchen::cli
