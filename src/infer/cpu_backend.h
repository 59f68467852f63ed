// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of model/backend.h on the kernels of tensor/, all cores, no libtorch.
//
// One operation is one to three fork-joins: a decode step has five per block (norm + QKV, attention, output, norm + gate
// + up + SiLU, down). Fewer would need sums split by column, which the numerics contract forbids; five cost about 2 % of
// a SmolLM2 step.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/threads.h"
#include "model/backend.h"
#include "tensor/kernels/kernels.h"
#include "tensor/packed_matrix.h"

namespace walchen::infer {

// The pages of one sequence, in order; a page holds all layers and KV heads of kPagePositions positions.
struct KvPages {
  std::vector<std::byte*> pages;
};

// Where things lie inside a page: [layer][KV head] of tensor::KvPageLayout.
struct KvShape {
  tensor::KvPageLayout head;
  int layers = 0;
  int kv_heads = 0;
  int64_t page_bytes() const { return int64_t{layers} * kv_heads * head.page_bytes(); }
  int64_t offset(int layer, int kv_head) const { return (int64_t{layer} * kv_heads + kv_head) * head.page_bytes(); }
};

// Activations rounded to int8; grows, never shrinks.
class RoundedRows {
 public:
  tensor::QuantizedRows Reserve(int64_t rows, int64_t columns, int block);

 private:
  std::vector<int8_t> code_;
  std::vector<float> scale_, scaled_sum_;
  std::vector<int32_t> sum_;
};

// Not thread-safe: one step at a time. Matrices may be shared by several backends on the same kernels.
class CpuBackend {
 public:
  // Owns its floats; movable. Buffers go back to the backend's stock when a tensor dies.
  class Tensor {
   public:
    Tensor() = default;
    Tensor(CpuBackend& owner, int64_t rows, int64_t columns);
    Tensor(Tensor&& other) noexcept = default;
    Tensor& operator=(Tensor&& other) noexcept;
    ~Tensor();
    int64_t rows() const { return rows_; }
    int64_t columns() const { return columns_; }
    float* row(int64_t i) { return buffer_.data() + i * columns_; }
    const float* row(int64_t i) const { return buffer_.data() + i * columns_; }

   private:
    CpuBackend* owner_ = nullptr;
    int64_t rows_ = 0;
    int64_t columns_ = 0;
    std::vector<float> buffer_;
  };
  using Vector = std::vector<float>;
  // model::LowRank in the kernels' order; of rank 0 both are empty.
  struct Update {
    tensor::PackedMatrix a, b;
  };
  struct Matrix {
    std::vector<tensor::PackedMatrix> parts;
    std::vector<std::vector<Update>> updates;  // [part][adapter]; empty: no adapter changes this matrix
    int64_t widest_rank = 0;                   // of all updates
    int64_t rows = 0;
    int64_t columns = 0;
    int64_t tiles = 0;
    int64_t bytes() const {
      int64_t sum = 0;
      for (const tensor::PackedMatrix& part : parts) sum += part.bytes();
      return sum;
    }
  };
  using Cache = KvPages;

  // Both must outlive the backend. `kv` describes the pages that Attend will see.
  CpuBackend(const tensor::KernelTable& kernels, base::ThreadPool& pool, const KvShape& kv);

  // Repacks on all threads. Errors: kCorrupt (a scale that is no finite number, with the tensor's name), kUnsupported.
  Result<Matrix> LoadMatrix(std::vector<model::MatrixPart> parts);
  Vector LoadVector(model::NamedVector vector) const { return std::move(vector.values); }

  // The vocabulary of model/backend.h.
  Tensor Embed(const Matrix& table, std::span<const int32_t> tokens);
  void SetPositions(const model::Placement<Cache>& at, std::span<const float> frequencies);
  Tensor NormLinear(const Tensor& x, const Vector& gain, float epsilon, const Matrix& w, const Vector& bias);
  Tensor Attend(Tensor qkv, const model::AttentionShape& shape, const Vector& q_norm, const Vector& k_norm, int layer,
                const model::Placement<Cache>& at);
  Tensor LinearAdd(const Tensor& y, const Matrix& w, Tensor residual);
  Tensor MlpAdd(Tensor x, const Vector& gain, float epsilon, const model::MlpWeights<Matrix>& mlp);
  Tensor ExpertsAdd(Tensor x, const Vector& gain, float epsilon, const model::ExpertWeights<Matrix>& experts);
  Tensor Rows(const Tensor& x, std::span<const int32_t> rows);
  Tensor FromFloats(std::span<const float> values, int64_t rows);
  Tensor Linear(const Tensor& x, const Matrix& w);
  Tensor Silu(Tensor x);
  Tensor SquaredReluMlpAdd(Tensor x, const Vector& gain, float epsilon, const Matrix& up, const Matrix& down);
  Tensor SeamAdd(Tensor x, const Matrix& kernel, const model::PatchGrid& grid);

 private:
  // The input of a matrix: its rows as they are, RMS-normed if `gain` is given, and rounded as the parts need it.
  struct Input {
    const Tensor* x = nullptr;
    const Vector* gain = nullptr;  // null: no norm
    float epsilon = 0;
  };
  // One prepared form of the input; what is not needed is empty.
  struct Prepared {
    std::vector<float> rows;
    RoundedRows rounded16, rounded32;
    const float* x = nullptr;
    tensor::QuantizedRows q16, q32;
    std::vector<float> low;  // a x of the rows that have an adapter
  };
  struct Output {
    float* y = nullptr;
    int64_t stride = 0;
    const float* bias = nullptr;
    bool add = false;
  };
  struct WorkerSpace {
    Prepared prepared;
    std::vector<float> gate_up;
    std::vector<float> attention;
  };
  struct AttendJob;

  // How many tiles a worker takes at a time: an even number, as the kernels like it.
  int64_t Grain(int64_t tiles) const;
  void ReserveForMatrix(const Matrix& w, int64_t rows, Prepared& to) const;
  void ReservePrepared(const Input& input, const Matrix& w, Prepared& to) const;
  void Prepare(const Input& input, const Matrix& w, int64_t first_row, int64_t last_row, Prepared& to) const;
  // Makes the input ready for all workers: in each one's own space if there are few rows (returns true, and the workers
  // must call Prepare), else once in shared_.
  bool ReserveInput(const Input& input, const Matrix& w);
  void Multiply(const Input& input, const Matrix& w, const Output& out);
  void MultiplyPrepared(const Prepared& in, int64_t tokens, const Matrix& w, const Output& out);
  void MultiplyTiles(const Prepared& in, int64_t tokens, const Matrix& w, const Output& out, int64_t first, int64_t last) const;
  void GateUp(const Prepared& in, int64_t tokens, const model::MlpWeights<Matrix>& mlp, int64_t first, int64_t last,
              WorkerSpace& space, Prepared& hidden) const;
  void Mlp(const Input& input, const model::MlpWeights<Matrix>& mlp, const Output& out);

  // Adapters (cpu_updates.cc).
  static Result<void> LoadUpdates(const std::vector<model::MatrixPart>& parts, Matrix& matrix);
  // a x of these rows for all parts, into `to.low`; the input's rows must be in `to.x`.
  void Lower(const Matrix& w, int64_t first_row, int64_t last_row, Prepared& to) const;
  // y += b (a x) for the tiles [first, last) of a part that `args` has just multiplied.
  void AddUpdates(const Prepared& in, const Matrix& w, size_t part, const tensor::LinearArgs& args, int64_t first,
                  int64_t last) const;

  void RotateGroup(const AttendJob& job, int64_t row, int kv_head) const;
  void AttendBlock(const AttendJob& job, int64_t block, WorkerSpace& space) const;
  void AttendSplit(const AttendJob& job);

  const tensor::KernelTable& kernels_;
  base::ThreadPool& pool_;
  KvShape kv_;
  std::vector<WorkerSpace> spaces_;       // one per worker
  Prepared shared_;                       // for many rows: prepared once, by all workers
  Prepared hidden_;                       // the MLP's hidden layer
  std::vector<float> split_states_;       // of attention over long contexts
  std::vector<std::vector<float>> stock_; // buffers of dead tensors
  std::vector<float> cosine_, sine_;      // [row][head_size / 2]
  std::vector<model::AdaptedRows> adapted_;  // of this step
};

}  // namespace walchen::infer
