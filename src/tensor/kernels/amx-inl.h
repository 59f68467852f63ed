// SPDX-License-Identifier: Apache-2.0
//
// The panel product on AMX tiles: 16 tokens times 16 rows in one instruction. Integer sums are exact, the float steps are
// those of LinearPanel in the same order, so the results equal the AVX-512 VNNI path's bit for bit.
//
// One tile instruction multiplies the columns of one scale (32 or 16), although a tile could hold 64: the scales differ
// from block to block, so the sums have to leave the tile anyway. Measured peak and instruction set: Intel's
// "Intrinsics Guide", AMX-INT8; tile configuration: Intel SDM volume 1, chapter 18.
//
// With WALCHEN_AMX_EMULATED the tiles are plain arrays: a test runs the same code on machines without AMX.
#pragma once

#include <vector>

#include "tensor/kernels/chunks-inl.h"

namespace walchen::tensor {
namespace {

constexpr int64_t kTileTokens = 16;

#if defined(WALCHEN_AMX_EMULATED)
struct EmulatedTiles {
  int tokens = 0, bytes = 0;
  const int8_t* a = nullptr;
  int64_t a_stride = 0;
};
thread_local EmulatedTiles tiles;
WALCHEN_INLINE void ConfigureTiles(int tokens, int bytes) { tiles = {tokens, bytes, nullptr, 0}; }
WALCHEN_INLINE void ReleaseTiles() {}
WALCHEN_INLINE void LoadActivations(const int8_t* a, int64_t stride) { tiles.a = a, tiles.a_stride = stride; }
WALCHEN_INLINE void MultiplyTile(const uint8_t* codes, int32_t* dots) {
  for (int t = 0; t < tiles.tokens; ++t) {
    for (int row = 0; row < 16; ++row) {
      int32_t sum = 0;
      for (int k = 0; k < tiles.bytes; ++k) sum += tiles.a[t * tiles.a_stride + k] * codes[k / 4 * 64 + 4 * row + k % 4];
      dots[16 * t + row] = sum;
    }
  }
}
#else
// Tile 0: sums [token][16 rows]; tile 1: activations [token][bytes]; tile 2: codes [bytes / 4][64], as a panel has them.
WALCHEN_INLINE void ConfigureTiles(int tokens, int bytes) {
  alignas(64) uint8_t config[64] = {1};  // palette 1
  const auto set = [&](int tile, int rows, int row_bytes) {
    config[16 + 2 * tile] = static_cast<uint8_t>(row_bytes);
    config[48 + tile] = static_cast<uint8_t>(rows);
  };
  set(0, tokens, 64);
  set(1, tokens, bytes);
  set(2, bytes / 4, 64);
  _tile_loadconfig(config);
}
WALCHEN_INLINE void ReleaseTiles() { _tile_release(); }
WALCHEN_INLINE void LoadActivations(const int8_t* a, int64_t stride) { _tile_loadd(1, a, static_cast<size_t>(stride)); }
WALCHEN_INLINE void MultiplyTile(const uint8_t* codes, int32_t* dots) {
  _tile_zero(0);
  _tile_loadd(2, codes, 64);
  _tile_dpbsud(0, 1, 2);  // signed activations, unsigned codes
  _tile_stored(0, dots, 64);
}
#endif

// Tokens [token, token + count) times one unpacked tile; kFull: count is 16, and the sums stay in registers.
template <class P, bool kFull>
void MultiplyPanel(const LinearArgs& args, const typename P::Chunk* chunks, int32_t offset, int64_t tile, int64_t token,
                   int64_t count) {
  constexpr int kColumns = kChunkColumns / P::kSubs;
  const QuantizedRows& q = args.q;
  const int64_t tokens = kFull ? kTileTokens : count;
  const int8_t* x = q.code + token * q.columns;
  alignas(64) int32_t dots[kTileTokens * 16];
  F32 sum[kTileTokens];
  WALCHEN_UNROLL for (int64_t t = 0; t < kTileTokens; ++t) sum[t] = Zero();
  int64_t block = 0;
  for (int64_t c = 0; c < q.columns / kChunkColumns; ++c) {
    WALCHEN_UNROLL for (int sub = 0; sub < P::kSubs; ++sub, ++block, x += kColumns) {
      LoadActivations(x, q.columns);
      MultiplyTile(chunks[c].codes + sub * kColumns * 16, dots);
      const F32 weight_scale = Load(chunks[c].scale[sub]);
      const int64_t first = token * q.blocks() + block;
      WALCHEN_UNROLL for (int64_t t = 0; t < tokens; ++t) {
        const int64_t at = first + t * q.blocks();
        const I32 dot = LoadInts(dots + 16 * t) + SetInt(-offset * q.sum[at]);
        sum[t] = Fma(ToFloat(dot), weight_scale * Set(q.scale[at]), sum[t]);
        if constexpr (P::kHasMin) sum[t] = Fma(Load(chunks[c].min[sub]), Set(q.scaled_sum[at]), sum[t]);
      }
    }
  }
  for (int64_t t = 0; t < tokens; ++t) StoreTile(sum[t], args, token + t, tile);
}

// All tokens times one unpacked tile.
template <class P>
void MultiplyAllTokens(const LinearArgs& args, const typename P::Chunk* chunks, int32_t offset, int64_t tile) {
  constexpr int kColumns = kChunkColumns / P::kSubs;
  int64_t token = 0;
  if (args.tokens >= kTileTokens) {
    ConfigureTiles(kTileTokens, kColumns);
    for (; token + kTileTokens <= args.tokens; token += kTileTokens) {
      MultiplyPanel<P, true>(args, chunks, offset, tile, token, kTileTokens);
    }
  }
  if (token < args.tokens) {
    ConfigureTiles(static_cast<int>(args.tokens - token), kColumns);
    MultiplyPanel<P, false>(args, chunks, offset, tile, token, args.tokens - token);
  }
  ReleaseTiles();
}

template <DType kType>
void LinearOnTiles(const LinearArgs& args, int64_t first, int64_t last) {
  using P = PanelOf<kType>;
  const auto chunks = static_cast<size_t>(args.q.columns / kChunkColumns);
  thread_local std::vector<typename P::Chunk> panel;  // grows to the widest matrix, then stays
  if (panel.size() < chunks) panel.resize(chunks);
  for (int64_t tile = first; tile < last; ++tile) {
    UnpackTile<kType>(*args.weights, tile, panel.data());
    MultiplyAllTokens<P>(args, panel.data(), kDotOffset<Chunk<kType>>, tile);
  }
}

struct TypeOnTiles {
  DType type;
  void (*linear)(const LinearArgs&, int64_t, int64_t);
};
constexpr TypeOnTiles kTypesOnTiles[] = {
    {DType::kQ4_0, LinearOnTiles<DType::kQ4_0>}, {DType::kQ4_1, LinearOnTiles<DType::kQ4_1>},
    {DType::kQ5_0, LinearOnTiles<DType::kQ5_0>}, {DType::kQ5_1, LinearOnTiles<DType::kQ5_1>},
    {DType::kQ8_0, LinearOnTiles<DType::kQ8_0>}, {DType::kQ2_K, LinearOnTiles<DType::kQ2_K>},
    {DType::kQ3_K, LinearOnTiles<DType::kQ3_K>}, {DType::kQ4_K, LinearOnTiles<DType::kQ4_K>},
    {DType::kQ5_K, LinearOnTiles<DType::kQ5_K>}, {DType::kQ6_K, LinearOnTiles<DType::kQ6_K>},
    {DType::kIQ4_NL, LinearOnTiles<DType::kIQ4_NL>},
};

// Many tokens and a quantised type go to the tiles; what is left to VNNI is bound by memory, not by arithmetic.
void LinearWithTiles(const LinearArgs& args, int64_t first, int64_t last, decltype(KernelTable::linear) vnni) {
  for (const TypeOnTiles& kernels : kTypesOnTiles) {
    if (kernels.type == args.weights->type() && args.tokens > kTileTokens / 2) return kernels.linear(args, first, last);
  }
  vnni(args, first, last);
}

}  // namespace
}  // namespace walchen::tensor
