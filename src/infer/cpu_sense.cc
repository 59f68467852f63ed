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
  pool_.For(x.rows(), 4, [&](int64_t first, int64_t last, int) {
    model::AddSeam(x.row(0), values.data(), grid, first, last, y.row(0));
  });
  return y;
}

}  // namespace walchen::infer
