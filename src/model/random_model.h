// SPDX-License-Identifier: Apache-2.0
//
// Models with random weights: as large, as fast and as thirsty for memory as the real ones of their shape, for measuring;
// and small ones for tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/status.h"
#include "base/threads.h"
#include "model/model_plan.h"
#include "model/quantize_model.h"
#include "model/weight_mix.h"

namespace walchen::model {

struct ModelShape {
  std::string_view name;
  std::string_view family;        // GGUF's general.architecture
  int layers, d_model, heads, kv_heads, head_size, d_ff, vocabulary, context_tokens;
  double rope_theta;
  float rms_epsilon;
  bool tied_head;
  double llama3_factor = 0;       // 0: no rope scaling
  int experts = 0, experts_used = 0, expert_d_ff = 0;
};

// Sizes of published models (their config.json), and "tiny" ones of our own.
std::span<const ModelShape> ModelShapes();
// kInvalidArgument names those there are.
Result<const ModelShape*> FindModelShape(std::string_view name);
ModelPlan PlanOf(const ModelShape& shape);

struct RandomModel {
  ModelPlan plan;
  const WeightMix* mix = nullptr;
  uint64_t seed = 0;
  // A GGUF file whose tokenizer and chat template are taken; empty: bytes and pairs of letters as tokens, and ChatML.
  base::Path tokenizer_from;
};

// The same file for the same arguments, whatever the number of threads. Matrices are normal with variance 1 / columns,
// so that activations and logits keep their size through all layers; norms are 1. Blocks are drawn from a pool of
// quantised normal numbers, which is as fast as copying.
// Errors: those of GgufFile, GgufWriter and on_tensor; kUnsupported if the tokenizer has more tokens than the shape.
Result<void> WriteRandomModel(base::Files& files, const RandomModel& model, const base::Path& output,
                              base::ThreadPool& pool, const OnTensor& on_tensor = nullptr);

}  // namespace walchen::model
