// SPDX-License-Identifier: Apache-2.0
//
// Matrix times activations, for every weight type. One readable loop nest, instantiated per type and number of tokens.
//
// Quantised types: for each 32-column chunk the integer dot products of R tiles with T tokens stay in registers, then
// become floats once per scale:  sum += float(dot) * (weight scale * activation scale)  [+ minimum * scaled_sum].
// Few tokens unpack codes in registers. Many tokens (kPanelTokens or more) first unpack a tile to bytes (a panel), so
// that the unpacking is paid once; the arithmetic after it is the same, so the results are too.
#pragma once

#include <array>
#include <vector>

#include "base/status.h"
#include "tensor/kernels/kernels.h"
#include "tensor/kernels/lanes-inl.h"
#include "tensor/quant_layout.h"

namespace walchen::tensor {
namespace {

// What the loops know about one 32-column chunk of one tile.
struct ChunkScales {
  F32 scale[2];  // per sub-block of 16 columns; [0] alone where scales span 32
  F32 min[2];
};

// --- How each type's chunk is read. Header: what is shared by a block's chunks. ---

struct HalfHeader {
  F32 d, dmin;
};

template <DType kType>
struct Chunk;

// Low nibbles: group g < 4 in the low halves of vector g, the others in the high halves of vector g - 4.
template <int kGroup>
WALCHEN_INLINE Codes Nibbles(const uint8_t* low) {
  const Codes both = LoadCodes(low + kGroup % 4 * 64);
  return (kGroup < 4 ? both : ShiftRight<4>(both)) & SetCodes(15);
}
// Bit kGroup of each byte, moved to position kTo.
template <int kGroup, int kTo>
WALCHEN_INLINE Codes HighBit(const uint8_t* high) {
  const Codes bits = LoadCodes(high);
  constexpr int kShift = kGroup - kTo;
  if constexpr (kShift >= 0) {
    return ShiftRight<kShift>(bits) & SetCodes(1 << kTo);
  } else {
    return ShiftLeft<-kShift>(bits) & SetCodes(1 << kTo);
  }
}
// Bit pair of group kGroup (vectors 0 and 1, four groups each), moved to position kTo.
template <int kGroup, int kTo>
WALCHEN_INLINE Codes HighPair(const uint8_t* high) {
  const Codes pairs = LoadCodes(high + kGroup % 2 * 64);
  constexpr int kShift = kGroup / 2 * 2 - kTo;
  if constexpr (kShift >= 0) {
    return ShiftRight<kShift>(pairs) & SetCodes(3 << kTo);
  } else {
    return ShiftLeft<-kShift>(pairs) & SetCodes(3 << kTo);
  }
}

// Types whose only scale is the block's half.
template <bool kHasMin>
struct PlainScales {
  static WALCHEN_INLINE ChunkScales Scales(const HalfHeader& h, const uint8_t*) {
    ChunkScales s;
    s.scale[0] = h.d;
    if constexpr (kHasMin) s.min[0] = h.dmin;
    return s;
  }
};
template <>
struct Chunk<DType::kQ4_0> : PlainScales<false> {
  static constexpr int kSubs = 1, kOffset = 8, kChunks = 1;
  static constexpr bool kHasMin = false, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p); }
};
template <>
struct Chunk<DType::kQ4_1> : PlainScales<true> {
  static constexpr int kSubs = 1, kOffset = 0, kChunks = 1;
  static constexpr bool kHasMin = true, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p); }
};
template <>
struct Chunk<DType::kQ5_0> : PlainScales<false> {
  static constexpr int kSubs = 1, kOffset = 16, kChunks = 1;
  static constexpr bool kHasMin = false, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p) | HighBit<g, 4>(p + 256); }
};
template <>
struct Chunk<DType::kQ5_1> : PlainScales<true> {
  static constexpr int kSubs = 1, kOffset = 0, kChunks = 1;
  static constexpr bool kHasMin = true, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p) | HighBit<g, 4>(p + 256); }
};
template <>
struct Chunk<DType::kQ8_0> : PlainScales<false> {
  static constexpr int kSubs = 1, kOffset = 128, kChunks = 1;
  static constexpr bool kHasMin = false, kWide = true;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return LoadCodes(p + 64 * g); }
};
template <>
struct Chunk<DType::kIQ4_NL> : PlainScales<false> {
  static constexpr int kSubs = 1, kOffset = 128, kChunks = 1;
  static constexpr bool kHasMin = false, kWide = true;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) {
    alignas(16) static constexpr auto kTable = [] {
      std::array<uint8_t, 16> table{};
      for (size_t i = 0; i < 16; ++i) table[i] = static_cast<uint8_t>(kIq4Levels[i] + 128);
      return table;
    }();
    return LookUp16(kTable.data(), Nibbles<g>(p));
  }
};

// Scale and minimum codes of 6 bits, one byte each, behind the code bits.
template <int kCodeBytes>
struct ByteScales {
  static WALCHEN_INLINE ChunkScales Scales(const HalfHeader& h, const uint8_t* p) {
    ChunkScales s;
    s.scale[0] = h.d * ToFloat(LoadUint8(p + kCodeBytes));
    s.min[0] = Zero() - h.dmin * ToFloat(LoadUint8(p + kCodeBytes + 16));
    return s;
  }
};
template <>
struct Chunk<DType::kQ4_K> : ByteScales<256> {
  static constexpr int kSubs = 1, kOffset = 0, kChunks = 8;
  static constexpr bool kHasMin = true, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p); }
};
template <>
struct Chunk<DType::kQ5_K> : ByteScales<320> {
  static constexpr int kSubs = 1, kOffset = 0, kChunks = 8;
  static constexpr bool kHasMin = true, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p) | HighBit<g, 4>(p + 256); }
};

// Signed 8-bit scale codes, two sub-blocks.
template <int kCodeBytes>
struct SignedScales {
  static WALCHEN_INLINE ChunkScales Scales(const HalfHeader& h, const uint8_t* p) {
    ChunkScales s;
    for (int sub = 0; sub < 2; ++sub) {
      s.scale[sub] = h.d * LoadInt8(reinterpret_cast<const int8_t*>(p + kCodeBytes + 16 * sub));
    }
    return s;
  }
};
template <>
struct Chunk<DType::kQ6_K> : SignedScales<384> {
  static constexpr int kSubs = 2, kOffset = 32, kChunks = 8;
  static constexpr bool kHasMin = false, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return Nibbles<g>(p) | HighPair<g, 4>(p + 256); }
};
template <>
struct Chunk<DType::kQ3_K> : SignedScales<192> {
  static constexpr int kSubs = 2, kOffset = 4, kChunks = 8;
  static constexpr bool kHasMin = false, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return HighPair<g, 0>(p) | HighBit<g, 2>(p + 128); }
};
template <>
struct Chunk<DType::kQ2_K> {
  static constexpr int kSubs = 2, kOffset = 0, kChunks = 8;
  static constexpr bool kHasMin = true, kWide = false;
  template <int g> static WALCHEN_INLINE Codes Group(const uint8_t* p) { return HighPair<g, 0>(p); }
  static WALCHEN_INLINE ChunkScales Scales(const HalfHeader& h, const uint8_t* p) {
    ChunkScales s;
    for (int sub = 0; sub < 2; ++sub) {
      const I32 both = LoadUint8(p + 128 + 16 * sub);
      s.scale[sub] = h.d * ToFloat(both & SetInt(15));
      s.min[sub] = Zero() - h.dmin * ToFloat(ShiftRight<4>(both));
    }
    return s;
  }
};

// --- The arithmetic, the same for every type. ---

// The exact integer that the first sum of a sub-block starts from: minus offset times the sum of the activations.
template <class C>
WALCHEN_INLINE I32 Start(int32_t activation_sum) {
  constexpr int kOffset = C::kOffset - (C::kWide ? kWideBias : 0);
  if constexpr (kOffset == 0) {
    return SetInt(0);
  } else {
    return SetInt(-kOffset * activation_sum);
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

WALCHEN_INLINE void StoreTile(F32 sum, const LinearArgs& args, int64_t token, int64_t tile) {
  const int64_t row = tile * kTileRows;
  float* y = args.y + token * args.y_stride + row - args.y_first_row;
  const int64_t rows = args.weights->rows() - row;
  alignas(64) float whole[kTileRows];
  if (rows >= kTileRows) {
    if (args.bias != nullptr) sum = sum + Load(args.bias + row);
    Store(args.add ? Load(y) + sum : sum, y);
    return;
  }
  Store(sum, whole);
  for (int64_t i = 0; i < rows; ++i) {
    const float value = whole[i] + (args.bias != nullptr ? args.bias[row + i] : 0.0f);
    y[i] = args.add ? y[i] + value : value;
  }
}

template <class C>
WALCHEN_INLINE HalfHeader LoadHeader(const uint8_t* block) {
  HalfHeader h;
  h.d = LoadHalf(reinterpret_cast<const uint16_t*>(block));
  if constexpr (C::kHasMin) h.dmin = LoadHalf(reinterpret_cast<const uint16_t*>(block) + kTileRows);
  return h;
}

// R tiles times T tokens, codes unpacked in registers.
template <DType kType, int R, int T>
void LinearDirect(const LinearArgs& args, int64_t tile, int64_t token) {
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

// A chunk of a panel: 8 groups of codes, then the scales and minima of its sub-blocks.
template <class C>
struct PanelChunk {
  uint8_t codes[8 * 64];
  float scale[C::kSubs][kTileRows];
  float min[C::kHasMin ? C::kSubs : 1][kTileRows];
};

template <class C, int g>
WALCHEN_INLINE void UnpackGroups(const uint8_t* chunk, uint8_t* out) {
  if constexpr (g < 8) {
    StoreCodes(C::template Group<g>(chunk), out + 64 * g);
    UnpackGroups<C, g + 1>(chunk, out);
  }
}

template <DType kType>
void UnpackTile(const PackedMatrix& weights, int64_t tile, PanelChunk<Chunk<kType>>* panel) {
  using C = Chunk<kType>;
  const PackedLayout& layout = weights.layout();
  const uint8_t* at = weights.tile(tile);
  for (int64_t block = 0; block < weights.columns() / layout.block_columns; ++block, at += layout.block_bytes()) {
    const HalfHeader header = LoadHeader<C>(at);
    for (int c = 0; c < C::kChunks; ++c, ++panel) {
      const uint8_t* chunk = at + layout.header_bytes + c * layout.chunk_bytes();
      UnpackGroups<C, 0>(chunk, panel->codes);
      const ChunkScales scales = C::Scales(header, chunk);
      WALCHEN_UNROLL for (int sub = 0; sub < C::kSubs; ++sub) {
        Store(scales.scale[sub], panel->scale[sub]);
        if constexpr (C::kHasMin) Store(scales.min[sub], panel->min[sub]);
      }
    }
  }
}

// R tiles times T tokens from panels.
template <DType kType, int R, int T>
void LinearPanel(const LinearArgs& args, const PanelChunk<Chunk<kType>>* const (&panels)[R], int64_t tile, int64_t token) {
  using C = Chunk<kType>;
  const QuantizedRows& q = args.q;
  const int8_t* x = q.code + token * q.columns;
  F32 sum[R][T];
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int t = 0; t < T; ++t) sum[r][t] = Zero();
  }
  int64_t sub_block = 0;
  for (int64_t c = 0; c < q.columns / kChunkColumns; ++c, x += kChunkColumns) {
    WALCHEN_UNROLL for (int sub = 0; sub < C::kSubs; ++sub, ++sub_block) {
      I32 dot[R][T];
      StartDots<C>(q, token, sub_block, dot);
      WALCHEN_UNROLL for (int g = 8 / C::kSubs * sub; g < 8 / C::kSubs * (sub + 1); ++g) {
        Codes codes[R];
        WALCHEN_UNROLL for (int r = 0; r < R; ++r) codes[r] = LoadCodes(panels[r][c].codes + 64 * g);
        DotGroup<C>(codes, x + 4 * g, q.columns, dot);
      }
      ChunkScales scales[R];
      WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
        scales[r].scale[0] = Load(panels[r][c].scale[sub]);
        if constexpr (C::kHasMin) scales[r].min[0] = Load(panels[r][c].min[sub]);
      }
      AddSubBlock<C>(dot, scales, 0, q, token, sub_block, sum);
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
// From here on unpacking once pays: below, each panel would be read only once or twice.
constexpr int kPanelTokens = 6;

template <DType kType, int R>
void PanelTokens(const LinearArgs& args, const PanelChunk<Chunk<kType>>* const (&panels)[R], int64_t tile) {
  int64_t token = 0;
  for (; token + kPanelTileTokens <= args.tokens; token += kPanelTileTokens) {
    LinearPanel<kType, R, kPanelTileTokens>(args, panels, tile, token);
  }
  if constexpr (kPanelTileTokens > 2) {
    for (; token + 2 <= args.tokens; token += 2) LinearPanel<kType, R, 2>(args, panels, tile, token);
  }
  for (; token < args.tokens; ++token) LinearPanel<kType, R, 1>(args, panels, tile, token);
}

template <DType kType>
void LinearManyTokens(const LinearArgs& args, int64_t first, int64_t last) {
  using Panel = PanelChunk<Chunk<kType>>;
  const int64_t chunks = args.q.columns / kChunkColumns;
  thread_local std::vector<Panel> space;  // grows to the widest matrix, then stays
  if (static_cast<int64_t>(space.size()) < kPanelTiles * chunks) space.resize(static_cast<size_t>(kPanelTiles * chunks));
  for (int64_t tile = first; tile < last;) {
    if (kPanelTiles == 2 && tile + 2 <= last) {
      const Panel* const panels[2] = {space.data(), space.data() + chunks};
      UnpackTile<kType>(*args.weights, tile, space.data());
      UnpackTile<kType>(*args.weights, tile + 1, space.data() + chunks);
      PanelTokens<kType, 2>(args, panels, tile);
      tile += 2;
    } else {
      const Panel* const panels[1] = {space.data()};
      UnpackTile<kType>(*args.weights, tile, space.data());
      PanelTokens<kType, 1>(args, panels, tile);
      tile += 1;
    }
  }
}

template <DType kType, int T>
void LinearFewTokens(const LinearArgs& args, int64_t first, int64_t last) {
  constexpr int kTiles = kVectors == 1 ? 2 : 1;  // two tiles hide the latency of one another's sums
  int64_t tile = first;
  for (; tile + kTiles <= last; tile += kTiles) LinearDirect<kType, kTiles, T>(args, tile, 0);
  for (; tile < last; ++tile) LinearDirect<kType, 1, T>(args, tile, 0);
}

template <DType kType>
void LinearQuantized(const LinearArgs& args, int64_t first, int64_t last) {
  switch (args.tokens) {
    case 1: return LinearFewTokens<kType, 1>(args, first, last);
    case 2: return LinearFewTokens<kType, 2>(args, first, last);
    case 3: return LinearFewTokens<kType, 3>(args, first, last);
    case 4: return LinearFewTokens<kType, 4>(args, first, last);
    default: return LinearManyTokens<kType>(args, first, last);
  }
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
  for (; tile < last; ++tile) {
    for (int64_t token = 0; token < args.tokens; ++token) LinearPlainTile<kType, 1, 1>(args, tile, token);
  }
}

// --- One row as floats. ---

template <DType kType>
void UnpackRowQuantized(const PackedMatrix& weights, int64_t row, float* out) {
  using C = Chunk<kType>;
  std::vector<PanelChunk<C>> panel(static_cast<size_t>(weights.columns() / kChunkColumns));
  UnpackTile<kType>(weights, row / kTileRows, panel.data());
  const auto lane = static_cast<size_t>(row % kTileRows);
  for (const PanelChunk<C>& chunk : panel) {
    for (size_t i = 0; i < kChunkColumns; ++i) {
      const size_t sub = i * C::kSubs / kChunkColumns;
      const auto code = static_cast<float>(chunk.codes[i / 4 * 64 + 4 * lane + i % 4] - C::kOffset);
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
