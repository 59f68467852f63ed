// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary in which architectures are written. A backend implements these coarse operations on its own tensors and
// weights; coarse, so that it can fuse what belongs together. Architectures are templates over it (model/llama.h).
//
// Shapes: t rows (tokens of one or several sequences), d model width, q and k query and KV heads, h head size, v vocabulary.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "tensor/dtype.h"

namespace walchen::model {

// What an adapter (model/lora_file.h) adds to a piece of a weight matrix: y = W x + b (a x).
struct LowRank {
  int64_t rank = 0;  // 0: nothing
  base::Bytes a;     // [rank, columns], F32; outlives loading, as W does
  base::Bytes b;     // [rows, rank], F32, rows in the order of the file; alpha / rank is in it
};

// A piece of a weight matrix as it lies in a model file. Several parts under each other make one fused matrix (Q, K, V).
struct MatrixPart {
  std::string name;               // for messages
  tensor::DType type = tensor::DType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;
  base::Bytes data;               // rows * RowBytes(type, columns); outlives loading
  std::vector<int32_t> row_order; // row i is the file's row row_order[i]; empty: as they are
  std::vector<LowRank> updates = {};  // of each adapter; empty: none of them changes this matrix
};

// A vector as it lies in a model file. Without a name it is put together of several.
struct NamedVector {
  std::string name;
  std::vector<float> values;
};

// Time, row, column.
using Position = std::array<int32_t, 3>;

// A run of rows that belong to one sequence and take consecutive slots of its cache. Text has one segment in a step, and
// its slots are its positions. Several segments of one sequence stand beside each other in a placement, in the order of
// their slots; the keys and values of all of them are written before any row of the step attends.
template <class Cache>
struct Segment {
  int first_row = 0;
  int rows = 0;
  int64_t first_position = 0;
  Cache* cache = nullptr;         // this sequence's keys and values; written at the rows' slots, then read

  // Sequences with senses. A cache slot is not a position then: at a layer that a sense does not have, its tokens take no
  // slot. Both spans must outlive the step.
  std::span<const int64_t> first_slot_of_layer = {};            // empty: first_position at every layer
  std::span<const Position> positions = {};                     // time, row, column of each row; empty: all three
                                                                // first_position + i
  bool causal = true;                                           // false: every row sees the whole segment
  int adapter = -1;                                             // which of MatrixPart::updates its rows get; -1: none

  // The slot of row 0.
  int64_t first_slot(int layer) const {
    return first_slot_of_layer.empty() ? first_position : first_slot_of_layer[static_cast<size_t>(layer)];
  }
  // How many slots, from 0 on, row `row` of this segment sees.
  int64_t visible(int layer, int row) const { return first_slot(layer) + (causal ? row + 1 : rows); }
  // Time, row and column of row `row` of this segment.
  std::array<int64_t, 3> position(int row) const {
    if (positions.empty()) return {first_position + row, first_position + row, first_position + row};
    const auto& [time, y, x] = positions[static_cast<size_t>(row)];
    return {time, y, x};
  }
};

// Which of the three the pair i of a head turns by: time if i is even, row if i mod 4 is 1, column if it is 3. So each axis
// has slow and fast pairs (interleaved, unlike the runs of pairs in Wang et al. 2024, "Qwen2-VL"), and where all three are
// equal, as in text, this is RoPE as it ever was.
constexpr size_t RotaryAxis(size_t pair) { return pair % 2 == 0 ? 0 : pair % 4 == 1 ? 1 : 2; }

template <class Cache>
struct Placement {
  std::vector<Segment<Cache>> segments;  // in row order, covering every row once
};

// How a stack of blocks runs one of them: at once. Training has another way (train/network.cc).
struct RunBlock {
  template <class Tensor, class Cache, class Block>
  Tensor operator()(int /*layer*/, Tensor x, const Placement<Cache>& at, const Block& block) const {
    return block(std::move(x), at);
  }
};

// A run of a step's rows that have the same adapter.
struct AdaptedRows {
  int first_row = 0;
  int rows = 0;
  int adapter = -1;
};

// All rows that have one, in order, in as few runs as there can be.
template <class Cache>
std::vector<AdaptedRows> RowsWithAdapters(const Placement<Cache>& at) {
  std::vector<AdaptedRows> runs;
  for (const Segment<Cache>& segment : at.segments) {
    if (segment.adapter < 0) continue;
    const bool goes_on = !runs.empty() && runs.back().adapter == segment.adapter &&
                         runs.back().first_row + runs.back().rows == segment.first_row;
    if (!goes_on) runs.push_back({segment.first_row, 0, segment.adapter});
    runs.back().rows += segment.rows;
  }
  return runs;
}

// A picture's patches, row by row, each [channel][y][x].
struct PatchGrid {
  int rows = 0, columns = 0;  // in patches; 0: no picture
  int patch_size = 0;         // pixels along a patch's edge
  int channels = 0;
  int values() const { return patch_size * patch_size * channels; }
};

// What attention needs beside the rows of q, k and v.
struct AttentionShape {
  int heads = 0;
  int kv_heads = 0;
  int head_size = 0;
  float norm_epsilon = 0;
};

// gate_up is the gate's rows over the up projection's.
template <class Matrix>
struct MlpWeights {
  Matrix gate_up;
  Matrix down;
};

// A mixture of experts: the router picks `used` of them for each token, weighted by its softmax.
template <class Matrix>
struct ExpertWeights {
  Matrix router;                           // [experts, d]
  std::vector<MlpWeights<Matrix>> experts;
  int used = 0;
  bool normalise = true;                   // make the weights of the experts used add up to 1
  bool has_shared = false;                 // one more expert, that every token uses, times sigmoid(gate)
  MlpWeights<Matrix> shared;
  Matrix shared_gate;                      // [1, d]
};

template <class B>
concept Backend = requires(B& b, typename B::Tensor x, const typename B::Matrix& matrix, const typename B::Vector& vector,
                           const Placement<typename B::Cache>& at, const AttentionShape& shape,
                           const MlpWeights<typename B::Matrix>& mlp, const ExpertWeights<typename B::Matrix>& experts,
                           std::span<const int32_t> indices, std::span<const float> frequencies, const PatchGrid& grid) {
  // Rows of the table, [t, d].
  { b.Embed(matrix, indices) } -> std::same_as<typename B::Tensor>;
  // Once per step, before the first block: the angles of every row's position, pair i of the frequencies turning by
  // RotaryAxis(i); and every row's adapter. NormLinear, LinearAdd and MlpAdd then add what it adds to their matrices;
  // matrices that are used with other rows than the step's (the head, experts) have no updates.
  b.SetPositions(at, frequencies);
  // RMSNorm(x) W^T (+ bias if the vector is not empty), [t, rows of W].
  { b.NormLinear(x, vector, 0.0f, matrix, vector) } -> std::same_as<typename B::Tensor>;
  // qkv is [t, (q + 2k) h]: each head of q and k is RMS-normed if gains are given, rotated, k and v go to the cache of the
  // layer, and each row's queries attend to the slots that its segment lets it see. [t, q h].
  { b.Attend(std::move(x), shape, vector, vector, 0, at) } -> std::same_as<typename B::Tensor>;
  // residual + y W^T, [t, d].
  { b.LinearAdd(x, matrix, std::move(x)) } -> std::same_as<typename B::Tensor>;
  // x + down(silu(gate(n)) * up(n)) with n = RMSNorm(x).
  { b.MlpAdd(std::move(x), vector, 0.0f, mlp) } -> std::same_as<typename B::Tensor>;
  // x + the weighted sum of the experts' answers to n.
  { b.ExpertsAdd(std::move(x), vector, 0.0f, experts) } -> std::same_as<typename B::Tensor>;
  // Those rows of x.
  { b.Rows(x, indices) } -> std::same_as<typename B::Tensor>;

  // For senses (model/sense.h). Numbers from outside, [t, n]:
  { b.FromFloats(frequencies, 0) } -> std::same_as<typename B::Tensor>;
  // x W^T, [t, rows of W].
  { b.Linear(x, matrix) } -> std::same_as<typename B::Tensor>;
  // x / (1 + exp(-x)).
  { b.Silu(std::move(x)) } -> std::same_as<typename B::Tensor>;
  // x + down(max(up(n), 0)^2) with n = RMSNorm(x).
  { b.SquaredReluMlpAdd(std::move(x), vector, 0.0f, matrix, matrix) } -> std::same_as<typename B::Tensor>;
  // x + the 3x3 convolution of the picture whose patches the rows are; outside it lies 0. The matrix is [channel out]
  // [channel in][y][x].
  { b.SeamAdd(std::move(x), matrix, grid) } -> std::same_as<typename B::Tensor>;
};

}  // namespace walchen::model
