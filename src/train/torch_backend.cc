// SPDX-License-Identifier: Apache-2.0
#include "train/torch_backend.h"

#include <cmath>

#include <torch/torch.h>

#include "base/rng.h"
#include "tensor/quant.h"
#include "train/fused.h"
#include "train/product.h"

namespace walchen::train {
namespace {

// One part of a matrix in the order in which the model wants its rows.
std::vector<float> Dequantized(const model::MatrixPart& part) {
  std::vector<float> values(static_cast<size_t>(part.rows * part.columns));
  tensor::Dequantize(part.type, part.data, values);
  if (part.row_order.empty()) return values;
  std::vector<float> ordered(values.size());
  const auto columns = static_cast<size_t>(part.columns);
  for (size_t row = 0; row < part.row_order.size(); ++row) {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(part.row_order[row]) * columns), columns,
                ordered.begin() + static_cast<std::ptrdiff_t>(row * columns));
  }
  return ordered;
}

torch::Tensor Multiply(const torch::Tensor& x, const TorchBackend::Matrix& w, const torch::Tensor& bias = {}) {
  const torch::Tensor y = Product(x, w.weight, bias);
  return w.a.defined() ? y + Product(Product(x, w.a), w.b) * kLoraScale : y;
}

// What was in the cache before `slot`, and `now` behind it.
torch::Tensor Append(const torch::Tensor& before, const torch::Tensor& now, int64_t slot) {
  if (slot == 0) return now;
  return torch::cat({before.narrow(2, 0, slot), now}, 2);
}

}  // namespace

Result<TorchBackend::Matrix> TorchBackend::LoadMatrix(std::vector<model::MatrixPart> parts) {
  Parameter parameter = {.trained = training_};
  std::vector<torch::Tensor> values;
  for (const model::MatrixPart& part : parts) {
    if (tensor::HasNonFinite(part.type, part.data)) {
      return Fail(ErrorCode::kCorrupt, "tensor {} holds a value that is no finite number; get the file again", part.name);
    }
    std::vector<float> rows = Dequantized(part);
    values.push_back(torch::from_blob(rows.data(), {part.rows, part.columns}, torch::kFloat).clone());
    parameter.parts.push_back({part.name, part.rows, part.row_order});
  }
  parameter.value = torch::cat(values, 0).to(device_).requires_grad_(training_);
  Matrix matrix = {.weight = parameter.value};
  if (lora_rank_ > 0 && !training_ && parameter.name().find("blk.") != std::string::npos) AddLora(parameter, matrix);
  parameters_.push_back(std::move(parameter));
  return matrix;
}

// b begins as zero, so the first step starts from the model as it is.
void TorchBackend::AddLora(Parameter& parameter, Matrix& matrix) {
  const int64_t rows = parameter.value.size(0), columns = parameter.value.size(1);
  base::Rng rng(/*seed=*/0, parameters_.size());
  std::vector<float> first(static_cast<size_t>(lora_rank_ * columns));
  for (float& value : first) value = static_cast<float>(rng.Normal() / std::sqrt(static_cast<double>(columns)));
  matrix.a = torch::tensor(first).view({lora_rank_, columns}).to(device_).requires_grad_(true);
  matrix.b = torch::zeros({rows, lora_rank_}, device_).requires_grad_(true);
  parameter.lora_a = static_cast<int>(parameters_.size());
  parameter.lora_b = parameter.lora_a + 1;
  parameters_.push_back({.parts = {{parameter.name() + ".lora_a", lora_rank_, {}}}, .value = matrix.a, .trained = true});
  parameters_.push_back({.parts = {{parameter.name() + ".lora_b", rows, {}}}, .value = matrix.b, .trained = true});
}

TorchBackend::Vector TorchBackend::LoadVector(model::NamedVector vector) {
  if (vector.values.empty()) return {};
  torch::Tensor value = torch::from_blob(vector.values.data(), {static_cast<int64_t>(vector.values.size())}, torch::kFloat)
                            .clone().to(device_);
  if (vector.name.empty()) return value;  // put together of several: never trained
  value.requires_grad_(training_);
  parameters_.push_back({.parts = {{vector.name, 1, {}}}, .value = value, .trained = training_});
  return value;
}

TorchBackend::Tensor TorchBackend::Embed(const Matrix& table, std::span<const int32_t> tokens) const {
  const torch::Tensor indices = torch::tensor(at::ArrayRef<int32_t>(tokens.data(), tokens.size()), torch::kInt).to(device_);
  return torch::embedding(table.weight, indices.view({frame_.lanes, -1}));
}

void TorchBackend::SetPositions(const model::Placement<Cache>& at, std::span<const float> frequencies) {
  CHECK(at.segments.size() == 1);  // lanes share it
  const auto& segment = at.segments.front();
  std::vector<float> cosine, sine;
  for (int row = 0; row < segment.rows; ++row) {
    const auto position = segment.position(row);
    for (size_t pair = 0; pair < frequencies.size(); ++pair) {
      const double angle = static_cast<double>(position[model::RotaryAxis(pair)]) * frequencies[pair];
      cosine.push_back(static_cast<float>(std::cos(angle)));
      sine.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  const auto pairs = static_cast<int64_t>(frequencies.size());
  frame_.cosine = torch::tensor(cosine).view({segment.rows, pairs}).to(device_);
  frame_.sine = torch::tensor(sine).view({segment.rows, pairs}).to(device_);
}

TorchBackend::Tensor TorchBackend::NormLinear(const Tensor& x, const Vector& gain, float epsilon, const Matrix& w,
                                              const Vector& bias) const {
  return Multiply(RmsNorm(x, gain, epsilon), w, bias);
}

TorchBackend::Tensor TorchBackend::Attend(Tensor qkv, const model::AttentionShape& shape, const Vector& q_norm,
                                          const Vector& k_norm, int layer, const model::Placement<Cache>& at) const {
  const auto& segment = at.segments.front();
  const int64_t t = qkv.size(1), h = shape.head_size;
  const Heads heads = SplitHeads(qkv, shape, q_norm, k_norm, frame_.cosine, frame_.sine);

  auto& layers = segment.cache->layers;
  if (layers.size() <= static_cast<size_t>(layer)) layers.resize(static_cast<size_t>(layer) + 1);
  Cache::Layer& cache = layers[static_cast<size_t>(layer)];
  const int64_t slot = segment.first_slot(layer);
  cache.keys = Append(cache.keys, heads.k, slot);
  cache.values = Append(cache.values, heads.v, slot);

  c10::optional<torch::Tensor> mask;
  if (segment.causal && slot > 0) {
    mask = torch::ones({t, slot + t}, torch::TensorOptions(torch::kBool).device(device_)).tril(slot);
  }
  const torch::Tensor y = torch::scaled_dot_product_attention(heads.q, cache.keys, cache.values, mask, 0.0,
                                                              segment.causal && slot == 0, c10::nullopt,
                                                              shape.heads != shape.kv_heads);
  return y.transpose(1, 2).reshape({frame_.lanes, t, shape.heads * h});
}

TorchBackend::Tensor TorchBackend::LinearAdd(const Tensor& y, const Matrix& w, Tensor residual) const {
  return residual + Multiply(y, w);
}

torch::Tensor TorchBackend::Mlp(const torch::Tensor& n, const model::MlpWeights<Matrix>& mlp) const {
  return Multiply(GatedSilu(Multiply(n, mlp.gate_up)), mlp.down);
}

TorchBackend::Tensor TorchBackend::MlpAdd(Tensor x, const Vector& gain, float epsilon,
                                          const model::MlpWeights<Matrix>& mlp) const {
  return x + Mlp(RmsNorm(x, gain, epsilon), mlp);
}

TorchBackend::Tensor TorchBackend::ExpertsAdd(Tensor x, const Vector& gain, float epsilon,
                                              const model::ExpertWeights<Matrix>& experts) const {
  const torch::Tensor n = RmsNorm(x, gain, epsilon);
  const auto [scores, chosen] = Multiply(n, experts.router).topk(experts.used, -1);
  // Over the chosen ones the softmax of all scores, made to add up to 1, is the softmax of theirs.
  const torch::Tensor weights = experts.normalise
                                    ? torch::softmax(scores, -1)
                                    : torch::softmax(Multiply(n, experts.router), -1).gather(-1, chosen);
  torch::Tensor y = torch::zeros_like(x);
  for (size_t i = 0; i < experts.experts.size(); ++i) {
    // Every expert sees every token: simple, and right; training large mixtures wants the rows gathered.
    const torch::Tensor share = (weights * (chosen == static_cast<int64_t>(i))).sum(-1, true);
    y = y + share * Mlp(n, experts.experts[i]);
  }
  if (experts.has_shared) y = y + torch::sigmoid(Multiply(n, experts.shared_gate)) * Mlp(n, experts.shared);
  return x + y;
}

TorchBackend::Tensor TorchBackend::Rows(const Tensor& x, std::span<const int32_t> rows) const {
  const torch::Tensor indices = torch::tensor(at::ArrayRef<int32_t>(rows.data(), rows.size()), torch::kInt).to(device_);
  return x.index_select(1, indices);
}

TorchBackend::Tensor TorchBackend::FromFloats(std::span<const float> values, int64_t rows) const {
  const torch::Tensor x = torch::tensor(at::ArrayRef<float>(values.data(), values.size())).to(device_);
  return x.view({frame_.lanes, rows / frame_.lanes, -1});
}

TorchBackend::Tensor TorchBackend::Linear(const Tensor& x, const Matrix& w) const { return Multiply(x, w); }

TorchBackend::Tensor TorchBackend::Silu(Tensor x) const { return torch::silu(x); }

TorchBackend::Tensor TorchBackend::SquaredReluMlpAdd(Tensor x, const Vector& gain, float epsilon, const Matrix& up,
                                                     const Matrix& down) const {
  return x + Multiply(torch::relu(Multiply(RmsNorm(x, gain, epsilon), up)).square(), down);
}

TorchBackend::Tensor TorchBackend::SeamAdd(Tensor x, const Matrix& kernel, const model::PatchGrid& grid) const {
  const int64_t size = grid.patch_size, channels = grid.channels;
  const torch::Tensor picture = x.view({frame_.lanes, grid.rows, grid.columns, channels, size, size})
                                    .permute({0, 3, 1, 4, 2, 5})
                                    .reshape({frame_.lanes, channels, grid.rows * size, grid.columns * size});
  const torch::Tensor seam = torch::conv2d(picture, kernel.weight.view({channels, channels, 3, 3}), {}, 1, 1);
  return x + seam.view({frame_.lanes, channels, grid.rows, size, grid.columns, size})
                 .permute({0, 2, 4, 1, 3, 5})
                 .reshape({frame_.lanes, int64_t{grid.rows} * grid.columns, channels * size * size});
}

}  // namespace walchen::train
