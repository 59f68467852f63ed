// SPDX-License-Identifier: Apache-2.0
//
// Matrix times activations, for every weight type. One readable loop nest, instantiated per type and number of tokens.
//
// Quantised types: for each 32-column chunk the integer dot products of R tiles with T tokens stay in registers, then
// become floats once per scale:  sum += float(dot) * (weight scale * activation scale)  [+ minimum * scaled_sum].
// Few tokens unpack codes in registers. Many first unpack a tile to bytes (a panel), so that the unpacking is paid once;
// the arithmetic after it is the same, so the results are too.
#pragma once

#include <vector>

#include "base/status.h"
#include "tensor/kernels/chunks-inl.h"

namespace walchen::tensor {
namespace {

// --- The arithmetic, the same for every type. ---

// The exact integer that the first sum of a sub-block starts from: minus offset times the sum of the activations.
template <class C>
WALCHEN_INLINE I32 Start(int32_t activation_sum) {
  if constexpr (kDotOffset<C> == 0) {
    return SetInt(0);
  } else {
    return SetInt(-kDotOffset<C> * activation_sum);
  }
}

// Adds sub-block `block` of T tokens to the sums, from its integer dot products.
template <class C, int R, int T>
WALCHEN_INLINE void AddSubBlock(const I32 (&dot)[R][T], const ChunkScales (&scales)[R], int sub, const QuantizedRows& q,
                                int64_t first_token, int64_t block, F32 (&sum)[R][T]) {
  WALCHEN_UNROLL for (int t = 0; t < T; ++t) {
    const int64_t at = (first_token + t) * q.blocks() + block;
    const F32 scale = Set(q.scale[at]);
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
      sum[r][t] = Fma(ToFloat(dot[r][t]), scales[r].scale[sub] * scale, sum[r][t]);
      if constexpr (C::kHasMin) sum[r][t] = Fma(scales[r].min[sub], Set(q.scaled_sum[at]), sum[r][t]);
    }
  }
}

template <class C, int R, int T>
WALCHEN_INLINE void StartDots(const QuantizedRows& q, int64_t first_token, int64_t block, I32 (&dot)[R][T]) {
  WALCHEN_UNROLL for (int t = 0; t < T; ++t) {
    const I32 start = Start<C>(C::kOffset == 0 ? 0 : q.sum[(first_token + t) * q.blocks() + block]);
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) dot[r][t] = start;
  }
}

template <class C, int R, int T>
WALCHEN_INLINE void DotGroup(const Codes (&codes)[R], const int8_t* x, int64_t x_stride, I32 (&dot)[R][T]) {
  WALCHEN_UNROLL for (int t = 0; t < T; ++t) {
    const Codes activations = Broadcast4(x + t * x_stride);
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
      dot[r][t] = C::kWide ? Dot4Wide(dot[r][t], codes[r], activations) : Dot4(dot[r][t], codes[r], activations);
    }
  }
}

// Brings the next tiles into the second-level cache while these are being multiplied, one step for each chunk: the CPU's
// own prefetching stops at each 4 KiB page, and while several groups of tokens use the same tiles. (Zen 5, 2 threads,
// weights in memory: one token 50 instead of 38 GB/s, 8 tokens 900 instead of 500 GOP/s.)
class NextTiles {
 public:
  NextTiles() = default;  // fetches nothing
  NextTiles(const PackedMatrix& weights, int64_t tile, int64_t tiles)
      : at_(weights.tile(tile)), step_(tiles * weights.tile_bytes() / (weights.columns() / kChunkColumns)) {}
  WALCHEN_INLINE void Step() {
    FetchAhead(at_, step_);
    at_ += step_;
  }

 private:
  const uint8_t* at_ = nullptr;  // reading past the last tile is no access
  int64_t step_ = 0;
};

// Groups [g, kEnd) of a chunk of R tiles, unpacked in registers.
template <class C, int g, int kEnd, int R, int T>
WALCHEN_INLINE void DotGroups(const uint8_t* const (&chunk)[R], const int8_t* x, int64_t x_stride, I32 (&dot)[R][T]) {
  if constexpr (g < kEnd) {
    Codes codes[R];
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) codes[r] = C::template Group<g>(chunk[r]);
    DotGroup<C>(codes, x + 4 * g, x_stride, dot);
    DotGroups<C, g + 1, kEnd>(chunk, x, x_stride, dot);
  }
}

// R tiles times T tokens, codes unpacked in registers.
template <DType kType, int R, int T>
void LinearDirect(const LinearArgs& args, int64_t tile, int64_t token, NextTiles next) {
  using C = Chunk<kType>;
  const PackedLayout& layout = args.weights->layout();
  const QuantizedRows& q = args.q;
  const int64_t blocks = q.columns / layout.block_columns;
  const int64_t block_bytes = layout.block_bytes(), chunk_bytes = layout.chunk_bytes();
  const int8_t* x = q.code + token * q.columns;
  const uint8_t* at[R];
  F32 sum[R][T];
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    at[r] = args.weights->tile(tile + r);
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) sum[r][t] = Zero();
  }
  int64_t sub_block = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    HalfHeader header[R];
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) header[r] = LoadHeader<C>(at[r]);
    for (int c = 0; c < C::kChunks; ++c, x += kChunkColumns) {
      next.Step();
      const uint8_t* chunk[R];
      ChunkScales scales[R];
      WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
        chunk[r] = at[r] + layout.header_bytes + c * chunk_bytes;
        scales[r] = C::Scales(header[r], chunk[r]);
      }
      I32 dot[R][T];
      StartDots<C>(q, token, sub_block, dot);
      DotGroups<C, 0, 8 / C::kSubs>(chunk, x, q.columns, dot);
      AddSubBlock<C>(dot, scales, 0, q, token, sub_block++, sum);
      if constexpr (C::kSubs == 2) {
        StartDots<C>(q, token, sub_block, dot);
        DotGroups<C, 4, 8>(chunk, x, q.columns, dot);
        AddSubBlock<C>(dot, scales, 1, q, token, sub_block++, sum);
      }
    }
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) at[r] += block_bytes;
  }
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) StoreTile(sum[r][t], args, token + t, tile + r);
  }
}

// --- Many tokens: a tile unpacked to bytes and float scales, read again for each group of tokens. ---

// R unpacked tiles and the offset of their codes.
template <class P, int R>
struct Panels {
  const typename P::Chunk* chunks[R];
  int32_t offset;
};

// R tiles times T tokens from panels.
template <class P, int R, int T>
void LinearPanel(const LinearArgs& args, const Panels<P, R>& panels, int64_t tile, int64_t token, NextTiles next) {
  const QuantizedRows& q = args.q;
  const int8_t* x = q.code + token * q.columns;
  F32 sum[R][T];
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) sum[r][t] = Zero();
  }
  int64_t sub_block = 0;
  for (int64_t c = 0; c < q.columns / kChunkColumns; ++c, x += kChunkColumns) {
    next.Step();
    WALCHEN_UNROLL for (int sub = 0; sub < P::kSubs; ++sub, ++sub_block) {
      I32 dot[R][T];
      WALCHEN_UNROLL for (int t = 0; t < T; ++t) {
        const I32 start = SetInt(-panels.offset * q.sum[(token + t) * q.blocks() + sub_block]);
        WALCHEN_UNROLL for (int r = 0; r < R; ++r) dot[r][t] = start;
      }
      WALCHEN_UNROLL for (int g = 8 / P::kSubs * sub; g < 8 / P::kSubs * (sub + 1); ++g) {
        Codes codes[R];
        WALCHEN_UNROLL for (int r = 0; r < R; ++r) codes[r] = LoadCodes(panels.chunks[r][c].codes + 64 * g);
        DotGroup<P>(codes, x + 4 * g, q.columns, dot);
      }
      ChunkScales scales[R];
      WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
        scales[r].scale[0] = Load(panels.chunks[r][c].scale[sub]);
        if constexpr (P::kHasMin) scales[r].min[0] = Load(panels.chunks[r][c].min[sub]);
      }
      AddSubBlock<P>(dot, scales, 0, q, token, sub_block, sum);
    }
  }
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) StoreTile(sum[r][t], args, token + t, tile + r);
  }
}

// Registers: R * T sums, R * T dots, R codes and one broadcast. 2 x 6 takes 27 of 32 zmm; with 16 ymm (two per F32)
// 1 x 3 takes 6 + 6 + 2 + 2.
constexpr int kPanelTiles = kVectors == 1 ? 2 : 1;
constexpr int kPanelTileTokens = kVectors == 1 ? 6 : kVectors == 2 ? 3 : 1;
// Up to kFewTokens, in groups of at most this, codes are unpacked in registers each time.
constexpr int kDirectTokens = 4;

// All tokens in groups as equal as possible, because a group of one costs nearly as much as a group of six.
template <class P, int R>
void PanelTokens(const LinearArgs& args, const Panels<P, R>& panels, int64_t tile) {
  const int64_t groups = (args.tokens + kPanelTileTokens - 1) / kPanelTileTokens;
  for (int64_t group = 0, token = 0; group < groups; ++group) {
    const int64_t size = (args.tokens - token + groups - group - 1) / (groups - group);
    const NextTiles next = group == 0 ? NextTiles(*args.weights, tile + R, R) : NextTiles();
    if (size == kPanelTileTokens) {
      LinearPanel<P, R, kPanelTileTokens>(args, panels, tile, token, next);
    } else if (size == kPanelTileTokens - 1) {
      LinearPanel<P, R, kPanelTileTokens < 2 ? 1 : kPanelTileTokens - 1>(args, panels, tile, token, next);
    } else {  // more than kFewTokens in groups of at most 6 are at least 4 each
      LinearPanel<P, R, kPanelTileTokens < 3 ? 1 : kPanelTileTokens - 2>(args, panels, tile, token, next);
    }
    token += size;
  }
}

template <DType kType>
void LinearManyTokens(const LinearArgs& args, int64_t first, int64_t last) {
  using P = PanelOf<kType>;
  const int64_t chunks = args.q.columns / kChunkColumns;
  thread_local std::vector<typename P::Chunk> space;  // grows to the widest matrix, then stays
  if (static_cast<int64_t>(space.size()) < kPanelTiles * chunks) space.resize(static_cast<size_t>(kPanelTiles * chunks));
  typename P::Chunk* panel = space.data();
  int64_t tile = first;
  if constexpr (kPanelTiles == 2) {
    for (; tile + 2 <= last; tile += 2) {
      UnpackTile<kType>(*args.weights, tile, panel);
      UnpackTile<kType>(*args.weights, tile + 1, panel + chunks);
      PanelTokens<P, 2>(args, {{panel, panel + chunks}, kDotOffset<Chunk<kType>>}, tile);
    }
  }
  for (; tile < last; ++tile) {
    UnpackTile<kType>(*args.weights, tile, panel);
    PanelTokens<P, 1>(args, {{panel}, kDotOffset<Chunk<kType>>}, tile);
  }
}

// One group of T tokens after the other on the same tiles, which are in the first-level cache by then.
template <DType kType, int R>
void DirectTokens(const LinearArgs& args, int64_t tile) {
  const int64_t groups = (args.tokens + kDirectTokens - 1) / kDirectTokens;
  for (int64_t group = 0, token = 0; group < groups; ++group) {
    const int64_t size = (args.tokens - token + groups - group - 1) / (groups - group);
    const NextTiles next = group == 0 ? NextTiles(*args.weights, tile + R, R) : NextTiles();
    switch (size) {
      case 1: LinearDirect<kType, R, 1>(args, tile, token, next); break;
      case 2: LinearDirect<kType, R, 2>(args, tile, token, next); break;
      case 3: LinearDirect<kType, R, 3>(args, tile, token, next); break;
      default: LinearDirect<kType, R, 4>(args, tile, token, next); break;
    }
    token += size;
  }
}

template <DType kType>
void LinearQuantized(const LinearArgs& args, int64_t first, int64_t last) {
  if (args.tokens > kFewTokens) return LinearManyTokens<kType>(args, first, last);
  int64_t tile = first;
  if constexpr (kVectors == 1) {  // two tiles hide the latency of one another's sums
    for (; tile + 2 <= last; tile += 2) DirectTokens<kType, 2>(args, tile);
  }
  for (; tile < last; ++tile) DirectTokens<kType, 1>(args, tile);
}

// --- Plain types: sum = fma(w, x, sum), column after column. ---

template <DType kType>
WALCHEN_INLINE F32 LoadPlain(const uint8_t* p) {
  if constexpr (kType == DType::kF32) return Load(reinterpret_cast<const float*>(p));
  if constexpr (kType == DType::kF16) return LoadHalf(reinterpret_cast<const uint16_t*>(p));
  if constexpr (kType == DType::kBF16) return LoadBfloat16(reinterpret_cast<const uint16_t*>(p));
}

template <DType kType, int R, int T>
void LinearPlainTile(const LinearArgs& args, int64_t tile, int64_t token) {
  constexpr int kColumnBytes = kType == DType::kF32 ? 64 : 32;
  const int64_t columns = args.weights->columns();
  const float* x = args.x + token * columns;
  const uint8_t* w[R];
  F32 sum[R][T];
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    w[r] = args.weights->tile(tile + r);
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) sum[r][t] = Zero();
  }
  for (int64_t column = 0; column < columns; ++column) {
    F32 weight[R];
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) weight[r] = LoadPlain<kType>(w[r] + column * kColumnBytes);
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) {
      const F32 activation = Set(x[t * columns + column]);
      WALCHEN_UNROLL for (int r = 0; r < R; ++r) sum[r][t] = Fma(weight[r], activation, sum[r][t]);
    }
  }
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) StoreTile(sum[r][t], args, token + t, tile + r);
  }
}

// One token needs many tiles at once: each sum is a chain of dependent additions.
constexpr int kPlainTiles = kVectors == 1 ? 8 : 4 / kVectors;

template <DType kType>
void LinearPlain(const LinearArgs& args, int64_t first, int64_t last) {
  constexpr int kTokens = kPanelTileTokens;
  int64_t tile = first;
  for (; args.tokens >= kTokens && tile + kPanelTiles <= last; tile += kPanelTiles) {
    int64_t token = 0;
    for (; token + kTokens <= args.tokens; token += kTokens) LinearPlainTile<kType, kPanelTiles, kTokens>(args, tile, token);
    for (; token < args.tokens; ++token) LinearPlainTile<kType, kPanelTiles, 1>(args, tile, token);
  }
  for (; tile + kPlainTiles <= last; tile += kPlainTiles) {
    for (int64_t token = 0; token < args.tokens; ++token) LinearPlainTile<kType, kPlainTiles, 1>(args, tile, token);
  }
  for (; tile < last; ++tile) {  // one tile alone: the low side of an adapter
    int64_t token = 0;
    for (; token + kTokens <= args.tokens; token += kTokens) LinearPlainTile<kType, 1, kTokens>(args, tile, token);
    for (; token < args.tokens; ++token) LinearPlainTile<kType, 1, 1>(args, tile, token);
  }
}

// --- One row as floats. ---

template <DType kType>
void UnpackRowQuantized(const PackedMatrix& weights, int64_t row, float* out) {
  using C = Chunk<kType>;
  std::vector<typename PanelOf<kType>::Chunk> panel(static_cast<size_t>(weights.columns() / kChunkColumns));
  UnpackTile<kType>(weights, row / kTileRows, panel.data());
  const auto lane = static_cast<size_t>(row % kTileRows);
  for (const auto& chunk : panel) {
    for (size_t i = 0; i < kChunkColumns; ++i) {
      const size_t sub = i * C::kSubs / kChunkColumns;
      const size_t at = i / 4 * 64 + 4 * lane + i % 4;
      const auto code = static_cast<float>(chunk.codes[at] - C::kOffset);
      *out++ = chunk.scale[sub][lane] * code + (C::kHasMin ? chunk.min[sub][lane] : 0.0f);
    }
  }
}

template <DType kType>
void UnpackRowPlain(const PackedMatrix& weights, int64_t row, float* out) {
  constexpr int kColumnBytes = kType == DType::kF32 ? 64 : 32;
  alignas(64) float tile[kTileRows];
  for (int64_t column = 0; column < weights.columns(); ++column) {
    Store(LoadPlain<kType>(weights.tile(row / kTileRows) + column * kColumnBytes), tile);
    out[column] = tile[row % kTileRows];
  }
}

// --- The type is looked up once per call. ---

struct TypeKernels {
  DType type;
  void (*linear)(const LinearArgs&, int64_t, int64_t);
  void (*unpack_row)(const PackedMatrix&, int64_t, float*);
};
template <DType kType>
constexpr TypeKernels kQuantizedKernels = {kType, LinearQuantized<kType>, UnpackRowQuantized<kType>};
template <DType kType>
constexpr TypeKernels kPlainKernels = {kType, LinearPlain<kType>, UnpackRowPlain<kType>};
constexpr TypeKernels kTypeKernels[] = {
    kPlainKernels<DType::kF32>,      kPlainKernels<DType::kF16>,      kPlainKernels<DType::kBF16>,
    kQuantizedKernels<DType::kQ4_0>, kQuantizedKernels<DType::kQ4_1>, kQuantizedKernels<DType::kQ5_0>,
    kQuantizedKernels<DType::kQ5_1>, kQuantizedKernels<DType::kQ8_0>, kQuantizedKernels<DType::kQ2_K>,
    kQuantizedKernels<DType::kQ3_K>, kQuantizedKernels<DType::kQ4_K>, kQuantizedKernels<DType::kQ5_K>,
    kQuantizedKernels<DType::kQ6_K>, kQuantizedKernels<DType::kIQ4_NL>,
};

const TypeKernels& KernelsFor(DType type) {
  for (const TypeKernels& kernels : kTypeKernels) {
    if (kernels.type == type) return kernels;
  }
  CHECK(false);  // without a text: formatting code must not be compiled for a newer CPU
}

void Linear(const LinearArgs& args, int64_t first, int64_t last) {
  KernelsFor(args.weights->type()).linear(args, first, last);
}
void UnpackRow(const PackedMatrix& weights, int64_t row, float* out) {
  KernelsFor(weights.type()).unpack_row(weights, row, out);
}

}  // namespace
}  // namespace walchen::tensor
