// SPDX-License-Identifier: Apache-2.0
#include "model/reference_backend.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "model/reference_math.h"
#include "model/routing.h"
#include "tensor/quant.h"

namespace walchen::model {

using tensor::KvType;

Result<ReferenceBackend::Matrix> ReferenceBackend::LoadMatrix(std::vector<MatrixPart> parts) const {
  Matrix matrix;
  matrix.columns = parts.front().columns;
  for (const MatrixPart& part : parts) matrix.rows += part.rows;
  matrix.parts = std::move(parts);
  return matrix;
}

ReferenceBackend::Tensor ReferenceBackend::Embed(const Matrix& table, std::span<const int32_t> tokens) const {
  Tensor x{.rows = static_cast<int64_t>(tokens.size()), .columns = table.columns, .values = {}};
  x.values.resize(static_cast<size_t>(x.rows * x.columns));
  const MatrixPart& part = table.parts.front();
  const size_t row_bytes = part.data.size() / static_cast<size_t>(part.rows);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tensor::Dequantize(part.type, part.data.subspan(static_cast<size_t>(tokens[i]) * row_bytes, row_bytes),
                       std::span(x.row(static_cast<int64_t>(i)), static_cast<size_t>(x.columns)));
  }
  return x;
}

void ReferenceBackend::SetPositions(const Placement<Cache>& at, std::span<const float> frequencies) {
  cosine_.clear();
  sine_.clear();
  adapted_ = RowsWithAdapters(at);
  for (const Segment<Cache>& segment : at.segments) {
    for (int i = 0; i < segment.rows; ++i) {
      const std::array<int64_t, 3> position = segment.position(i);
      for (size_t pair = 0; pair < frequencies.size(); ++pair) {
        const double angle = static_cast<double>(position[RotaryAxis(pair)]) * frequencies[pair];
        cosine_.push_back(static_cast<float>(std::cos(angle)));
        sine_.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  }
}

ReferenceBackend::Tensor ReferenceBackend::Norm(const Tensor& x, const Vector& gain, float epsilon) const {
  Tensor y = x;
  for (int64_t i = 0; i < x.rows; ++i) {
    const auto norm = numerics_ == Numerics::kFloat ? RmsNormFloat : RmsNormExact;
    norm(x.row(i), gain.data(), epsilon, x.columns, y.row(i));
  }
  return y;
}

ReferenceBackend::Tensor ReferenceBackend::Linear(const Tensor& x, const Matrix& w) const {
  Tensor y{.rows = x.rows, .columns = w.rows, .values = {}};
  y.values.resize(static_cast<size_t>(y.rows * y.columns));
  int64_t first = 0;
  for (const MatrixPart& part : w.parts) {
    const auto linear = numerics_ == Numerics::kFloat ? LinearFloat : LinearExact;
    linear(part, x.values.data(), x.rows, y.values.data() + first, y.columns);
    first += part.rows;
  }
  return y;
}

// y += b (a x), for the rows that have an adapter.
void ReferenceBackend::AddUpdates(const Tensor& x, const Matrix& w, Tensor& y) const {
  const auto linear = numerics_ == Numerics::kFloat ? LinearFloat : LinearExact;
  int64_t first_column = 0;
  for (const MatrixPart& part : w.parts) {
    for (const AdaptedRows& run : adapted_) {
      if (part.updates.empty()) break;
      const auto& [rank, a, b] = part.updates[static_cast<size_t>(run.adapter)];
      if (rank == 0) continue;
      std::vector<float> low(static_cast<size_t>(run.rows * rank)), sum(static_cast<size_t>(run.rows * part.rows));
      linear({part.name, tensor::DType::kF32, rank, part.columns, a, {}}, x.row(run.first_row), run.rows, low.data(), rank);
      linear({part.name, tensor::DType::kF32, part.rows, rank, b, part.row_order}, low.data(), run.rows, sum.data(), part.rows);
      for (int64_t i = 0; i < run.rows * part.rows; ++i) {
        y.row(run.first_row + i / part.rows)[first_column + i % part.rows] += sum[static_cast<size_t>(i)];
      }
    }
    first_column += part.rows;
  }
}

ReferenceBackend::Tensor ReferenceBackend::NormLinear(const Tensor& x, const Vector& gain, float epsilon, const Matrix& w,
                                                      const Vector& bias) const {
  const Tensor n = Norm(x, gain, epsilon);
  Tensor y = Linear(n, w);
  for (int64_t i = 0; i < y.rows && !bias.empty(); ++i) {
    for (int64_t j = 0; j < y.columns; ++j) y.row(i)[j] += bias[static_cast<size_t>(j)];
  }
  AddUpdates(n, w, y);
  return y;
}

ReferenceBackend::Tensor ReferenceBackend::LinearAdd(const Tensor& y, const Matrix& w, Tensor residual) const {
  const Tensor sum = Linear(y, w);
  for (size_t i = 0; i < sum.values.size(); ++i) residual.values[i] += sum.values[i];
  AddUpdates(y, w, residual);
  return residual;
}

void ReferenceBackend::Rotate(float* head, int64_t row, const Vector& gain, const AttentionShape& shape) const {
  if (!gain.empty()) {
    const auto norm = numerics_ == Numerics::kFloat ? RmsNormFloat : RmsNormExact;
    norm(head, gain.data(), shape.norm_epsilon, shape.head_size, head);
  }
  const int64_t half = shape.head_size / 2;
  const float* cosine = cosine_.data() + row * half;
  const float* sine = sine_.data() + row * half;
  for (int64_t i = 0; i < half; ++i) {
    const float a = head[i], b = head[half + i];
    head[i] = std::fma(a, cosine[i], 0.0f - b * sine[i]);
    head[half + i] = std::fma(a, sine[i], b * cosine[i]);
  }
}

// `at` is slot * KV heads + head.
void ReferenceBackend::Store(const float* head, int head_size, int64_t at, Stored& to) const {
  to.heads.resize(std::max(to.heads.size(), static_cast<size_t>((at + 1) * head_size)));
  float* stored = to.heads.data() + at * head_size;
  std::copy_n(head, head_size, stored);
  if (kv_type_ == KvType::kF32) return;
  if (kv_type_ == KvType::kF16) return RoundToHalf(stored, head_size);
  to.scales.resize(std::max(to.scales.size(), static_cast<size_t>(at + 1)));
  to.scales[static_cast<size_t>(at)] = RoundToInt8(stored, head_size);
}

void ReferenceBackend::RotateAndStore(Tensor& qkv, const AttentionShape& shape, const Vector& q_norm, const Vector& k_norm,
                                      int layer, const Placement<Cache>& at) const {
  for (const Segment<Cache>& segment : at.segments) {
    auto& layers = segment.cache->layers;
    layers.resize(std::max(layers.size(), static_cast<size_t>(layer) + 1));
    auto& [keys, values] = layers[static_cast<size_t>(layer)];
    for (int i = 0; i < segment.rows; ++i) {
      const int64_t row = segment.first_row + i, first = (segment.first_slot(layer) + i) * shape.kv_heads;
      float* head = qkv.row(row);
      for (int h = 0; h < shape.heads; ++h, head += shape.head_size) Rotate(head, row, q_norm, shape);
      for (int h = 0; h < shape.kv_heads; ++h, head += shape.head_size) {
        Rotate(head, row, k_norm, shape);
        Store(head, shape.head_size, first + h, keys);
      }
      for (int h = 0; h < shape.kv_heads; ++h, head += shape.head_size) Store(head, shape.head_size, first + h, values);
    }
  }
}

ReferenceBackend::Tensor ReferenceBackend::Attend(Tensor qkv, const AttentionShape& shape, const Vector& q_norm,
                                                  const Vector& k_norm, int layer, const Placement<Cache>& at) const {
  RotateAndStore(qkv, shape, q_norm, k_norm, layer, at);
  Tensor y{.rows = qkv.rows, .columns = shape.heads * shape.head_size, .values = {}};
  y.values.resize(static_cast<size_t>(y.rows * y.columns));
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.head_size));
  const bool scaled = kv_type_ == KvType::kInt8;
  for (const Segment<Cache>& segment : at.segments) {
    for (int i = 0; i < segment.rows; ++i) {
      for (int head = 0; head < shape.heads; ++head) {
        const int64_t row = segment.first_row + i;
        float* query = qkv.row(row) + head * shape.head_size;
        for (int d = 0; d < shape.head_size; ++d) query[d] *= scale;
        const int64_t kv_head = head / (shape.heads / shape.kv_heads);
        const auto& [keys, values] = segment.cache->layers[static_cast<size_t>(layer)];
        const AttentionInput input = {.query = query,
                                      .keys = keys.heads.data() + kv_head * shape.head_size,
                                      .values = values.heads.data() + kv_head * shape.head_size,
                                      .stride = int64_t{shape.kv_heads} * shape.head_size,
                                      .positions = segment.visible(layer, i),
                                      .head_size = shape.head_size,
                                      .key_scales = scaled ? keys.scales.data() + kv_head : nullptr,
                                      .value_scales = scaled ? values.scales.data() + kv_head : nullptr,
                                      .scale_stride = shape.kv_heads};
        (numerics_ == Numerics::kFloat ? AttentionFloat : AttentionExact)(input, y.row(row) + head * shape.head_size);
      }
    }
  }
  return y;
}

ReferenceBackend::Tensor ReferenceBackend::Hidden(const Tensor& n, const Matrix& gate_up) const {
  Tensor both = Linear(n, gate_up);
  AddUpdates(n, gate_up, both);
  Tensor h{.rows = n.rows, .columns = both.columns / 2, .values = {}};
  const auto silu = numerics_ == Numerics::kFloat ? SiluFloat : SiluExact;
  for (int64_t row = 0; row < h.rows; ++row) {
    for (int64_t i = 0; i < h.columns; ++i) h.values.push_back(silu(both.row(row)[i]) * both.row(row)[h.columns + i]);
  }
  return h;
}

ReferenceBackend::Tensor ReferenceBackend::Mlp(const Tensor& n, const MlpWeights<Matrix>& mlp) const {
  return Linear(Hidden(n, mlp.gate_up), mlp.down);
}

ReferenceBackend::Tensor ReferenceBackend::MlpAdd(Tensor x, const Vector& gain, float epsilon,
                                                  const MlpWeights<Matrix>& mlp) const {
  const Tensor hidden = Hidden(Norm(x, gain, epsilon), mlp.gate_up);
  return LinearAdd(hidden, mlp.down, std::move(x));
}

ReferenceBackend::Tensor ReferenceBackend::ExpertsAdd(Tensor x, const Vector& gain, float epsilon,
                                                      const ExpertWeights<Matrix>& experts) const {
  const Tensor n = Norm(x, gain, epsilon);
  const Tensor scores = Linear(n, experts.router);
  for (int32_t row = 0; row < x.rows; ++row) {
    const Tensor one = Rows(n, std::span(&row, 1));
    const std::vector<RoutedExpert> routed = Route(std::span(scores.row(row), static_cast<size_t>(scores.columns)),
                                                   experts.used, experts.normalise);
    for (const RoutedExpert& expert : routed) {
      const Tensor y = Mlp(one, experts.experts[static_cast<size_t>(expert.index)]);
      for (int64_t i = 0; i < x.columns; ++i) x.row(row)[i] = std::fma(expert.weight, y.values[static_cast<size_t>(i)], x.row(row)[i]);
    }
    if (!experts.has_shared) continue;
    const float weight = 1.0f / (1.0f + std::exp(-Linear(one, experts.shared_gate).values[0]));
    const Tensor y = Mlp(one, experts.shared);
    for (int64_t i = 0; i < x.columns; ++i) x.row(row)[i] = std::fma(weight, y.values[static_cast<size_t>(i)], x.row(row)[i]);
  }
  return x;
}

ReferenceBackend::Tensor ReferenceBackend::Rows(const Tensor& x, std::span<const int32_t> rows) const {
  Tensor y{.rows = static_cast<int64_t>(rows.size()), .columns = x.columns, .values = {}};
  for (const int32_t row : rows) y.values.insert(y.values.end(), x.row(row), x.row(row) + x.columns);
  return y;
}

}  // namespace walchen::model
