// SPDX-License-Identifier: Apache-2.0
//
// What senses need of the reference backend.
#include "model/reference_backend.h"
#include "model/reference_math.h"
#include "model/seam.h"
#include "tensor/quant.h"

namespace walchen::model {

ReferenceBackend::Tensor ReferenceBackend::FromFloats(std::span<const float> values, int64_t rows) const {
  return {.rows = rows, .columns = static_cast<int64_t>(values.size()) / rows, .values = {values.begin(), values.end()}};
}

ReferenceBackend::Tensor ReferenceBackend::Silu(Tensor x) const {
  for (float& value : x.values) value = numerics_ == Numerics::kFloat ? SiluFloat(value) : SiluExact(value);
  return x;
}

ReferenceBackend::Tensor ReferenceBackend::SquaredReluMlpAdd(Tensor x, const Vector& gain, float epsilon, const Matrix& up,
                                                             const Matrix& down) const {
  Tensor h = Linear(Norm(x, gain, epsilon), up);
  for (float& value : h.values) value = SquaredRelu(value);
  return LinearAdd(h, down, std::move(x));
}

ReferenceBackend::Tensor ReferenceBackend::SeamAdd(Tensor x, const Matrix& kernel, const PatchGrid& grid) const {
  const MatrixPart& part = kernel.parts.front();
  std::vector<float> values(static_cast<size_t>(part.rows * part.columns));
  tensor::Dequantize(part.type, part.data, values);
  const Tensor before = x;
  AddSeam(before.row(0), values.data(), grid, x.row(0));
  return x;
}

}  // namespace walchen::model
