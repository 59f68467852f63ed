// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "base/home.h"
#include "cli/model_work.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"
#include "model/quantize_model.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string input;
  std::string type;
  std::string output;
};

void PrintJson(const model::QuantizeReport& report, const std::string& output) {
  auto types = nlohmann::ordered_json::object();
  for (const auto& [name, type] : report.types) {
    types[name] = {{"tensors", type.tensors}, {"bytes", type.bytes}, {"mean_squared_error", type.mean_squared_error}};
  }
  const nlohmann::ordered_json out = {{"path", output},
                                      {"input_bytes", report.input_bytes},
                                      {"output_bytes", report.output_bytes},
                                      {"types", std::move(types)}};
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void PrintText(const model::QuantizeReport& report, const std::string& output) {
  fmt::print("{}: {} of weights, before {}\n{:<8} {:>8} {:>10}  {}\n", Printable(output), HumanBytes(report.output_bytes),
             HumanBytes(report.input_bytes), "TYPE", "TENSORS", "SIZE", "MEAN SQUARED ERROR");
  for (const auto& [name, type] : report.types) {
    fmt::print("{:<8} {:>8} {:>10}  {:.4g}\n", name, type.tensors, HumanBytes(type.bytes), type.mean_squared_error);
  }
}

Result<void> Run(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const model::WeightMix* mix, model::FindWeightMix(options.type));
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(const base::Path input, FindModel(files, home, options.input));
  Result<model::QuantizeReport> report = [&] {
    ModelWork work(options.shared, "quantizing");
    return model::QuantizeModel(files, input, options.output, *mix, work.pool(), work.on_tensor());
  }();
  if (!report) return Forward(report);
  if (options.shared.json) {
    PrintJson(*report, options.output);
  } else if (!options.shared.quiet) {
    PrintText(*report, options.output);
  }
  return {};
}

}  // namespace

int RunModelQuantize(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen model quantize", "Write a model file with its weights in another number format.");
  arguments.Required("input", options.input, "Name or path of the model, best in F32, F16 or BF16");
  arguments.Option("--type", options.type, "The new format: Q4_0, Q4_1, Q8_0, Q4_K_M, Q5_K_M, Q6_K, F16, ...");
  arguments.Option("--output", options.output, "The GGUF file to write");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.type.empty()) return arguments.WrongUsage("expected --type, such as Q4_0 or Q4_K_M");
  if (options.output.empty()) return arguments.WrongUsage("expected --output FILE");
  const Result<void> done = Run(options);
  return done ? kDone : Report("model quantize", done.error());
}

}  // namespace walchen::cli
