// SPDX-License-Identifier: Apache-2.0
//
// The kernels of the cpu backend, once per instruction set. A KernelTable is chosen when a model is loaded; there is one
// dispatch per call on many rows, none inside.
//
// Numerics contract. Within one table every output value is computed by one fixed sequence of operations that depends on
// its own row and token alone: integer sums are exact, float sums run in ascending order of column, position or block.
// So results are bit-identical for any number of tokens in a call, any split into calls and any number of threads. The
// reference backend's exact mode spells the same sequences out in plain loops; the tables with fused multiply-add equal it
// bit for bit. All pointers may be unaligned. All functions are thread-safe on disjoint outputs.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/kv_type.h"
#include "tensor/packed_matrix.h"

namespace walchen::tensor {

// Rows of activations rounded to int8, with one scale per `block` columns (16 or 32):
//   scale = max|x| / 127,  code = round_to_even(x * (127 / max|x|));  all codes 0 where max|x| < kSmallestRounded.
// Layout: [row][columns] and [row][columns / block].
struct QuantizedRows {
  int64_t columns = 0;
  int block = 0;
  int8_t* code = nullptr;
  float* scale = nullptr;
  int32_t* sum = nullptr;       // of the codes of a block
  float* scaled_sum = nullptr;  // scale * sum

  int64_t blocks() const { return columns / block; }
};
// Below about 3.7e-37 the factor 127 / max|x| would be infinite.
inline constexpr float kSmallestRounded = 1e-36f;

// y[token][row] = sum over columns of w[row][column] * x[token][column], for tiles of 16 rows.
struct LinearArgs {
  const PackedMatrix* weights = nullptr;
  // One of the two: x for plain types, q (with the block of the weights' scale_columns) for quantised ones.
  const float* x = nullptr;     // [token][columns]
  QuantizedRows q;
  int64_t tokens = 0;
  float* y = nullptr;           // y[token * y_stride + row - y_first_row]
  int64_t y_stride = 0;
  int64_t y_first_row = 0;
  const float* bias = nullptr;  // per row, added after the sum; may be null
  bool add = false;             // y += sum instead of y = sum
};

// The cache of one layer and one KV head, in pages of kPagePositions positions. Keys lie in groups of 16 positions,
// dimension after dimension: [group][dimension][16]; values position after position: [position][dimension].
inline constexpr int kPagePositions = 64;

struct KvPageLayout {
  int head_size = 0;
  // The scale of kInt8 multiplies the whole score q . codes, and the softmax weight before the value's codes are added up.
  KvType type = KvType::kF16;
  int64_t element_bytes() const { return type == KvType::kF32 ? 4 : type == KvType::kF16 ? 2 : 1; }
  int64_t key_bytes() const { return int64_t{kPagePositions} * head_size * element_bytes(); }
  int64_t scale_bytes() const { return type == KvType::kInt8 ? kPagePositions * int64_t{sizeof(float)} : 0; }
  // Keys, values, key scales, value scales.
  int64_t page_bytes() const { return 2 * key_bytes() + 2 * scale_bytes(); }
};

// Queries of one KV head against its cached keys. Softmax runs online over pages, at absolute positions; spans of
// kSpanPages pages are summed up separately and then merged in ascending order, so that a long context can be split
// between threads without changing a bit.
inline constexpr int kSpanPages = 16;

// One query row's running softmax over a span: the largest score, 16 lanes of weights, and the weighted values.
struct AttentionState {
  float* max = nullptr;      // [row]
  float* sum16 = nullptr;    // [row][16]
  float* out = nullptr;      // [row][head_size]
};

struct AttendArgs {
  KvPageLayout layout;
  const std::byte* const* pages = nullptr;  // of this sequence, layer and head; [page]
  int first_page = 0;                       // the span: pages [first_page, last_page)
  int last_page = 0;
  int rows = 0;                             // at most kAttendRows
  const float* const* query = nullptr;      // [row] -> head_size values, already scaled by 1/sqrt(head_size)
  const int64_t* visible = nullptr;         // [row]: how many positions from 0 it may see
  AttentionState state;                     // written
};
inline constexpr int kAttendRows = 6;  // 6 rows x 4 registers of values and 4 of cache: 28 of 32

struct KernelTable {
  std::string_view name;  // "avx512-vnni"
  bool (*supported)();    // may this CPU run it?

  // Tiles [first, last) of the weights. Any type with a PackedLayout.
  void (*linear)(const LinearArgs& args, int64_t first, int64_t last);
  // One row of the weights as floats.
  void (*unpack_row)(const PackedMatrix& weights, int64_t row, float* out);

  // Quantises x[0, columns) of one token into row `row` of q, beginning at `first_column` (a multiple of the block).
  void (*quantize)(const float* x, int64_t columns, const QuantizedRows& q, int64_t row, int64_t first_column);
  // ss = sum of squares in 16 lanes (lane i: columns i, i + 16, ...); y = (x * (1 / sqrt(ss / n + epsilon))) * gain.
  // Zhang and Sennrich 2019, "Root mean square layer normalization".
  void (*rms_norm)(const float* x, const float* gain, float epsilon, int64_t n, float* y);
  // gate / (1 + exp(-gate)) * up
  void (*silu_mul)(const float* gate, const float* up, int64_t n, float* y);
  void (*silu)(const float* x, int64_t n, float* y);                      // y = x / (1 + exp(-x)); y may be x
  // y = max(x, 0)^2; y may be x. NaN stays NaN. So et al. 2021, "Primer".
  void (*squared_relu)(const float* x, int64_t n, float* y);
  void (*add)(const float* x, int64_t n, float* y);                       // y += x
  void (*axpy)(float a, const float* x, int64_t n, float* y);             // y = fma(a, x, y)
  // Turns the pairs (x[i], x[i + n/2]) by the angles with these n/2 cosines and sines. Su et al. 2021, "RoFormer".
  void (*rope)(const float* cosine, const float* sine, int64_t n, float* x);
  void (*scale)(float a, int64_t n, float* x);                            // x *= a

  // Gradients, for training: from dy to those of the inputs.
  // With r = 1 / sqrt(ss / n + epsilon): dx = r gain dy - x r^3 / n sum(gain dy x), dgain += dy x r.
  void (*rms_norm_backward)(const float* x, const float* gain, float epsilon, const float* dy, int64_t n, float* dx,
                            float* dgain);
  void (*silu_mul_backward)(const float* gate, const float* up, const float* dy, int64_t n, float* dgate, float* dup);

  // Writes one position's key and value of one head into its page.
  void (*store_kv)(const KvPageLayout& layout, const float* key, const float* value, int position_in_page,
                   std::byte* page);
  void (*attend)(const AttendArgs& args);
  // Merges `other` (a later span) into `state`, for one row.
  void (*merge_spans)(int head_size, const AttentionState& other, int other_row, const AttentionState& state, int row);
  // out / sum of one row.
  void (*finish_attention)(int head_size, const AttentionState& state, int row, float* y);

  // The place of the largest value, the first of equals; -1 if one of them is infinite or not a number. n > 0.
  int64_t (*arg_max)(const float* x, int64_t n);
  // y = exp((x - shift) * factor); returns the sum, in 16 lanes.
  float (*exp_sum)(const float* x, float shift, float factor, int64_t n, float* y);

  // For measuring the machine: as many fused multiply-adds, or 8-bit dot products, as registers allow; returns how many
  // operations (a multiplication and an addition are two) that was.
  int64_t (*burn_float)(int64_t rounds);
  int64_t (*burn_int8)(int64_t rounds);
  // Reads every byte once; returns some function of them.
  int64_t (*read_memory)(const uint8_t* data, int64_t bytes);
};

// All tables this binary carries, best first; the last one runs on every CPU Walchen supports (SSE4.2).
std::span<const KernelTable* const> AllKernels();
// The best this CPU supports. WALCHEN_CPU_PATH=name forces another one (for tests and measurements).
Result<const KernelTable*> ChooseKernels();

}  // namespace walchen::tensor
