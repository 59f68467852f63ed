// SPDX-License-Identifier: Apache-2.0
//
// The operations between the matrix products, each with its gradient in one pass over memory instead of torch's six or
// more. On a CPU and in floats they run on the kernels of tensor/; elsewhere (CUDA, doubles) they are put together from
// torch's, which is what fused_test.cc holds them to.
//
// Sums over rows are added up block by block in order, so results do not depend on the number of threads.
#pragma once

#include <torch/types.h>

#include "model/backend.h"

namespace walchen::train {

// x / sqrt(mean(x^2) + epsilon) * gain over the last dimension. Zhang and Sennrich 2019.
torch::Tensor RmsNorm(const torch::Tensor& x, const torch::Tensor& gain, double epsilon);

// silu(gate) * up; gate_up [..., 2 f] holds one behind the other. Shazeer 2020.
torch::Tensor GatedSilu(const torch::Tensor& gate_up);

// What attention wants of a fused projection [lanes, t, (heads + 2 kv_heads) head_size].
struct Heads {
  torch::Tensor q, k, v;  // [lanes, heads or kv_heads, t, head_size]
};
// Normed per head where there are gains, and queries and keys turned by cosine and sine [t, head_size / 2]: the two halves
// of a head are the two coordinates of its pairs.
Heads SplitHeads(const torch::Tensor& qkv, const model::AttentionShape& shape, const torch::Tensor& q_norm,
                 const torch::Tensor& k_norm, const torch::Tensor& cosine, const torch::Tensor& sine);

// The sum over rows of -log softmax(states head^T)[target] in nats. states [n, d], head [v, d], targets [n] int64. The
// [n, v] logits are never in memory at once, and their gradient is computed with them.
torch::Tensor VocabularyLoss(const torch::Tensor& states, const torch::Tensor& head, const torch::Tensor& targets);

}  // namespace walchen::train
