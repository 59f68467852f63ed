// SPDX-License-Identifier: Apache-2.0
//
// How the kernels read a packed tile: for each weight type the codes, scales and minima of 32 columns (a chunk), and the
// same unpacked to bytes and floats (a panel) for when it will be read many times.
#pragma once

#include <array>

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

// What an integer sum of products has too much, per unit of the activations' sum.
template <class C>
constexpr int32_t kDotOffset = C::kOffset - (C::kWide ? kWideBias : 0);

template <class C>
WALCHEN_INLINE HalfHeader LoadHeader(const uint8_t* block) {
  HalfHeader h;
  h.d = LoadHalf(reinterpret_cast<const uint16_t*>(block));
  if constexpr (C::kHasMin) h.dmin = LoadHalf(reinterpret_cast<const uint16_t*>(block) + kTileRows);
  return h;
}

// --- Panels. ---

// Up to so many tokens no panel is made: unpacking codes in registers for each four of them is faster (Zen 5, Q4_1 in
// memory, 16 tokens on 2 threads: 1,040 against 710 GOP/s). That CPU has vector units to spare for the unpacking and
// would do without panels for any number of tokens; where dot products and shifts share two units, as before Zen 4 and
// on Intel's, a panel saves a quarter of the work.
constexpr int64_t kFewTokens = 16;

// What the arithmetic of a type depends on; types that agree share their code.
template <int kSubsOf, bool kHasMinOf, bool kWideOf>
struct Panel {
  static constexpr int kSubs = kSubsOf;
  static constexpr bool kHasMin = kHasMinOf, kWide = kWideOf;
  // 32 columns: 8 groups of codes, then the scales and minima of the sub-blocks.
  struct Chunk {
    uint8_t codes[8 * 64];
    float scale[kSubs][kTileRows];
    float min[kHasMin ? kSubs : 1][kTileRows];
  };
};
template <DType kType>
using PanelOf = Panel<Chunk<kType>::kSubs, Chunk<kType>::kHasMin, Chunk<kType>::kWide && kWideBias != 0>;

template <class C, int g>
WALCHEN_INLINE void UnpackGroups(const uint8_t* chunk, uint8_t* out) {
  if constexpr (g < 8) {
    StoreCodes(C::template Group<g>(chunk), out + 64 * g);
    UnpackGroups<C, g + 1>(chunk, out);
  }
}

template <DType kType>
void UnpackTile(const PackedMatrix& weights, int64_t tile, typename PanelOf<kType>::Chunk* panel) {
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

}  // namespace
}  // namespace walchen::tensor
