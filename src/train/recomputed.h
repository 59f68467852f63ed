// SPDX-License-Identifier: Apache-2.0
//
// Activation checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): a block keeps what it was
// given, and what lies inside is computed once more when the gradients come by. A third more work, for memory that grows
// with the number of layers by one [lanes, t, d_model] each.
#pragma once

#include <functional>

#include <torch/types.h>

namespace walchen::train {

// The same outputs for the same inputs, bit for bit; it may read trained leaves that are not among them.
using Block = std::function<std::vector<torch::Tensor>(const std::vector<torch::Tensor>& inputs)>;

// block(inputs), any of which may be undefined. Leaves inside the block get their gradients too. The block must be callable
// until backward() is over.
std::vector<torch::Tensor> Recomputed(Block block, const std::vector<torch::Tensor>& inputs);

}  // namespace walchen::train
