// SPDX-License-Identifier: Apache-2.0
//
// A training run: a network, its data, its optimiser, and the folder in which it survives.
//
// What a step computes is a function of the recipe, the step's number and the number of threads, so that 2N steps equal
// N steps, kill -9, and N more, bit for bit.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/energy.h"
#include "base/files.h"
#include "formats/chat_template.h"
#include "formats/tokenizer.h"
#include "runs/checkpoint.h"
#include "runs/run_folder.h"
#include "runs/run_log.h"
#include "shards/sample.h"
#include "train/evaluation.h"
#include "train/guard.h"
#include "train/network.h"
#include "train/optimiser.h"
#include "train/ranks.h"
#include "train/training_record.h"

namespace walchen::train {

class Trainer {
 public:
  struct Options {
    // Where to stop, in all; the recipe's budget if not said. The schedule follows the recipe's budget either way (a budget
    // of minutes would be measured, so then it follows these steps), and a run stopped early goes on as if it had not been.
    std::optional<int64_t> steps;
    std::optional<int64_t> checkpoint_every;  // instead of the recipe's
    torch::Device device = torch::kCPU;
    base::Path ledger = {}, shards = {};      // of the home: base/home.h
    base::Path base;                          // the text stream's file, where the recipe names one
    std::shared_ptr<Ranks> ranks = {};        // that train this run together; null: this process alone
    std::function<bool()> stop_asked = {};    // whether somebody asked this process to stop; null: never
  };

  // Begins or goes on: with the newest good checkpoint, if there is one. `files` must outlive it.
  // Errors: those of the model files, the data, the checkpoint; kInvalidArgument (things that do not fit together).
  static Result<std::unique_ptr<Trainer>> Open(base::Files& files, runs::RunFolder folder, const Options& options);

  int64_t step() const { return step_; }
  int64_t last_step() const { return last_step_; }
  // Whether any rank was asked to stop: all of them hear of it after the same step.
  bool stopping() const { return stopping_ || (ranks_->alone() && stop_asked_ && stop_asked_()); }
  Network& network() { return network_; }
  // What happened on the way that a person should know (a checkpoint that was no good), since the last call.
  std::vector<std::string> TakeNotes();

  // One step, logged; a checkpoint where one is due. Errors: those of checkpoints and data, kInvalidArgument (the numbers
  // of the run make no sense any more: too many steps skipped after every rewind).
  Result<runs::StepRecord> Step();
  // A checkpoint of now, if there is none yet. Of all ranks, as Step: rank 0 writes.
  Result<void> Save();
  // So many samples of a source, side by side.
  Result<Batch> BatchOf(size_t source, uint64_t first_sample, int lanes);
  // The losses on samples that are never trained on, by data source.
  Result<std::vector<EvaluationRow>> EvaluateAll(int batches);

 private:
  Trainer(base::Files& files, runs::RunFolder folder, const Options& options);

  Result<void> CompareWithFirst(const Options& options);
  Result<void> LoadNetwork(const base::Path& base_file);
  Result<void> LoadSense(const model::SenseConfig& sense, const runs::SensePlan& plan);
  Result<void> OpenData(const Options& options);
  Result<void> OpenRecord(const Options& options);
  Result<void> RestoreOrBegin(const Options& options);
  Result<runs::FoundCheckpoint> NewestCheckpoint();
  Result<void> OpenLog();
  void AdviseOnLoss();
  Result<void> Restore(const runs::Checkpoint& checkpoint);
  Result<void> Rewind();
  Result<int64_t> StepsOfBudget();

  // Computes gradients of everything for one step; returns the sum of the weighted losses, of all ranks.
  Result<double> ComputeGradients(runs::StepRecord& record);
  Result<std::vector<Batch>> BatchesOf(int64_t round);
  Result<void> SumOverRanks(runs::StepRecord& record, double& total);
  Result<double> GradientNorm();
  std::vector<runs::CheckpointPart> CheckpointParts();
  Result<void> WriteModel(base::WritableFile& file, const formats::GgufFile& original);
  Result<void> WriteLora(base::WritableFile& file);

  base::Files& files_;
  runs::RunFolder folder_;
  std::shared_ptr<Ranks> ranks_;
  std::function<bool()> stop_asked_;
  bool stopping_ = false;
  Network network_;
  std::vector<std::pair<std::string, std::unique_ptr<formats::GgufFile>>> originals_;  // trained files, by their name in a checkpoint
  std::unique_ptr<formats::Tokenizer> tokenizer_;
  std::unique_ptr<formats::ChatTemplate> chat_template_;  // null: the base has none
  std::string base_sha256_;  // empty: there is no base
  std::vector<std::string> parents_;  // SHA-256 of the models that this one begins with
  bool has_lora_ = false;
  std::vector<std::unique_ptr<shards::SampleSource>> sources_, unseen_;
  std::unique_ptr<Optimiser> optimiser_;
  Guard guard_;
  std::optional<runs::RunLog> log_;  // rank 0's
  std::unique_ptr<TrainingRecord> record_;  // rank 0's; null: no shards are read
  int64_t step_ = 0, last_step_ = 0, schedule_steps_ = 0, saved_step_ = -1, checkpoint_every_ = 0;
  int64_t tokens_ = 0;
  double seconds_ = 0;
  base::EnergyMeter energy_;
  double energy_before_j_ = 0;  // of the run's processes before this one
  int64_t rewinds_ = 0;  // each moves the data on, so that the same samples do not do the same harm again
  std::vector<std::string> notes_;
};

}  // namespace walchen::train
