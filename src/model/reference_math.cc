// SPDX-License-Identifier: Apache-2.0
#include "model/reference_math.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "tensor/kernels/kernels.h"
#include "tensor/quant.h"
#include "tensor/quant_layout.h"

namespace walchen::model {
namespace {

using tensor::BlockLayout;
using tensor::UnpackedBlock;

const uint8_t* RowOf(const MatrixPart& part, int64_t row) {
  const int64_t from = part.row_order.empty() ? row : part.row_order[static_cast<size_t>(row)];
  const int64_t row_bytes = static_cast<int64_t>(part.data.size()) / part.rows;
  return reinterpret_cast<const uint8_t*>(part.data.data()) + from * row_bytes;
}

// A row of activations rounded to int8, one scale per block.
struct RoundedRow {
  std::vector<int8_t> code;
  std::vector<float> scale;
  std::vector<float> scaled_sum;
};

RoundedRow RoundRow(const float* x, int64_t columns, int block) {
  RoundedRow row;
  for (int64_t begin = 0; begin < columns; begin += block) {
    float max = 0;
    for (int64_t i = begin; i < begin + block; ++i) max = std::max(max, std::fabs(x[i]));
    const float inverse = max >= tensor::kSmallestRounded ? 127.0f / max : 0.0f;
    int32_t sum = 0;
    for (int64_t i = begin; i < begin + block; ++i) {
      row.code.push_back(static_cast<int8_t>(std::nearbyint(x[i] * inverse)));
      sum += row.code.back();
    }
    row.scale.push_back(max / 127.0f);
    row.scaled_sum.push_back(row.scale.back() * static_cast<float>(sum));
  }
  return row;
}

// Adds one block of weights times one row of activations to `sum`.
float AddBlock(const BlockLayout& layout, const UnpackedBlock& block, const RoundedRow& x, int64_t first_column, float sum) {
  const auto group = static_cast<size_t>(layout.group);
  for (size_t g = 0; g < static_cast<size_t>(layout.groups()); ++g) {
    const int8_t* code = x.code.data() + first_column + static_cast<int64_t>(g * group);
    int32_t dot = 0;
    for (size_t i = 0; i < group; ++i) dot += int32_t{block.q[g * group + i]} * code[i];
    const size_t at = static_cast<size_t>(first_column) / group + g;
    const float scale = block.d * static_cast<float>(block.scale[g]);
    sum = std::fma(static_cast<float>(dot), scale * x.scale[at], sum);
    if (layout.has_min()) {
      const float min = 0.0f - block.dmin * static_cast<float>(block.min[g]);
      sum = std::fma(min, x.scaled_sum[at], sum);
    }
  }
  return sum;
}

// The running softmax of one query over a span of pages (AttentionState of the kernels).
struct Running {
  explicit Running(int head_size) : out(static_cast<size_t>(head_size), 0.0f) {}
  float max = -1e30f;
  Lanes sum;
  std::vector<float> out;
};

void AddPage(const AttentionInput& in, int64_t first, int64_t last, Running& state) {
  std::vector<float> score;
  for (int64_t position = first; position < last; ++position) {
    float s = 0;
    for (int d = 0; d < in.head_size; ++d) s = std::fma(in.query[d], in.keys[position * in.stride + d], s);
    score.push_back(in.key_scales == nullptr ? s : s * in.key_scales[position * in.scale_stride]);
  }
  const float page_max = *std::ranges::max_element(score);
  if (page_max > state.max) {
    const float shrink = ExactExp(state.max - page_max);
    for (float& o : state.out) o *= shrink;
    for (float& s : state.sum.lane) s *= shrink;
    state.max = page_max;
  }
  for (size_t i = 0; i < score.size(); ++i) {
    const int64_t position = first + static_cast<int64_t>(i);
    float weight = ExactExp(score[i] - state.max);
    state.sum.lane[i % 16] += weight;
    if (in.value_scales != nullptr) weight *= in.value_scales[position * in.scale_stride];
    const float* value = in.values + position * in.stride;
    for (int d = 0; d < in.head_size; ++d) {
      float& out = state.out[static_cast<size_t>(d)];
      out = std::fma(weight, value[d], out);
    }
  }
}

void Merge(const Running& other, Running& state) {
  const float max = std::max(state.max, other.max);
  const float keep = ExactExp(state.max - max), take = ExactExp(other.max - max);
  for (size_t i = 0; i < 16; ++i) state.sum.lane[i] = std::fma(other.sum.lane[i], take, state.sum.lane[i] * keep);
  for (size_t d = 0; d < state.out.size(); ++d) state.out[d] = std::fma(other.out[d], take, state.out[d] * keep);
  state.max = max;
}

}  // namespace

float Lanes::Sum() const {
  std::array<float, 16> a = lane;
  for (size_t width = 8; width >= 1; width /= 2) {
    for (size_t i = 0; i < width; ++i) a[i] += a[i + width];
  }
  return a[0];
}

float ExactExp(float x) {
  if (x < -87.0f) return 0.0f;
  const float clamped = std::min(x, 88.0f);
  const float n = std::nearbyint(clamped * 1.44269504088896341f);
  float r = std::fma(n, -0.693359375f, clamped);
  r = std::fma(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  for (const float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) {
    p = std::fma(p, r, c);
  }
  const float e = std::fma(p, r * r, r) + 1.0f;
  return e * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

float SiluFloat(float x) { return x / (1.0f + std::exp(-x)); }
float SiluExact(float x) { return x / (1.0f + ExactExp(0.0f - x)); }

float SquaredRelu(float x) {
  const float positive = x < 0.0f ? 0.0f : x;  // NaN stays NaN
  return positive * positive;
}

void RmsNormFloat(const float* x, const float* gain, float epsilon, int64_t n, float* y) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += double{x[i]} * x[i];
  const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(n) + epsilon);
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i] * inverse * gain[i]);
}

void RmsNormExact(const float* x, const float* gain, float epsilon, int64_t n, float* y) {
  Lanes squares;
  for (int64_t i = 0; i < n; ++i) {
    float& lane = squares.lane[static_cast<size_t>(i % 16)];
    lane = std::fma(x[i], x[i], lane);
  }
  const float inverse = 1.0f / std::sqrt(squares.Sum() / static_cast<float>(n) + epsilon);
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * inverse * gain[i];
}

void LinearFloat(const MatrixPart& part, const float* x, int64_t tokens, float* y, int64_t y_stride) {
  std::vector<float> weights(static_cast<size_t>(part.columns));
  const size_t row_bytes = part.data.size() / static_cast<size_t>(part.rows);
  for (int64_t row = 0; row < part.rows; ++row) {
    tensor::Dequantize(part.type, {reinterpret_cast<const std::byte*>(RowOf(part, row)), row_bytes}, weights);
    for (int64_t token = 0; token < tokens; ++token) {
      double sum = 0;
      for (int64_t i = 0; i < part.columns; ++i) sum += double{weights[static_cast<size_t>(i)]} * x[token * part.columns + i];
      y[token * y_stride + row] = static_cast<float>(sum);
    }
  }
}

void LinearExact(const MatrixPart& part, const float* x, int64_t tokens, float* y, int64_t y_stride) {
  const BlockLayout* layout = tensor::FindBlockLayout(part.type);
  if (layout == nullptr) {  // plain numbers: one fused multiply-add per column
    std::vector<float> weights(static_cast<size_t>(part.columns));
    const size_t row_bytes = part.data.size() / static_cast<size_t>(part.rows);
    for (int64_t row = 0; row < part.rows; ++row) {
      tensor::Dequantize(part.type, {reinterpret_cast<const std::byte*>(RowOf(part, row)), row_bytes}, weights);
      for (int64_t token = 0; token < tokens; ++token) {
        float sum = 0;
        for (int64_t i = 0; i < part.columns; ++i) {
          sum = std::fma(weights[static_cast<size_t>(i)], x[token * part.columns + i], sum);
        }
        y[token * y_stride + row] = sum;
      }
    }
    return;
  }
  std::vector<RoundedRow> rounded;
  for (int64_t token = 0; token < tokens; ++token) {
    rounded.push_back(RoundRow(x + token * part.columns, part.columns, layout->group));
  }
  std::vector<float> sums(static_cast<size_t>(tokens));
  UnpackedBlock block;
  for (int64_t row = 0; row < part.rows; ++row) {
    std::ranges::fill(sums, 0.0f);
    const uint8_t* bytes = RowOf(part, row);
    for (int64_t column = 0; column < part.columns; column += layout->values()) {
      tensor::Unpack(*layout, bytes, block);
      bytes += tensor::Info(part.type).block_bytes;
      for (size_t t = 0; t < sums.size(); ++t) sums[t] = AddBlock(*layout, block, rounded[t], column, sums[t]);
    }
    for (int64_t token = 0; token < tokens; ++token) y[token * y_stride + row] = sums[static_cast<size_t>(token)];
  }
}

void AttentionFloat(const AttentionInput& in, float* y) {
  std::vector<double> weight;
  double max = -1e300;
  for (int64_t position = 0; position < in.positions; ++position) {
    double s = 0;
    for (int d = 0; d < in.head_size; ++d) s += double{in.query[d]} * in.keys[position * in.stride + d];
    weight.push_back(s);
    max = std::max(max, s);
  }
  double total = 0;
  for (double& w : weight) total += w = std::exp(w - max);
  for (int d = 0; d < in.head_size; ++d) {
    double sum = 0;
    for (int64_t position = 0; position < in.positions; ++position) {
      sum += weight[static_cast<size_t>(position)] * in.values[position * in.stride + d];
    }
    y[d] = static_cast<float>(sum / total);
  }
}

void AttentionExact(const AttentionInput& in, float* y) {
  constexpr int64_t kSpan = int64_t{tensor::kPagePositions} * tensor::kSpanPages;
  Running total(in.head_size);
  for (int64_t span = 0; span < in.positions; span += kSpan) {
    Running state(in.head_size);
    for (int64_t page = span; page < std::min(span + kSpan, in.positions); page += tensor::kPagePositions) {
      AddPage(in, page, std::min(page + tensor::kPagePositions, in.positions), state);
    }
    if (span == 0) {
      total = state;
    } else {
      Merge(state, total);
    }
  }
  const float inverse = 1.0f / total.sum.Sum();
  for (int d = 0; d < in.head_size; ++d) y[d] = total.out[static_cast<size_t>(d)] * inverse;
}

void RoundToHalf(float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = tensor::HalfToFloat(tensor::FloatToHalf(x[i]));
}

float RoundToInt8(float* x, int64_t n) {
  float max = 0;
  for (int64_t i = 0; i < n; ++i) max = std::max(max, std::fabs(x[i]));
  const float inverse = max >= tensor::kSmallestRounded ? 127.0f / max : 0.0f;
  for (int64_t i = 0; i < n; ++i) x[i] = std::nearbyint(x[i] * inverse);
  return max / 127.0f;
}

}  // namespace walchen::model
