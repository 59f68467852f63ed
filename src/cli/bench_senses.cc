// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_senses.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/home.h"
#include "base/threads.h"
#include "cli/machine.h"
#include "cli/run_model.h"
#include "infer/model_file.h"
#include "infer/sense_throughput.h"
#include "infer/throughput.h"
#include "model/llama_config.h"
#include "model/sense_file.h"
#include "tensor/packed_matrix.h"

namespace walchen::cli {
namespace {

constexpr int kRepeats = 5;
constexpr int kTextTokens = 48;
// No task has more tokens; a forecast of 64 patches and its register is the longest.
constexpr int64_t kSlotsMax = 256;

// d 192 and about 6 layers: the size that DESIGN begins with on a base of 30 layers.
std::vector<model::SenseConfig> UsualSenses(const model::LlamaConfig& text) {
  std::vector<model::SenseConfig> senses;
  for (const model::Modality& modality : model::Modalities()) {
    senses.push_back({.name = modality.name,
                      .modality = modality,
                      .shared = SharedAttentionOf(text),
                      .d_model = 192,
                      .heads = text.kv_heads,
                      .d_ff = 4 * 192,
                      .stride = std::max(1, text.layers / 6)});
  }
  return senses;
}

Result<void> WriteSenses(base::Files& files, std::span<const model::SenseConfig> senses, const base::Path& path) {
  formats::GgufWriter writer;
  writer.Add("general.architecture", std::string(model::kSenseArchitecture));
  model::AddSenseList(senses, writer);
  for (const model::SenseConfig& sense : senses) model::AddNewSense(sense, 1924, {}, writer);
  return writer.Write(files, path);
}

struct Opened {
  std::shared_ptr<const infer::ModelFile> base;
  std::unique_ptr<infer::MixedSequence> with_senses, alone;
};

Result<Opened> Open(base::Files& files, const SharedFlags& flags, std::span<const std::string> senses) {
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(const base::Path path, ModelPath(files, flags));
  Opened opened;
  TRY_ASSIGN(opened.base, infer::ModelFile::Load(files, path, {.threads = flags.threads}));
  const infer::MixedSequence::Options options = {.threads = flags.threads, .slots_max = kSlotsMax};
  TRY_ASSIGN(opened.alone, infer::MixedSequence::Open(files, opened.base, path, {}, options));
  if (!senses.empty()) {
    TRY_ASSIGN(const std::vector<base::Path> paths, SensePaths(files, home, senses));
    TRY_ASSIGN(opened.with_senses, infer::MixedSequence::Open(files, opened.base, path, paths, options));
    return opened;
  }
  const base::Path folder = home.folder() / "cache";
  TRY(files.MakeFolders(folder));
  const base::Path unlearned = folder / fmt::format("bench-senses-{}.gguf", ::getpid());
  TRY(WriteSenses(files, UsualSenses(opened.base->config()), unlearned));
  auto with_senses = infer::MixedSequence::Open(files, opened.base, path, std::span(&unlearned, 1), options);
  TRY(files.Remove(unlearned));  // its weights are in memory, or it was no use
  if (!with_senses) return Forward(with_senses);
  opened.with_senses = std::move(*with_senses);
  return opened;
}

struct Measured {
  infer::MachineLimits machine;
  std::vector<infer::SenseTiming> senses;
  infer::TextTiming text, text_alone;

  // What the machine could do with weights of that type.
  double PeakGflops(tensor::DType type) const {
    const tensor::PackedLayout* layout = tensor::FindPackedLayout(type);
    return layout != nullptr && layout->plain() ? machine.float_gflops : machine.int8_gops;
  }
  bool same_text() const { return text.logits == text_alone.logits; }
};

Result<Measured> Measure(const SharedFlags& flags, std::span<const std::string> senses) {
  TRY_ASSIGN(const Opened opened, Open(base::Files::Os(), flags, senses));
  Measured measured;
  // Registers are what counts here: the weights of a sense fit into the caches.
  TRY_ASSIGN(measured.machine, infer::MeasureMachine(flags.threads, 1'000'000));
  TRY_ASSIGN(measured.senses, infer::MeasureSenses(*opened.with_senses, kRepeats));
  TRY_ASSIGN(measured.text, infer::MeasureText(*opened.with_senses, kTextTokens));
  TRY_ASSIGN(measured.text_alone, infer::MeasureText(*opened.alone, kTextTokens));
  return measured;
}

void PrintJson(const Measured& measured) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const infer::SenseTiming& timing : measured.senses) {
    const double peak = measured.PeakGflops(timing.type);
    rows.push_back({{"task", timing.task},
                    {"sense", timing.sense},
                    {"type", tensor::Info(timing.type).name},
                    {"ms", timing.ms},
                    {"tokens", timing.tokens},
                    {"passes", timing.passes},
                    {"tokens_per_s", timing.tokens_per_s()},
                    {"gflops", timing.gflops()},
                    {"peak_gflops", peak},
                    {"share", timing.gflops() / peak}});
  }
  const nlohmann::ordered_json out = {
      {"machine", {{"float_gflops", measured.machine.float_gflops}, {"int8_gops", measured.machine.int8_gops}}},
      {"senses", std::move(rows)},
      {"text",
       {{"tokens_per_s", measured.text.tokens_per_s},
        {"tokens_per_s_without_senses", measured.text_alone.tokens_per_s},
        {"same_logits", measured.same_text()}}}};
  fmt::print("{}\n", out.dump());
}

void PrintTable(const SharedFlags& flags, const Measured& measured) {
  const int threads = flags.threads > 0 ? flags.threads : base::AvailableCpus();
  fmt::print("{}, {} threads; registers: {:.0f} GFLOP/s float, {:.0f} GOP/s int8\n\n", CpuName(), threads,
             measured.machine.float_gflops, measured.machine.int8_gops);
  fmt::print("{:<34}{:>8}{:>10}{:>12}{:>10}{:>8}\n", "", "type", "ms", "tokens/s", "GFLOP/s", "share");
  for (const infer::SenseTiming& timing : measured.senses) {
    fmt::print("{:<34}{:>8}{:>10.2f}{:>12.0f}{:>10.1f}{:>7.0f}%\n", timing.task, tensor::Info(timing.type).name, timing.ms,
               timing.tokens_per_s(), timing.gflops(), 100 * timing.gflops() / measured.PeakGflops(timing.type));
  }
  fmt::print("\ntext, one token at a time: {:.1f} tokens/s with senses loaded, {:.1f} without; logits {}\n",
             measured.text.tokens_per_s, measured.text_alone.tokens_per_s,
             measured.same_text() ? "the same bit for bit" : "DIFFERENT");
}

}  // namespace

Result<void> BenchSenses(const SharedFlags& flags, std::span<const std::string> senses) {
  TRY_ASSIGN(const Measured measured, Measure(flags, senses));
  if (flags.json) {
    PrintJson(measured);
  } else {
    PrintTable(flags, measured);
  }
  if (measured.same_text()) return {};
  return Fail(ErrorCode::kCorrupt, "the logits of text are others with senses loaded; this is a bug, please report it");
}

}  // namespace walchen::cli
