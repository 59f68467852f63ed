// SPDX-License-Identifier: Apache-2.0
//
// `walchen bench`: this machine's limits, and how near a model comes to them.
#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/machine_memory.h"
#include "base/threads.h"
#include "cli/arguments.h"
#include "cli/bench_senses.h"
#include "cli/command.h"
#include "cli/machine.h"
#include "cli/shared_flags.h"
#include "infer/model_file.h"
#include "infer/throughput.h"
#include "model/llama_config.h"
#include "tensor/kernels/kernels.h"

namespace walchen::cli {
namespace {

struct BenchOptions {
  SharedFlags shared;
  int prompt_tokens = 512;
  int decode_tokens = 64;
  int depth_tokens = 4096;
  bool kv_8bit = false;
  bool of_senses = false;
  std::vector<std::string> senses;
};

struct Row {
  std::string name;
  double tokens_per_s = 0;
  double limit = 0;  // tokens/s that the machine would allow
};

struct Measured {
  infer::MachineLimits machine;
  infer::Throughput shallow;
  double deep_tokens_per_s = 0;  // 0: not measured
  std::vector<Row> rows;
};

// Decoding several answers reads the weights once for all of them, the caches of each.
double DecodeLimit(const infer::MachineLimits& machine, const infer::ModelFile& model, int answers, int depth,
                   tensor::KvType kv_type) {
  const auto weights = static_cast<double>(infer::WeightBytesPerStep(model, answers));
  const auto cache = static_cast<double>(infer::CacheBytes(model, depth, kv_type));
  const double by_memory = machine.memory_gb_s * 1e9 / (weights / answers + cache);
  const double by_arithmetic = machine.int8_gops * 1e9 / static_cast<double>(model.config().operations_per_token());
  return std::min(by_memory, by_arithmetic);
}

Result<Measured> Measure(const BenchOptions& options, std::shared_ptr<const infer::ModelFile> model) {
  const int threads = options.shared.threads;
  Measured report;
  // As large as the weights, because caches change with the size; but the machine has to hold both.
  const int64_t room = std::max<int64_t>(base::ReadMachineMemory().available_bytes / 2, 1'000'000);
  TRY_ASSIGN(report.machine, infer::MeasureMachine(threads, std::min(model->weight_bytes(), room)));
  infer::ThroughputOptions measure = {.threads = threads,
                                      .kv_type = options.kv_8bit ? tensor::KvType::kInt8 : tensor::KvType::kF16,
                                      .prompt_tokens = options.prompt_tokens,
                                      .decode_tokens = options.decode_tokens,
                                      .batches = {4, 8, 16}};
  TRY_ASSIGN(report.shallow, infer::MeasureThroughput(model, measure));
  const auto limit = [&](int answers, int depth) {
    return DecodeLimit(report.machine, *model, answers, depth, measure.kv_type);
  };
  report.rows.push_back({fmt::format("prefill {}", options.prompt_tokens), report.shallow.prefill_tokens_per_s,
                         report.machine.int8_gops * 1e9 / static_cast<double>(model->config().operations_per_token())});
  report.rows.push_back({"decode", report.shallow.decode_tokens_per_s, limit(1, 0)});
  for (const auto& [batch, rate] : report.shallow.batch_tokens_per_s) {
    report.rows.push_back({fmt::format("decode, {} answers", batch), rate, limit(batch, 0)});
  }
  const int depth = std::min(options.depth_tokens, model->config().context_tokens - options.decode_tokens);
  if (depth <= 0) return report;
  measure.prompt_tokens = 0;
  measure.depth_tokens = depth;
  measure.batches = {};
  measure.repeats = 1;
  TRY_ASSIGN(const infer::Throughput deep, infer::MeasureThroughput(model, measure));
  report.deep_tokens_per_s = deep.decode_tokens_per_s;
  report.rows.push_back({fmt::format("decode at depth {}", depth), deep.decode_tokens_per_s, limit(1, depth)});
  return report;
}

void PrintJson(const Measured& report) {
  nlohmann::ordered_json batch = nlohmann::ordered_json::object();
  for (const auto& [answers, rate] : report.shallow.batch_tokens_per_s) batch[std::to_string(answers)] = rate;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Row& row : report.rows) {
    rows.push_back({{"name", row.name}, {"tokens_per_s", row.tokens_per_s}, {"limit", row.limit}});
  }
  nlohmann::ordered_json out = {{"machine",
                                 {{"float_gflops", report.machine.float_gflops},
                                  {"int8_gops", report.machine.int8_gops},
                                  {"memory_gb_s", report.machine.memory_gb_s}}},
                                {"prefill_tokens_per_s", report.shallow.prefill_tokens_per_s},
                                {"decode_tokens_per_s", report.shallow.decode_tokens_per_s},
                                {"batch", batch}};
  if (report.deep_tokens_per_s > 0) out["depth_decode_tokens_per_s"] = report.deep_tokens_per_s;
  out["rows"] = std::move(rows);  // all of them, as the table has them
  fmt::print("{}\n", out.dump());
}

void PrintTable(const BenchOptions& options, const infer::ModelFile& model, const Measured& report) {
  const int threads = options.shared.threads > 0 ? options.shared.threads : base::AvailableCpus();
  const auto kernels = tensor::ChooseKernels();
  fmt::print("{}, {} threads, CPU path {}\n", CpuName(), threads, kernels ? (*kernels)->name : "none");
  fmt::print("registers: {:.0f} GFLOP/s float, {:.0f} GOP/s int8; memory: {:.1f} GB/s over {:.0f} MB\n",
             report.machine.float_gflops, report.machine.int8_gops, report.machine.memory_gb_s,
             static_cast<double>(report.machine.buffer_bytes) * 1e-6);
  fmt::print("{}: {:.0f} MB of weights\n\n", model.name(), static_cast<double>(model.weight_bytes()) * 1e-6);
  fmt::print("{:<24}{:>12}{:>12}{:>10}\n", "", "tokens/s", "limit", "share");
  for (const Row& row : report.rows) {
    fmt::print("{:<24}{:>12.1f}{:>12.1f}{:>9.0f}%\n", row.name, row.tokens_per_s, row.limit,
               100 * row.tokens_per_s / row.limit);
  }
}

Result<int> Bench(const BenchOptions& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Path path, ModelPath(files, options.shared));
  TRY_ASSIGN(const auto model, infer::ModelFile::Load(files, path, {.threads = options.shared.threads}));
  TRY_ASSIGN(const Measured report, Measure(options, model));
  if (options.shared.json) {
    PrintJson(report);
  } else {
    PrintTable(options, *model, report);
  }
  return kDone;
}

}  // namespace

int RunBench(int argc, char** argv) {
  BenchOptions options;
  Arguments arguments("walchen bench", "Measure this machine's limits and how near a model comes to them.");
  AddSharedFlags(arguments, options.shared);
  arguments.Option("--prompt-tokens", options.prompt_tokens, "Length of the prompt", {1, 100'000});
  arguments.Option("--decode-tokens", options.decode_tokens, "Length of an answer", {2, 100'000});
  arguments.Option("--depth", options.depth_tokens, "Tokens in the cache for the last row; 0 leaves it out", {0, 1'000'000});
  arguments.Flag("--kv-8bit", options.kv_8bit, "Keep keys and values in 8 bits");
  arguments.Flag("--senses", options.of_senses, "Measure senses instead: a picture, a forecast, a chunk of actions");
  arguments.Option("--sense", options.senses, "With --senses: the sense to measure, a name, a file or a run; may be repeated");
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (!options.senses.empty() && !options.of_senses) return arguments.WrongUsage("--sense goes with --senses");
  ApplyLogLevel(options.shared, base::LogLevel::kWarning);
  if (options.of_senses) {
    const Result<void> done = BenchSenses(options.shared, options.senses);
    return done ? kDone : Report("bench", done.error());
  }
  const Result<int> done = Bench(options);
  return done ? *done : Report("bench", done.error());
}

}  // namespace walchen::cli
