// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/nearest.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace walchen::cli {
namespace {

constexpr std::array kCommands = {
    Command{"chat", "talk to a model, or ask it one thing with --prompt", RunChat},
    Command{"serve", "answer over HTTP (OpenAI's protocol) and show the web page", RunServe},
    Command{"model", "models on this machine: ls, show, import, export, quantize, random, verify, rm, ...", RunModel},
    Command{"data", "raw files to licensed training data: add, ls, show, verify, forget, build, ...", RunData},
    Command{"eval", "how good a model is: perplexity", RunEval},
    Command{"train", "train a model after a recipe, go on with a run, or watch one", RunTrain},
    Command{"tune", "fine-tune a model on your own data", RunTune},
    Command{"bench", "speed against the limits of this machine", RunBench},
    Command{"doctor", "what this machine can do, what is missing and how to get it", RunDoctor},
};

constexpr std::array kModelCommands = {
    Command{"ls", "list the models in the home", RunModelList},
    Command{"show", "what a model file holds", RunModelShow},
    Command{"verify", "read all of a model file and say whether it is sound", RunModelVerify},
    Command{"import", "bring a GGUF file or a Hugging Face folder into the home", RunModelImport},
    Command{"export", "write a model as a GGUF file or a Hugging Face folder", RunModelExport},
    Command{"quantize", "write a model with its weights in another number format", RunModelQuantize},
    Command{"random", "write a model with random weights, for measuring", RunModelRandom},
    Command{"rm", "delete a model from the home", RunModelRemove},
    Command{"tokenize", "each line of standard input as a JSON array of token ids", RunModelTokenize},
    Command{"detokenize", "each JSON array of token ids on standard input as text", RunModelDetokenize},
    Command{"logits", "the logits after given token ids as a JSON array", RunModelLogits},
};

constexpr std::array kDataCommands = {
    Command{"add", "take files, folders and archives in", RunDataAdd},
    Command{"ls", "list every document with what became of it", RunDataList},
    Command{"show", "the whole life of a document", RunDataShow},
    Command{"merge", "take over what other machines took in", RunDataMerge},
    Command{"verify", "check the ledger and the shards", RunDataVerify},
    Command{"build", "pack kept documents into shards", RunDataBuild},
    Command{"tokenizer", "learn a tokenizer from the kept documents", RunDataTokenizer},
    Command{"export", "the papers: Croissant, dataset card, CSV, attribution", RunDataExport},
    Command{"subject", "what is known of a person", RunDataSubject},
    Command{"forget", "remove a document, or all of a person, for good", RunDataForget},
};

constexpr std::array kEvalCommands = {
    Command{"perplexity", "how well a model predicts a text", RunEvalPerplexity},
};

void PrintHelp(std::string_view program, std::span<const Command> commands) {
  fmt::print("Usage: {} COMMAND [FLAGS]\n\n", program);
  for (const Command& command : commands) fmt::print("  {:<12}{}\n", command.name, command.summary);
  fmt::print("\n{} COMMAND --help says more.\n", program);
}

}  // namespace

std::span<const Command> Commands() { return kCommands; }
std::span<const Command> ModelCommands() { return kModelCommands; }
std::span<const Command> DataCommands() { return kDataCommands; }
std::span<const Command> EvalCommands() { return kEvalCommands; }

int RunModel(int argc, char** argv) { return Dispatch("walchen model", ModelCommands(), argc - 1, argv + 1); }
int RunData(int argc, char** argv) { return Dispatch("walchen data", DataCommands(), argc - 1, argv + 1); }
int RunEval(int argc, char** argv) { return Dispatch("walchen eval", EvalCommands(), argc - 1, argv + 1); }

int Dispatch(std::string_view program, std::span<const Command> commands, int argc, char** argv) {
  if (argc < 1) {
    fmt::print(stderr, "{}: expected a command. See: {} --help\n", program, program);
    return kWrongUsage;
  }
  const std::string_view name = argv[0];
  if (name == "--help" || name == "-h" || name == "help") {
    PrintHelp(program, commands);
    return kDone;
  }
  const auto found = std::ranges::find(commands, name, &Command::name);
  if (found != commands.end()) return found->run(argc, argv);

  std::vector<std::string> known;
  for (const Command& command : commands) known.emplace_back(command.name);
  const std::string_view nearest = base::Nearest(name, known);
  const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
  fmt::print(stderr, "{}: unknown {} \"{}\"{}\nSee: {} --help\n", program, name.starts_with('-') ? "flag" : "command",
             name, hint, program);
  return kWrongUsage;
}

int Report(std::string_view command, const Error& error) {
  // A message may quote a model file, and a template writes its own.
  fmt::print(stderr, "walchen {}: {}\n", command, Printable(error.ToString()));
  return error.code() == ErrorCode::kCancelled ? kInterrupted : kFailed;
}

}  // namespace walchen::cli
