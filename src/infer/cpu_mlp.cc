// SPDX-License-Identifier: Apache-2.0
//
// The MLPs of the cpu backend: gate, up and SiLU in one pass that leaves the hidden layer rounded for the down projection.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "infer/cpu_backend.h"
#include "model/routing.h"

namespace walchen::infer {
namespace {

constexpr int64_t kUnitTiles = 2;  // 32 hidden columns: one block of the widest rounding
constexpr int64_t kUnitColumns = kUnitTiles * tensor::kTileRows;

}  // namespace

// Hidden columns of the units [first, last): gate and up to scratch, SiLU, rounding.
void CpuBackend::GateUp(const Prepared& in, int64_t tokens, const model::MlpWeights<Matrix>& mlp, int64_t first,
                        int64_t last, WorkerSpace& space, Prepared& hidden) const {
  const tensor::PackedMatrix& gate = mlp.gate_up.parts[0];
  const int64_t begin = first * kUnitColumns, end = std::min(last * kUnitColumns, gate.rows());
  const int64_t width = end - begin;
  if (space.gate_up.size() < static_cast<size_t>(2 * tokens * width)) {
    space.gate_up.resize(static_cast<size_t>(2 * tokens * width));
  }
  float* gate_out = space.gate_up.data();
  float* up_out = gate_out + tokens * width;
  for (size_t part = 0; part < 2; ++part) {
    const tensor::PackedMatrix* weights = &mlp.gate_up.parts[part];
    const tensor::LinearArgs args = {.weights = weights,
                                     .x = in.x,
                                     .q = weights->layout().scale_columns == 16 ? in.q16 : in.q32,
                                     .tokens = tokens,
                                     .y = part == 0 ? gate_out : up_out,
                                     .y_stride = width,
                                     .y_first_row = begin};
    const int64_t first_tile = first * kUnitTiles, last_tile = std::min(last * kUnitTiles, weights->tiles());
    kernels_.linear(args, first_tile, last_tile);
    AddUpdates(in, mlp.gate_up, part, args, first_tile, last_tile);
  }
  const int64_t d_ff = gate.rows();
  for (int64_t token = 0; token < tokens; ++token) {
    float* h = hidden.rows.data() + token * d_ff + begin;
    kernels_.silu_mul(gate_out + token * width, up_out + token * width, width, h);
    if (hidden.q16.code != nullptr) kernels_.quantize(h, width, hidden.q16, token, begin);
    if (hidden.q32.code != nullptr) kernels_.quantize(h, width, hidden.q32, token, begin);
  }
}

void CpuBackend::Mlp(const Input& input, const model::MlpWeights<Matrix>& mlp, const Output& out) {
  const int64_t tokens = input.x->rows(), d_ff = mlp.gate_up.parts[0].rows();
  const bool redundant = ReserveInput(input, mlp.gate_up);
  // The hidden layer is a prepared input itself: its rows are what SiLU writes.
  hidden_.rows.resize(std::max(hidden_.rows.size(), static_cast<size_t>(tokens * d_ff)));
  hidden_.x = hidden_.rows.data();
  ReserveForMatrix(mlp.down, tokens, hidden_);

  const int64_t units = (d_ff + kUnitColumns - 1) / kUnitColumns;
  const int64_t grain = Grain(units * kUnitTiles) / kUnitTiles;
  std::atomic<int64_t> next = 0;
  pool_.Run([&](int worker) {
    WorkerSpace& space = spaces_[static_cast<size_t>(worker)];
    if (redundant) Prepare(input, mlp.gate_up, 0, tokens, space.prepared);
    for (int64_t first; (first = next.fetch_add(grain, std::memory_order_relaxed)) < units;) {
      GateUp(redundant ? space.prepared : shared_, tokens, mlp, first, std::min(first + grain, units), space, hidden_);
    }
  });
  if (!adapted_.empty() && !mlp.down.updates.empty()) {
    pool_.For(tokens, 8, [&](int64_t begin, int64_t end, int) { Lower(mlp.down, begin, end, hidden_); });
  }
  MultiplyPrepared(hidden_, tokens, mlp.down, out);
}

CpuBackend::Tensor CpuBackend::MlpAdd(Tensor x, const Vector& gain, float epsilon, const model::MlpWeights<Matrix>& mlp) {
  Mlp({.x = &x, .gain = &gain, .epsilon = epsilon}, mlp,
      {.y = x.row(0), .stride = x.columns(), .bias = nullptr, .add = true});
  return x;
}

CpuBackend::Tensor CpuBackend::ExpertsAdd(Tensor x, const Vector& gain, float epsilon,
                                          const model::ExpertWeights<Matrix>& experts) {
  const int64_t d = x.columns();
  Tensor n(*this, x.rows(), d);
  for (int64_t i = 0; i < x.rows(); ++i) kernels_.rms_norm(x.row(i), gain.data(), epsilon, d, n.row(i));
  Tensor scores(*this, x.rows(), experts.router.rows);
  Multiply({.x = &n}, experts.router, {.y = scores.row(0), .stride = scores.columns()});

  // Each expert answers all its rows at once; the answers wait, because a row adds its experts up in its own order.
  std::vector<std::vector<model::RoutedExpert>> routed;
  std::vector<std::vector<std::pair<int32_t, int32_t>>> asked(experts.experts.size());  // [expert] -> (row, slot)
  for (int32_t row = 0; row < x.rows(); ++row) {
    routed.push_back(model::Route(std::span(scores.row(row), static_cast<size_t>(scores.columns())), experts.used,
                                  experts.normalise));
    for (int32_t slot = 0; slot < experts.used; ++slot) {
      asked[static_cast<size_t>(routed.back()[static_cast<size_t>(slot)].index)].emplace_back(row, slot);
    }
  }
  Tensor answers(*this, x.rows() * experts.used, d);
  for (size_t expert = 0; expert < asked.size(); ++expert) {
    if (asked[expert].empty()) continue;
    std::vector<int32_t> rows;
    for (const auto& [row, slot] : asked[expert]) rows.push_back(row);
    const Tensor input = Rows(n, rows);
    Tensor output(*this, input.rows(), d);
    Mlp({.x = &input}, experts.experts[expert], {.y = output.row(0), .stride = d});
    for (size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(output.row(static_cast<int64_t>(i)), d,
                  answers.row(asked[expert][i].first * experts.used + asked[expert][i].second));
    }
  }
  for (int64_t row = 0; row < x.rows(); ++row) {
    for (int64_t slot = 0; slot < experts.used; ++slot) {
      const float weight = routed[static_cast<size_t>(row)][static_cast<size_t>(slot)].weight;
      kernels_.axpy(weight, answers.row(row * experts.used + slot), d, x.row(row));
    }
  }
  if (!experts.has_shared) return x;
  Tensor gates(*this, x.rows(), 1), shared(*this, x.rows(), d);
  Multiply({.x = &n}, experts.shared_gate, {.y = gates.row(0), .stride = 1});
  Mlp({.x = &n}, experts.shared, {.y = shared.row(0), .stride = d});
  for (int64_t row = 0; row < x.rows(); ++row) {
    kernels_.axpy(1.0f / (1.0f + std::exp(-gates.row(row)[0])), shared.row(row), d, x.row(row));
  }
  return x;
}

}  // namespace walchen::infer
