// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "base/home.h"
#include "cli/model_work.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"
#include "model/random_model.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string shape;
  std::string type = "Q4_0";
  std::string output;
  std::string tokenizer_from;
};

std::string ShapeNames() {
  std::string names;
  for (const model::ModelShape& shape : model::ModelShapes()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", shape.name);
  }
  return names;
}

Result<void> Run(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const model::ModelShape* shape, model::FindModelShape(options.shape));
  model::RandomModel random{.plan = model::PlanOf(*shape), .mix = nullptr,
                            .seed = options.shared.seed.value_or(0), .tokenizer_from = {}};
  TRY_ASSIGN(random.mix, model::FindWeightMix(options.type));
  if (!options.tokenizer_from.empty()) {
    TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
    TRY_ASSIGN(random.tokenizer_from, FindModel(files, home, options.tokenizer_from));
  }
  {
    ModelWork work(options.shared, "writing");
    TRY(model::WriteRandomModel(files, random, options.output, work.pool(), work.on_tensor()));
  }
  TRY_ASSIGN(const base::FileInfo info, files.Stat(options.output));
  if (options.shared.json) {
    const nlohmann::ordered_json out = {{"path", options.output}, {"bytes", info.size}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (!options.shared.quiet) {
    fmt::print(stderr, "wrote {} ({})\n", Printable(options.output), HumanBytes(info.size));
  }
  return {};
}

}  // namespace

int RunModelRandom(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen model random",
                      "Write a model with random weights, as large and as fast as the real one of its shape.");
  arguments.Option("--shape", options.shape, "One of " + ShapeNames());
  arguments.Option("--type", options.type, "Number format of the weights: F16, Q8_0, Q4_0, Q4_K_M, ...");
  arguments.Option("--output", options.output, "The GGUF file to write");
  arguments.Option("--tokenizer-from", options.tokenizer_from,
                   "A model whose tokenizer and chat template it gets; else bytes as tokens");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.shape.empty()) return arguments.WrongUsage("expected --shape, one of " + ShapeNames());
  if (options.output.empty()) return arguments.WrongUsage("expected --output FILE");
  const Result<void> done = Run(options);
  return done ? kDone : Report("model random", done.error());
}

}  // namespace walchen::cli
