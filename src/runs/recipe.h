// SPDX-License-Identifier: Apache-2.0
//
// A recipe: everything that a training run is made from, in one TOML file.
//
//   name = "listener"                        # seed = 1, threads = 0: all
//   [text]                                   # a model that is there, or one from scratch: layers, d_model, ...
//   base = "SmolLM2-135M-Instruct"
//   [[sense]]
//   name = "audio"
//   [[data]]
//   name = "speech"
//   template = "{audio} says: {text}"
//   source = "folder:speech"
//   sequences = 16
//   [budget]
//   minutes = 60
//
// What is not said has the default that stands here. A key that nobody knows, a value of the wrong type and one out of
// range are errors with file and line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "runs/options.h"
#include "runs/schedule.h"

namespace walchen::runs {

enum class TextTraining {
  kFrozen,  // its weights stay as they are
  kLora,    // low-rank updates beside its weights; Hu et al., 2021 (arXiv:2106.09685)
  kFull,    // its weights are trained
};

// In what matrix products are computed; weights, moments and sums are 32-bit floats either way.
enum class Precision {
  kAuto,      // kBfloat16 on CPUs with AMX, else kFloat32; settled when a run begins, and stored
  kFloat32,
  kBfloat16,  // Kalamkar et al., 2019 (arXiv:1905.12322)
};

// The text stream: a model that is there, or a new one of a given shape.
struct TextPlan {
  std::string base;  // a model's name or path; empty: from scratch
  TextTraining train = TextTraining::kFrozen;  // from scratch always kFull
  int lora_rank = 0;                           // 0 unless train is kLora, whose default is 16

  // From scratch; 0 where there is a base. A recipe may leave out kv_heads (as many as heads), head_size
  // (d_model / heads) and rope_theta; here they are resolved.
  int layers = 0;
  int d_model = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_size = 0;
  int d_ff = 0;
  int vocabulary = 0;
  std::string tokenizer;  // a model file that has one (`walchen data tokenizer`); empty: every byte is a token
  int context_tokens = 0;
  double rope_theta = 0;  // 10,000 if not said

  bool from_scratch() const { return base.empty(); }
  bool operator==(const TextPlan&) const = default;
};

// One stream beside the text.
struct SensePlan {
  std::string name;      // unique
  std::string modality;  // its name if not said
  int d_model = 192;
  int heads = 0;  // 0: one per KV head of the text stream
  int d_ff = 0;   // 0: 4 * d_model
  int stride = 1;
  bool train = true;
  std::string from;  // an adapter or a run folder to begin from; empty: from random weights

  bool operator==(const SensePlan&) const = default;
};

struct DataSource {
  enum class Kind { kGenerator, kFolder, kJsonl, kShards };
  Kind kind = Kind::kGenerator;
  std::string place;  // the name of the generator or of the shards, or the path

  bool operator==(const DataSource&) const = default;
};

// Where sequences come from, and how many of them a step takes.
struct DataPlan {
  std::string name;  // unique; the loss of these sequences has this name in the log
  std::string text_template;  // "template" in the file
  DataSource source;          // "generator:NAME", "folder:PATH", "jsonl:PATH" or "shards:NAME" in the file
  int sequences = 0;          // per step
  std::string tiers;          // letters of ledger/rights.h, in the file an array; empty: not said
  Options options;

  bool operator==(const DataPlan&) const = default;
};

// Muon for matrices (Jordan et al., 2024), Adam for the rest (Kingma and Ba, 2014, arXiv:1412.6980).
struct OptimiserPlan {
  double muon_rate = 0.02;
  double muon_momentum = 0.95;
  double adam_rate = 0.003;
  double embedding_rate = 0.03;
  double beta1 = 0.8;
  double beta2 = 0.95;
  double epsilon = 1e-10;
  double weight_decay = 0.05;
  double clip_norm = 1.0;  // 0: gradients are not clipped
  double ema = 0.999;      // how much of the weights' moving average stays per step; 0: there is none
  int accumulate = 1;      // batches whose gradients make one step

  bool operator==(const OptimiserPlan&) const = default;
};

// When a run ends: one of the four, in the file under its name.
struct Budget {
  enum class Kind { kSteps, kTokens, kFlop, kMinutes };
  Kind kind = Kind::kSteps;
  double amount = 0;  // above 0; whole for steps and tokens, which are below 2^53

  bool operator==(const Budget&) const = default;
};

struct CheckpointPlan {
  int64_t every = 200;     // steps
  int keep = 2;            // so many newest ones
  int64_t keep_every = 0;  // and those of every so many steps, for good; 0: none

  bool operator==(const CheckpointPlan&) const = default;
};

// A step whose loss lies more than `sigma` deviations above the mean of the last `window` steps is skipped; after
// `rewind_after` of them in a row the run goes back to its newest checkpoint.
struct GuardPlan {
  int window = 128;
  double sigma = 10;
  int rewind_after = 5;

  bool operator==(const GuardPlan&) const = default;
};

struct Recipe {
  std::string name;
  int64_t seed = 1;
  int threads = 0;  // 0: all this process may use
  Precision precision = Precision::kAuto;
  bool recompute_activations = false;  // with the gradients, instead of keeping them: less memory, a third more work
  TextPlan text;
  std::vector<SensePlan> senses;  // [[sense]], in the order of the file
  std::vector<DataPlan> data;     // [[data]], at least one
  OptimiserPlan optimiser;
  Schedule schedule;
  Budget budget;
  CheckpointPlan checkpoint;
  GuardPlan guard;

  bool operator==(const Recipe&) const = default;
};

// `where` names the text in messages ("recipe.toml"). Errors: kTooLarge, kInvalidArgument; never an invalid recipe.
Result<Recipe> ReadRecipe(std::string_view toml, std::string where);

// All of it, defaults too, in one form: the same recipe gives the same text, and ReadRecipe gives back an equal recipe.
std::string WriteRecipe(const Recipe& recipe);

}  // namespace walchen::runs
