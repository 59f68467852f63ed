// SPDX-License-Identifier: Apache-2.0
//
// What senses need of the cpu backend.
#include <algorithm>

#include "infer/cpu_backend.h"
#include "model/seam.h"

namespace walchen::infer {

CpuBackend::Tensor CpuBackend::FromFloats(std::span<const float> values, int64_t rows) {
  Tensor x(*this, rows, static_cast<int64_t>(values.size()) / rows);
  std::ranges::copy(values, x.row(0));
  return x;
}

CpuBackend::Tensor CpuBackend::Linear(const Tensor& x, const Matrix& w) {
  Tensor y(*this, x.rows(), w.rows);
  Multiply({.x = &x}, w, {.y = y.row(0), .stride = y.columns(), .bias = nullptr, .add = false});
  return y;
}

CpuBackend::Tensor CpuBackend::Silu(Tensor x) {
  for (int64_t row = 0; row < x.rows(); ++row) kernels_.silu(x.row(row), x.columns(), x.row(row));
  return x;
}

CpuBackend::Tensor CpuBackend::SquaredReluMlpAdd(Tensor x, const Vector& gain, float epsilon, const Matrix& up,
                                                 const Matrix& down) {
  Tensor h = NormLinear(x, gain, epsilon, up, {});
  pool_.For(h.rows(), 16, [&](int64_t first, int64_t last, int) {
    for (int64_t row = first; row < last; ++row) kernels_.squared_relu(h.row(row), h.columns(), h.row(row));
  });
  return LinearAdd(h, down, std::move(x));
}

CpuBackend::Tensor CpuBackend::SeamAdd(Tensor x, const Matrix& kernel, const model::PatchGrid& grid) {
  std::vector<float> values(static_cast<size_t>(kernel.rows * kernel.columns));
  for (int64_t row = 0; row < kernel.rows; ++row) {
    kernels_.unpack_row(kernel.parts.front(), row, values.data() + row * kernel.columns);
  }
  Tensor y(*this, x.rows(), x.columns());
  std::copy_n(x.row(0), x.rows() * x.columns(), y.row(0));
  // Rows of sums are as long as those with a rim, so that a tap of the kernel is one run over all of a patch; the two
  // sums behind each row mean nothing.
  const int64_t size = grid.patch_size, width = size + 2, run = size * width - 2;
  pool_.For(x.rows(), 4, [&](int64_t first, int64_t last, int) {
    std::vector<float> rimmed(static_cast<size_t>(model::RimmedValues(grid))), sums(static_cast<size_t>(run));
    for (int64_t patch = first; patch < last; ++patch) {
      model::PatchWithRim(x.row(0), grid, patch, rimmed.data());
      for (int64_t out = 0; out < grid.channels; ++out) {
        std::ranges::fill(sums, 0.0f);
        for (int64_t tap = 0; tap < grid.channels * 9; ++tap) {
          const int64_t from = (tap / 9 * width + tap % 9 / 3) * width + tap % 3;
          kernels_.axpy(values[static_cast<size_t>(out * kernel.columns + tap)], rimmed.data() + from, run, sums.data());
        }
        for (int64_t row = 0; row < size; ++row) {
          kernels_.add(sums.data() + row * width, size, y.row(patch) + (out * size + row) * size);
        }
      }
    }
  });
  return y;
}

}  // namespace walchen::infer
