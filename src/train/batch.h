// SPDX-License-Identifier: Apache-2.0
//
// Samples of one layout side by side, as tensors.
#pragma once

#include <span>
#include <vector>

#include <torch/types.h>

#include "base/status.h"
#include "model/sense_config.h"
#include "shards/sample.h"

namespace walchen::train {

struct BatchSegment {
  int sense = -1;                // of the network's senses; -1: text
  int rows = 0;
  std::vector<int32_t> tokens = {};   // of text, lane by lane
  torch::Tensor targets = {};         // of text [lanes, rows]; undefined: none
  double share = 1;                   // of the targets that all ranks have here, how many these are (global_batch.h)
  model::SenseTokens layout = {};     // of a sense: rows, positions, extent, grid, kept; its numbers are below
  torch::Tensor features = {};        // [lanes, rows, features]
  torch::Tensor tau_features = {};    // [lanes, rows, kTauFeatures]
  struct Targets {
    torch::Tensor values, weights;  // [lanes, rows, head.values]
    double share = 1;
  };
  std::vector<Targets> heads = {};    // empty: an input only
};

struct Batch {
  int64_t lanes = 0;
  std::vector<BatchSegment> segments = {};
  int64_t tokens() const;  // of all lanes and segments
};

// kInvalidArgument if the samples differ in their layout, or ask for a sense that is not there.
Result<Batch> MakeBatch(std::span<const shards::Sample> samples, std::span<const model::SenseConfig> senses,
                        torch::Device device);

}  // namespace walchen::train
