// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of model/backend.h on libtorch: the same architectures, with gradients.
//
// A tensor is [lanes, t, n]: `lanes` sequences of one layout side by side, t rows of a segment, as one segment of a
// placement describes them for all lanes. Weights are 32-bit floats; matrix products run in bfloat16 where autocast is on.
// Not thread-safe. libtorch's exceptions do not leave train/: its callers catch them (train/trainer.cc).
#pragma once

#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "base/status.h"
#include "model/backend.h"

namespace walchen::train {

// A matrix or vector of the model with the places in a model file that it came from, so that it can be written back.
struct Parameter {
  struct Part {
    std::string name;                // of the file's tensor
    int64_t rows = 0;                // of a matrix; a vector has 1
    std::vector<int32_t> row_order;  // row i is the file's row row_order[i]; empty: as they are
  };
  std::vector<Part> parts = {};
  torch::Tensor value = {};  // [rows, columns] or [size], float
  bool trained = false;
  // Of a frozen matrix with a low-rank update: its two factors, a [rank, columns] and b [rows, rank], among the parameters.
  int lora_a = -1, lora_b = -1;
  bool is_matrix() const { return value.dim() == 2; }
  const std::string& name() const { return parts.front().name; }
};

constexpr double kLoraScale = 2;  // alpha is twice the rank, as most adapters have it

class TorchBackend {
 public:
  using Tensor = torch::Tensor;
  // weight + kLoraScale b a, where there is a low-rank update (Hu et al. 2021, "LoRA").
  struct Matrix {
    torch::Tensor weight;
    torch::Tensor a = {}, b = {};
  };
  using Vector = torch::Tensor;
  // Keys and values by text layer, [lanes, KV heads, slots, head size]. Assigning it forks the sequence.
  struct Cache {
    struct Layer {
      torch::Tensor keys, values;
    };
    std::vector<Layer> layers;
  };

  explicit TorchBackend(torch::Device device) : device_(device) {}

  // What is loaded from now on is trained, or stays as it is.
  void set_training(bool training) { training_ = training; }
  // Frozen matrices of blocks loaded from now on get an update of this rank; 0: none.
  void set_lora_rank(int rank) { lora_rank_ = rank; }
  // How many sequences stand side by side from now on.
  void set_lanes(int64_t lanes) { frame_.lanes = lanes; }
  // What of a segment its blocks need beside their rows: SetPositions makes it.
  struct Frame {
    int64_t lanes = 1;
    torch::Tensor cosine, sine;  // [t, head_size / 2]
  };
  const Frame& frame() const { return frame_; }
  void set_frame(Frame frame) { frame_ = std::move(frame); }
  // Everything that was loaded and has a name in a file, in the order of loading.
  std::vector<Parameter>& parameters() { return parameters_; }
  torch::Device device() const { return device_; }

  Result<Matrix> LoadMatrix(std::vector<model::MatrixPart> parts);
  Vector LoadVector(model::NamedVector vector);

  // The vocabulary of model/backend.h.
  Tensor Embed(const Matrix& table, std::span<const int32_t> tokens) const;
  void SetPositions(const model::Placement<Cache>& at, std::span<const float> frequencies);
  Tensor NormLinear(const Tensor& x, const Vector& gain, float epsilon, const Matrix& w, const Vector& bias) const;
  Tensor Attend(Tensor qkv, const model::AttentionShape& shape, const Vector& q_norm, const Vector& k_norm, int layer,
                const model::Placement<Cache>& at) const;
  Tensor LinearAdd(const Tensor& y, const Matrix& w, Tensor residual) const;
  Tensor MlpAdd(Tensor x, const Vector& gain, float epsilon, const model::MlpWeights<Matrix>& mlp) const;
  Tensor ExpertsAdd(Tensor x, const Vector& gain, float epsilon, const model::ExpertWeights<Matrix>& experts) const;
  Tensor Rows(const Tensor& x, std::span<const int32_t> rows) const;
  Tensor FromFloats(std::span<const float> values, int64_t rows) const;
  Tensor Linear(const Tensor& x, const Matrix& w) const;
  Tensor Silu(Tensor x) const;
  Tensor SquaredReluMlpAdd(Tensor x, const Vector& gain, float epsilon, const Matrix& up, const Matrix& down) const;
  Tensor SeamAdd(Tensor x, const Matrix& kernel, const model::PatchGrid& grid) const;

 private:
  void AddLora(Parameter& parameter, Matrix& matrix);
  torch::Tensor Mlp(const torch::Tensor& n, const model::MlpWeights<Matrix>& mlp) const;

  torch::Device device_;
  bool training_ = false;
  int lora_rank_ = 0;
  Frame frame_;
  std::vector<Parameter> parameters_;
};

}  // namespace walchen::train
