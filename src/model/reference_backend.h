// SPDX-License-Identifier: Apache-2.0
//
// The oracle: every operation in plain loops, one thread, no SIMD. Slow and meant to be read; it stays for ever.
//
// Two ways to count. Float: weights as the file means them, sums in double, keys and values unrounded: what the model
// "really" says. Exact: the roundings and the order of every sum of the cpu backend (the numerics contract in
// tensor/kernels/kernels.h), so that its logits equal those of every kernel path with fused multiply-add bit for bit.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/backend.h"
#include "tensor/kv_type.h"

namespace walchen::model {

class ReferenceBackend {
 public:
  enum class Numerics { kFloat, kExact };

  struct Tensor {
    int64_t rows = 0;
    int64_t columns = 0;
    std::vector<float> values;
    float* row(int64_t i) { return values.data() + i * columns; }
    const float* row(int64_t i) const { return values.data() + i * columns; }
  };
  using Vector = std::vector<float>;
  struct Matrix {
    std::vector<MatrixPart> parts;  // the file's own bytes
    int64_t rows = 0;
    int64_t columns = 0;
  };
  // Keys or values as they are read back, [slot][KV head][head_size]. Of an 8-bit cache these are the codes, and each
  // [slot][KV head] has a scale.
  struct Stored {
    std::vector<float> heads, scales;
  };
  // One sequence.
  struct Cache {
    struct Layer {
      Stored keys, values;
    };
    std::vector<Layer> layers;
  };

  // The float form does not round keys and values, whatever kv_type says.
  explicit ReferenceBackend(Numerics numerics, tensor::KvType kv_type = tensor::KvType::kF16)
      : numerics_(numerics), kv_type_(numerics == Numerics::kFloat ? tensor::KvType::kF32 : kv_type) {}

  // Parts keep pointing into the file, which must outlive the backend.
  Result<Matrix> LoadMatrix(std::vector<MatrixPart> parts) const;
  Vector LoadVector(NamedVector vector) const { return std::move(vector.values); }

  // The vocabulary of model/backend.h.
  Tensor Embed(const Matrix& table, std::span<const int32_t> tokens) const;
  void SetPositions(const Placement<Cache>& at, std::span<const float> frequencies);
  Tensor NormLinear(const Tensor& x, const Vector& gain, float epsilon, const Matrix& w, const Vector& bias) const;
  Tensor Attend(Tensor qkv, const AttentionShape& shape, const Vector& q_norm, const Vector& k_norm, int layer,
                const Placement<Cache>& at) const;
  Tensor LinearAdd(const Tensor& y, const Matrix& w, Tensor residual) const;
  Tensor MlpAdd(Tensor x, const Vector& gain, float epsilon, const MlpWeights<Matrix>& mlp) const;
  Tensor ExpertsAdd(Tensor x, const Vector& gain, float epsilon, const ExpertWeights<Matrix>& experts) const;
  Tensor Rows(const Tensor& x, std::span<const int32_t> rows) const;
  Tensor FromFloats(std::span<const float> values, int64_t rows) const;
  Tensor Linear(const Tensor& x, const Matrix& w) const;
  Tensor Silu(Tensor x) const;
  Tensor SquaredReluMlpAdd(Tensor x, const Vector& gain, float epsilon, const Matrix& up, const Matrix& down) const;
  Tensor SeamAdd(Tensor x, const Matrix& kernel, const PatchGrid& grid) const;

 private:
  Tensor Norm(const Tensor& x, const Vector& gain, float epsilon) const;
  void AddUpdates(const Tensor& x, const Matrix& w, Tensor& y) const;
  Tensor Hidden(const Tensor& n, const Matrix& gate_up) const;
  Tensor Mlp(const Tensor& n, const MlpWeights<Matrix>& mlp) const;
  void Rotate(float* head, int64_t row, const Vector& gain, const AttentionShape& shape) const;
  void Store(const float* head, int head_size, int64_t at, Stored& to) const;
  void RotateAndStore(Tensor& qkv, const AttentionShape& shape, const Vector& q_norm, const Vector& k_norm, int layer,
                      const Placement<Cache>& at) const;

  Numerics numerics_;
  tensor::KvType kv_type_;
  std::vector<float> cosine_, sine_;  // [row][head_size / 2]
  std::vector<AdaptedRows> adapted_;
};

}  // namespace walchen::model
