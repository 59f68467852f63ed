// SPDX-License-Identifier: Apache-2.0
//
// What a kind of continuous data tells a sense about itself: how wide its tokens are and what is predicted for each.
//
// A modality is data plus one encoder: raw values become SenseTokens (inputs) and, in training, SenseTargets. The encoders
// stand beside it (model/signals.h, vision.h, motion.h) and are plain code on floats, the same for every backend. What
// the network, the losses and the files do with a modality follows from the struct below, so adding one touches no switch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/backend.h"

namespace walchen::model {

// How a head's outputs are compared with their targets.
enum class HeadLoss {
  kFlow,       // squared error of the clean value x, weighted by 1 / max(1 - tau, .05)^2 (the encoder sets the weights)
  kQuantiles,  // pinball loss; outputs are [value][level], targets [value]
  kLogit,      // cross-entropy of a probability, given as its logit; targets in [0, 1]
};

// A linear read-out of the normed last layer.
struct Head {
  std::string name;                // of its tensor: sense.NAME.head.<name>.weight
  HeadLoss loss = HeadLoss::kFlow;
  int values = 0;                  // targets per token
  std::vector<float> levels = {};  // of kQuantiles, ascending
  float weight = 1;                // in the sum of losses
  int outputs() const { return values * (levels.empty() ? 1 : static_cast<int>(levels.size())); }
};

// Pictures: x, reassembled from its patches, gets a 3x3 convolution added, so that patches meet without a seam.
struct PatchShape {
  int size = 0;      // pixels along an edge; 0: no pictures
  int channels = 0;
};

struct Modality {
  std::string name = {};
  int features = 0;      // input floats per token
  int bottleneck = 0;    // features -> bottleneck -> d_model; 0: straight
  std::vector<Head> heads = {};
  PatchShape patch = {}; // of the first head's x
};

// One continuous segment as its stream reads it.
struct SenseTokens {
  int rows = 0;
  std::vector<float> features = {};      // [rows, features]
  std::vector<float> tau = {};           // [rows]; 1: clean or observed, 0: unknown
  std::vector<Position> positions = {};  // [rows], relative to the segment's start
  int extent = 0;                   // the next segment starts so many positions later
  int grid_rows = 0, grid_columns = 0;  // of pictures, in patches
  // A noisy segment is seen by itself only: the next one takes its place in the cache.
  bool kept = true;
};

// A segment of which some values are to be sampled (model/flow.h): where a sampler's z goes in, where the network's x' comes
// out. All else stands in `tokens` and stays as it is.
struct NoisySegment {
  SenseTokens tokens = {};
  std::vector<size_t> inputs = {};   // of each value: its place in tokens.features
  std::vector<size_t> outputs = {};  // and in what the head says, [rows, head.outputs()]
  size_t head = 0;                   // of the modality, one with HeadLoss::kFlow

  // Sets the values and the noise level of the tokens that have any. At tau = 1 the segment is one to keep.
  void Put(std::span<const float> z, float tau);
  std::vector<float> Clean(std::span<const float> head_outputs) const;
};

// What a segment's outputs are compared with: for each head values and weights, [rows, head.values]. Weight 0: no target.
struct HeadTargets {
  std::vector<float> values, weights;
};
using SenseTargets = std::vector<HeadTargets>;

// Those that Walchen brings along.
std::span<const Modality> Modalities();
// kNotFound names those there are.
Result<const Modality*> FindModality(std::string_view name);

// sin and cos of 1000 tau at 128 frequencies (Ho et al. 2020, "Denoising diffusion probabilistic models", section B, as in
// the transformer's positions); [tau.size(), kTauFeatures].
constexpr int kTauFeatures = 256;
std::vector<float> TauFeatures(std::span<const float> tau);

// The noisy value tau x + (1 - tau) e and the weight of its flow loss: mean of |x' - x|^2 / max(1 - tau, .05)^2 is the loss
// in v = x - e (Liu et al. 2022, "Flow straight and fast"), which the network's x' implies.
constexpr float kSmallestNoise = 0.05f;
inline float MixNoise(float x, float noise, float tau) { return tau * x + (1 - tau) * noise; }
float FlowWeight(float tau);

}  // namespace walchen::model
