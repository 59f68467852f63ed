// SPDX-License-Identifier: Apache-2.0
//
// What the bytes of a quantised block mean, as data: private to tensor/quant and to whoever repacks blocks.
//
// Every type says the same thing about value p of a block, with g = p / group:
//     value = (d * scale[g]) * q[p] - dmin * min[g]
// and differs only in the widths of these numbers and in where their bits lie. The integers q lie in one or two bit
// planes (Plane); the types with 256 values ("K") store small integer scales per group, the others only d and dmin.
// Source of the layouts: ggml's ggml-common.h, block_q4_0 ... block_iq4_nl.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace walchen::tensor {

inline constexpr int kMaxBlockValues = 256;
inline constexpr int kMaxBlockGroups = 16;

// IQ4_NL: what its 4-bit numbers stand for (ggml's kvalues_iq4nl).
inline constexpr std::array<int8_t, 16> kIq4Levels = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

// One block with every number in its own place.
struct UnpackedBlock {
  float d = 0;
  float dmin = 0;
  std::array<int16_t, kMaxBlockGroups> scale{};
  std::array<int16_t, kMaxBlockGroups> min{};
  std::array<int8_t, kMaxBlockValues> q{};
};

// Where some bits of every value lie. Bytes come in runs of `run`; the lowest `bits` bits of a run's bytes belong to
// the next `run` values, the bits above them to the `run` values after these, and so on until the byte is used up.
struct Plane {
  uint32_t offset = 0;  // of the first run in the block
  uint32_t bits = 0;    // 0: there is no such plane
  uint32_t run = 1;
};

// The small integer scales of a K type.
struct ScaleCode {
  int low = 1;   // the range of a scale; a min goes from 0 to high
  int high = 1;
  void (*read)(const uint8_t* bytes, UnpackedBlock& block) = nullptr;
  void (*write)(const UnpackedBlock& block, uint8_t* bytes) = nullptr;
};

struct BlockLayout {
  DType type;
  int group;                         // values that share a scale
  int low, high;                     // the range of q
  int bias;                          // stored number = q + bias, modulo 256
  std::span<const int8_t> levels;    // q = levels[stored number]; empty: all integers of the range
  int d_offset;
  int dmin_offset;                   // -1: no min
  bool plus_min;                     // the file's half is the number to add, -dmin
  Plane low_bits, high_bits;
  uint32_t scale_offset;
  const ScaleCode* scales;           // null: every scale is 1, and every min where there is a dmin

  bool has_min() const { return dmin_offset >= 0; }
  int values() const { return static_cast<int>(Info(type).block_values); }
  int groups() const { return values() / group; }
};

// Null for plain numbers.
const BlockLayout* FindBlockLayout(DType type);

void Unpack(const BlockLayout& layout, const uint8_t* bytes, UnpackedBlock& block);
// Writes all Info(layout.type).block_bytes bytes.
void Pack(const BlockLayout& layout, const UnpackedBlock& block, uint8_t* bytes);

}  // namespace walchen::tensor
