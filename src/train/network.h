// SPDX-License-Identifier: Apache-2.0
//
// A Walchen model on the torch backend: a text stream, its senses, and what a batch costs them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "formats/gguf.h"
#include "model/llama.h"
#include "model/sense.h"
#include "model/sequence_layout.h"
#include "train/batch.h"
#include "train/header_cache.h"
#include "train/loss.h"
#include "train/torch_backend.h"

namespace walchen::train {

struct Loss {
  std::string name;      // "text", or a sense's name and its head: "signals.quantiles"
  torch::Tensor value;   // one number, the mean over the targets of this batch
  double weight = 1;
  double share = 1;      // how much it counts in the mean over those of all ranks
  std::optional<LossByTau> by_tau = {};  // of a flow; of this process's samples
};

struct Network {
  explicit Network(torch::Device device) : backend(device) {}

  TorchBackend backend;
  model::LlamaConfig text;
  model::LlamaWeights<TorchBackend> text_weights;
  bool text_trained = false;
  std::vector<model::SenseConfig> senses;
  std::vector<model::SenseWeights<TorchBackend>> sense_weights;
  bool recompute_activations = false;  // train/recomputed.h

  // Files stay open no longer than this call. Errors: those of LoadLlama and LoadSense.
  Result<void> AddText(const formats::GgufFile& file, bool trained, int lora_rank = 0);
  Result<void> AddSense(const formats::GgufFile& file, model::SenseConfig sense, bool trained);

  // Runs a batch, segment by segment, and compares what has targets.
  std::vector<Loss> Losses(const Batch& batch);

  // Multiplications and additions of one training step on this batch: forward, and twice that backward where weights or
  // what lies before them are trained. Headers that are remembered cost nothing, and what is recomputed counts once.
  double Operations(const Batch& batch) const;

 private:
  // A text that nothing is learned from and that stands first: the same in every step.
  bool IsHeader(const Batch& batch, size_t segment) const;
  TorchBackend::Cache HeaderOf(const BatchSegment& segment, int64_t lanes);
  template <class Stack>
  torch::Tensor RunStack(const std::shared_ptr<const model::SegmentPlace>& place, bool is_trained, const Stack& stack);
  template <class OnText, class OnSense>
  void Run(const Batch& batch, const OnText& on_text, const OnSense& on_sense);

  HeaderCache headers_;
};

}  // namespace walchen::train
