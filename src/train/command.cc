// SPDX-License-Identifier: Apache-2.0
#include "train/command.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <torch/torch.h>

#include "base/clock.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/threads.h"
#include "shards/templates.h"
#include "tensor/kernels/cpu_features.h"
#include "tensor/kernels/kernels.h"
#include "train/device.h"
#include "train/product.h"
#include "train/ranks.h"
#include "train/shared_folder.h"
#include "train/torch_error.h"
#include "train/trainer.h"

namespace walchen::train {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

volatile std::sig_atomic_t stop_requested = 0;
void RequestStop(int) { stop_requested = 1; }

struct Options {
  std::string recipe, run, resume, home, sense;
  bool lora = false, full = false;
  int64_t steps = 0, checkpoint_every = 0;
  int threads = 0;
  std::string device = "auto";
  bool quiet = false;
};

int Report(const Error& error) {
  fmt::print(stderr, "walchen-train: {}\n", error.ToString());
  return kFailed;
}

// A rank that was lost may hold this one's operations for ever, so there is no way back from here. Files do not mind: a
// checkpoint is whole or not there.
void EndOnLoss(const Error& error) {
  Report(error);
  std::_Exit(kFailed);
}

// One line that is written over and over on a terminal; every tenth of a run elsewhere.
class ProgressLine {
 public:
  // `peak` in FLOP/s of all processes together; of no use to a quiet one.
  ProgressLine(bool quiet, int64_t first_step, double peak)
      : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0), first_step_(first_step), peak_(peak) {}

  void Show(const runs::StepRecord& record, int64_t last_step) {
    const bool is_last = record.step == last_step;
    if (quiet_ || (!terminal_ && !is_last && record.step % std::max<int64_t>(1, last_step / 20) != 0)) return;
    std::string losses;
    for (const auto& [name, loss] : record.loss) losses += fmt::format("  {} {:.3f}", name, loss);
    const double step_s = watch_.Ms() / 1'000 / static_cast<double>(std::max<int64_t>(1, record.step - first_step_));
    const double left_s = static_cast<double>(last_step - record.step) * step_s;
    const std::string energy = record.energy_j ? fmt::format("  {:.1f} kJ", *record.energy_j * 1e-3) : "";
    fmt::print(stderr, "{}step {}/{}{}  {:.0f} tokens/s  {:.0f} GFLOP/s ({:.0f} % of a large product){}  {:.0f} s left{}{}",
               terminal_ ? "\r\x1b[K" : "", record.step, last_step, losses, record.tokens_per_s, record.flop_per_s * 1e-9,
               100 * record.flop_per_s / peak_, energy, left_s, record.skipped ? "  (skipped)" : "",
               terminal_ && !is_last ? "" : "\n");
  }

 private:
  bool quiet_, terminal_;
  int64_t first_step_;  // of this process, whose steps the watch times
  double peak_;
  base::Stopwatch watch_;
};

// Of a recipe with several senses the one that is tuned, and the data that are for it. Senses with a `from` stay, frozen:
// the data may need them.
Result<void> TuneOnly(std::string_view name, runs::Recipe& recipe) {
  const auto tuned = std::ranges::find(recipe.senses, name, &runs::SensePlan::name);
  if (tuned == recipe.senses.end()) {
    return Fail(ErrorCode::kInvalidArgument, "--sense {}: the recipe has no [[sense]] of that name", name);
  }
  const std::string modality = tuned->modality;
  std::erase_if(recipe.senses, [&](const runs::SensePlan& sense) { return sense.name != name && sense.from.empty(); });
  for (runs::SensePlan& sense : recipe.senses) sense.train = sense.name == name;
  std::erase_if(recipe.data, [&](const runs::DataPlan& data) { return shards::ModalityOfTemplate(data.text_template) != modality; });
  if (recipe.data.empty()) return Fail(ErrorCode::kInvalidArgument, "--sense {}: the recipe has no [[data]] for {}", name, modality);
  return {};
}

Result<runs::RunFolder> OpenFolder(base::Files& files, const Options& options, const torch::Device& device) {
  if (!options.resume.empty()) return runs::RunFolder::Open(files, options.resume);
  TRY_ASSIGN(const std::string text, files.Read(options.recipe, static_cast<uint64_t>(base::kRecipeMaxBytes)));
  TRY_ASSIGN(runs::Recipe recipe, runs::ReadRecipe(text, options.recipe));
  if (!options.sense.empty()) TRY(TuneOnly(options.sense, recipe));
  constexpr int kUsualRank = 16;
  if (options.full) recipe.text.train = runs::TextTraining::kFull;
  if (options.lora) {
    recipe.text.train = runs::TextTraining::kLora;
    if (recipe.text.lora_rank == 0) recipe.text.lora_rank = kUsualRank;
  }
  if (recipe.precision == runs::Precision::kAuto) {
    const bool is_fast = device.is_cuda() || tensor::SupportsAmx();
    recipe.precision = is_fast ? runs::Precision::kBfloat16 : runs::Precision::kFloat32;
  }
  return runs::RunFolder::Create(files, options.run, recipe);
}

// All that this process may use, by itself or by equal parts with others.
int UsualThreads(const Ranks& ranks) { return std::max(1, base::AvailableCpus() / ranks.on_these_cpus()); }

Result<std::unique_ptr<Trainer>> OpenTrainer(base::Files& files, const Options& options, const std::shared_ptr<Ranks>& ranks) {
  // As long as a network file system may remember that there was no such folder.
  constexpr std::chrono::milliseconds kToSeeFolder = std::chrono::seconds(60);
  TRY_ASSIGN(const torch::Device device, OpenDevice(ranks->alone() ? options.device : "cpu"));
  TRY(tensor::ChooseKernels());  // that there are some, for this CPU and these environment variables
  const base::Path path = options.resume.empty() ? options.run : options.resume;
  TRY_ASSIGN(runs::RunFolder folder,
             ShareFolder(files, path, *ranks, [&] { return OpenFolder(files, options, device); }, kToSeeFolder));
  Trainer::Options trainer;
  trainer.device = device;
  trainer.ranks = ranks;
  trainer.stop_asked = [] { return stop_requested != 0; };
  if (options.steps > 0) trainer.steps = options.steps;
  if (options.checkpoint_every > 0) trainer.checkpoint_every = options.checkpoint_every;
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.home));
  trainer.ledger = home.ledger();
  trainer.shards = home.shards();
  if (!folder.recipe().text.base.empty()) {
    TRY_ASSIGN(trainer.base, base::FindModel(files, home, folder.recipe().text.base));
  }
  const int threads = options.threads > 0 ? options.threads : folder.recipe().threads;
  torch::set_num_threads(threads > 0 ? threads : UsualThreads(*ranks));
  SetProductType(folder.recipe().precision == runs::Precision::kBfloat16 ? torch::kBFloat16 : torch::kFloat);
  TRY(TryProducts(device));
  return Trainer::Open(files, std::move(folder), trainer);
}

void PrintEvaluation(const std::vector<EvaluationRow>& rows) {
  fmt::print("{:<40} {:>10} {:>10}\n", "loss on samples never trained on", "trained", "trivial");
  for (const EvaluationRow& row : rows) fmt::print("{:<40} {:>10.4f} {:>10.4f}\n", row.name, row.trained, row.trivial);
}

Result<int> Run(const Options& options) {
  TRY_ASSIGN(const RankPlace place, RankPlaceFromEnvironment());
  if (place.world > 1 && place.rank == 0 && !options.quiet) {
    fmt::print(stderr, "walchen-train: waiting for {} other processes at {}:{}\n", place.world - 1, place.address, place.port);
  }
  TRY_ASSIGN(const std::shared_ptr<Ranks> ranks, Ranks::Join(place, EndOnLoss, {}));
  TRY_ASSIGN(const auto trainer, OpenTrainer(base::Files::Os(), options, ranks));
  std::signal(SIGINT, RequestStop);
  std::signal(SIGTERM, RequestStop);
  const bool quiet = options.quiet || !ranks->is_first();
  ProgressLine progress(quiet, trainer->step(), quiet ? 1 : MeasuredProductPeak(trainer->network().backend.device()) * place.world);
  while (trainer->step() < trainer->last_step()) {
    TRY_ASSIGN(const runs::StepRecord record, trainer->Step());
    for (const std::string& note : trainer->TakeNotes()) {
      if (ranks->is_first()) fmt::print(stderr, "walchen-train: {}\n", note);
    }
    progress.Show(record, trainer->last_step());
    if (trainer->stopping()) {
      TRY(trainer->Save());
      ranks->Leave();
      if (ranks->is_first()) {
        fmt::print(stderr, "\nwalchen-train: stopped after step {}, saved; go on with --resume\n", trainer->step());
      }
      return kInterrupted;
    }
  }
  TRY(trainer->Save());
  ranks->Leave();
  if (!quiet) {
    TRY_ASSIGN(const auto rows, trainer->EvaluateAll(8));
    PrintEvaluation(rows);
  }
  return kDone;
}

// libtorch says by an exception that there is no memory left, wherever that happens.
Result<int> RunWithoutExceptions(const Options& options) {
  try {
    return Run(options);
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kResourceExhausted, "libtorch: {}", TorchMessage(error));
  }
}

void AddFlags(CLI::App& command, Options& options) {
  command.add_option("recipe", options.recipe, "The recipe, a TOML file");
  command.add_option("--run", options.run, "The folder of the run, which is made");
  command.add_option("--resume", options.resume, "The folder of a run to go on with");
  command.add_option("--steps", options.steps, "Stop after so many steps in all")->check(CLI::PositiveNumber);
  command.add_option("--checkpoint-every", options.checkpoint_every, "Steps between checkpoints")->check(CLI::PositiveNumber);
  command.add_option("--threads", options.threads, "Threads of this process; if not said, all that it may use, evenly shared with "
                     "others that train the same run on the same CPUs")->check(CLI::Range(1, 512));
  command.add_option("--device", options.device, "cpu, cuda (one process, one GPU), or auto: the GPU if there is one")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command.add_option("--home", options.home, "The home, where base models are looked for");
  command.add_flag("--quiet", options.quiet, "Nothing on standard error but errors");
}

}  // namespace

int RunCommand(int argc, char** argv) {
  Options options;
  CLI::App app("Trains Walchen models.", "walchen");
  CLI::App* train = app.add_subcommand("train", "Train what a recipe describes");
  CLI::App* tune = app.add_subcommand("tune", "Train one sense on a base");
  AddFlags(*train, options);
  AddFlags(*tune, options);
  tune->add_option("--sense", options.sense, "The sense of the recipe that is trained");
  CLI::Option* lora = tune->add_flag("--lora", options.lora, "Train low-rank updates of the language model");
  tune->add_flag("--full", options.full, "Train the whole language model")->excludes(lora);
  app.require_subcommand(1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  const bool begins = !options.recipe.empty() && !options.run.empty();
  if (begins == !options.resume.empty()) {
    fmt::print(stderr, "walchen-train: expected a recipe and --run DIR to begin, or --resume DIR to go on\n");
    return kWrongUsage;
  }
  const Result<int> exit_code = RunWithoutExceptions(options);
  return exit_code ? *exit_code : Report(exit_code.error());
}

}  // namespace walchen::train
