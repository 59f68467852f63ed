// SPDX-License-Identifier: Apache-2.0
//
// The losses of text and of a modality's heads. Each is a mean over its own targets, so that a modality's weight does not
// depend on how many tokens it happens to have.
#pragma once

#include <array>
#include <vector>

#include <torch/types.h>

#include "model/modality.h"

namespace walchen::train {

// Cross-entropy in nats per target of what the last block left, states [lanes, t, d], normed by `gain` and multiplied by
// `head` [v, d]; targets [lanes, t], -1: none.
torch::Tensor TextLoss(const torch::Tensor& states, const torch::Tensor& gain, double epsilon, const torch::Tensor& head,
                       const torch::Tensor& targets);

// outputs [lanes, t, head.outputs()]; values and weights [lanes, t, head.values]. 0 where nothing has weight.
//   kFlow       weight * |x - target|^2, over the values that have weight (Lipman et al. 2023, as weighted in modality.h)
//   kQuantiles  2 max(q (y - x), (q - 1) (y - x)), mean of the levels q (Koenker and Bassett 1978)
//   kLogit      cross-entropy of the probability in nats
torch::Tensor HeadLoss(const model::Head& head, const torch::Tensor& outputs, const torch::Tensor& values,
                       const torch::Tensor& weights);

// A flow loss in the quarters of [0, 1] in which tau may lie.
struct LossByTau {
  std::array<double, 4> sum = {}, count = {};
  void Add(const LossByTau& other);
  std::vector<double> Means() const;  // NaN where there is none
};
// Its weights tell tau (modality.h).
LossByTau FlowLossByTau(const torch::Tensor& outputs, const torch::Tensor& values, const torch::Tensor& weights);

}  // namespace walchen::train
