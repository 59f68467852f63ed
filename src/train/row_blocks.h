// SPDX-License-Identifier: Apache-2.0
//
// Rows of a tensor in blocks, on torch's threads and the kernels of tensor/.
#pragma once

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "tensor/kernels/kernels.h"

namespace walchen::train {

inline constexpr int64_t kBlockRows = 32;  // one thread's piece: 40 to 100 KB of activations, so that it stays in its L2

inline bool RunsOnKernels(const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat; }

// Whoever starts the trainer has checked that there are some.
inline const tensor::KernelTable& Kernels() {
  static const tensor::KernelTable* const kernels = tensor::ChooseKernels().value();
  return *kernels;
}

// work(block, first row, last row) for pieces of kBlockRows, on all threads.
template <class Work>
void ForBlocks(int64_t rows, const Work& work) {
  at::parallel_for(0, (rows + kBlockRows - 1) / kBlockRows, 1, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; ++block) {
      work(block, block * kBlockRows, std::min(rows, (block + 1) * kBlockRows));
    }
  });
}

// One row of sums for each block, to be added up in order.
inline torch::Tensor BlockSums(int64_t rows, int64_t columns) {
  return torch::zeros({(rows + kBlockRows - 1) / kBlockRows, columns});
}

}  // namespace walchen::train
