// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of the torch backend.
//
// On a CPU they are oneDNN's, which compiles its kernels for the instructions that the CPU has; torch's own go to MKL, which
// gives CPUs that are not Intel's an old path (Zen 5: half the speed). Both are inside libtorch.
#pragma once

#include <torch/types.h>

#include "base/status.h"

namespace walchen::train {

// In what products of floats are computed from now on, in this process: kFloat, or kBFloat16, which rounds both factors and
// the product, and adds up in floats. Twice as fast on CPUs that have its instructions, and eight times with AMX.
void SetProductType(torch::ScalarType type);
// kUnsupported if this device cannot multiply in that type.
Result<void> TryProducts(const torch::Device& device);

// x w^T, without a gradient. x [m, k], w [n, k], either may be a transposed view.
torch::Tensor MatrixProduct(const torch::Tensor& x, const torch::Tensor& w);

// x w^T + bias with gradients of all three. x [..., k], w [n, k], bias [n] or undefined.
torch::Tensor Product(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& bias = {});

// Operations a second of a large product, on all threads: what a step can be compared with.
double MeasuredProductPeak(const torch::Device& device);

}  // namespace walchen::train
