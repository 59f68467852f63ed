// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant_layout.h"

#include <algorithm>
#include <cstring>

#include "tensor/quant.h"

namespace walchen::tensor {
namespace {

// out[i] |= the plane's bits of one run, moved up by `up`; Word: as many bytes as are read at once.
template <class Word>
void ReadRun(const uint8_t* run, const Plane& plane, uint32_t shift, int up, uint8_t* out) {
  constexpr Word kOnes = static_cast<Word>(0x0101010101010101u);
  const auto mask = static_cast<Word>(kOnes * ((1u << plane.bits) - 1));
  for (uint32_t i = 0; i < plane.run; i += sizeof(Word)) {
    Word in, so_far;
    std::memcpy(&in, run + i, sizeof(Word));
    std::memcpy(&so_far, out + i, sizeof(Word));
    so_far = static_cast<Word>(so_far | static_cast<Word>((in >> shift & mask) << up));
    std::memcpy(out + i, &so_far, sizeof(Word));
  }
}

void ReadPlane(const uint8_t* bytes, const Plane& plane, int up, std::span<uint8_t> out) {
  const auto read = plane.run % 8 == 0 ? ReadRun<uint64_t> : ReadRun<uint8_t>;
  const uint8_t* run = bytes + plane.offset;
  for (size_t at = 0; at < out.size(); run += plane.run) {
    for (uint32_t shift = 0; shift < 8; shift += plane.bits) {
      read(run, plane, shift, up, &out[at]);
      at += plane.run;
    }
  }
}

// The inverse; the bytes hold zeros before.
template <class T>
void WritePlane(std::span<const T> in, const Plane& plane, int down, uint8_t* bytes) {
  const auto mask = static_cast<uint8_t>((1U << plane.bits) - 1);
  uint8_t* run = bytes + plane.offset;
  for (size_t at = 0; at < in.size(); run += plane.run) {
    for (uint32_t shift = 0; shift < 8; shift += plane.bits) {
      for (uint32_t i = 0; i < plane.run; ++i) {
        run[i] = static_cast<uint8_t>(run[i] | (((static_cast<uint8_t>(in[at + i]) >> down) & mask) << shift));
      }
      at += plane.run;
    }
  }
}

// Q2_K: byte g holds the scale of group g in its low four bits, the min in its high four.
void ReadQ2Scales(const uint8_t* bytes, UnpackedBlock& block) {
  for (int g = 0; g < 16; ++g) {
    block.scale[g] = bytes[g] & 15;
    block.min[g] = bytes[g] >> 4;
  }
}
void WriteQ2Scales(const UnpackedBlock& block, uint8_t* bytes) {
  for (int g = 0; g < 16; ++g) bytes[g] = static_cast<uint8_t>(block.scale[g] | (block.min[g] << 4));
}

// Q3_K: 16 scales of six bits, 32 added: their low four bits in 8 bytes, their high two in 4.
constexpr Plane kQ3ScaleLow{0, 4, 8}, kQ3ScaleHigh{8, 2, 4};
void ReadQ3Scales(const uint8_t* bytes, UnpackedBlock& block) {
  std::array<uint8_t, 16> stored{};
  ReadPlane(bytes, kQ3ScaleLow, 0, stored);
  ReadPlane(bytes, kQ3ScaleHigh, 4, stored);
  for (int g = 0; g < 16; ++g) block.scale[g] = static_cast<int16_t>(stored[g] - 32);
}
void WriteQ3Scales(const UnpackedBlock& block, uint8_t* bytes) {
  std::array<uint8_t, 16> stored{};
  for (int g = 0; g < 16; ++g) stored[g] = static_cast<uint8_t>(block.scale[g] + 32);
  WritePlane<uint8_t>(stored, kQ3ScaleLow, 0, bytes);
  WritePlane<uint8_t>(stored, kQ3ScaleHigh, 4, bytes);
}

// Q4_K and Q5_K: 8 scales and 8 mins of six bits in 12 bytes. Bytes 0-3 hold scales 0-3 and bytes 4-7 mins 0-3 in
// their low six bits; bytes 8-11 hold the low four bits of scales 4-7 (low half) and mins 4-7 (high half), whose high
// two bits are the two spare bits of bytes 0-3 and 4-7.
void ReadQ45Scales(const uint8_t* bytes, UnpackedBlock& block) {
  for (int g = 0; g < 4; ++g) {
    block.scale[g] = bytes[g] & 63;
    block.min[g] = bytes[4 + g] & 63;
    block.scale[4 + g] = static_cast<int16_t>((bytes[8 + g] & 15) | (bytes[g] >> 6 << 4));
    block.min[4 + g] = static_cast<int16_t>((bytes[8 + g] >> 4) | (bytes[4 + g] >> 6 << 4));
  }
}
void WriteQ45Scales(const UnpackedBlock& block, uint8_t* bytes) {
  for (int g = 0; g < 4; ++g) {
    bytes[g] = static_cast<uint8_t>(block.scale[g] | (block.scale[4 + g] >> 4 << 6));
    bytes[4 + g] = static_cast<uint8_t>(block.min[g] | (block.min[4 + g] >> 4 << 6));
    bytes[8 + g] = static_cast<uint8_t>((block.scale[4 + g] & 15) | ((block.min[4 + g] & 15) << 4));
  }
}

// Q6_K: 16 signed bytes.
void ReadQ6Scales(const uint8_t* bytes, UnpackedBlock& block) {
  for (int g = 0; g < 16; ++g) block.scale[g] = static_cast<int8_t>(bytes[g]);
}
void WriteQ6Scales(const UnpackedBlock& block, uint8_t* bytes) {
  for (int g = 0; g < 16; ++g) bytes[g] = static_cast<uint8_t>(block.scale[g]);
}

constexpr ScaleCode kQ2Scales{0, 15, ReadQ2Scales, WriteQ2Scales};
constexpr ScaleCode kQ3Scales{-32, 31, ReadQ3Scales, WriteQ3Scales};
constexpr ScaleCode kQ45Scales{0, 63, ReadQ45Scales, WriteQ45Scales};
constexpr ScaleCode kQ6Scales{-128, 127, ReadQ6Scales, WriteQ6Scales};

// type, group, low, high, bias, levels, d, dmin, plus_min, low bits, high bits, scales. Q8_0 could hold -128, but
// nothing that writes it does, so neither do we.
constexpr std::array kBlockLayouts = {
    BlockLayout{DType::kQ4_0, 32, -8, 7, 8, {}, 0, -1, false, {2, 4, 16}, {}, 0, nullptr},
    BlockLayout{DType::kQ4_1, 32, 0, 15, 0, {}, 0, 2, true, {4, 4, 16}, {}, 0, nullptr},
    BlockLayout{DType::kQ5_0, 32, -16, 15, 16, {}, 0, -1, false, {6, 4, 16}, {2, 1, 1}, 0, nullptr},
    BlockLayout{DType::kQ5_1, 32, 0, 31, 0, {}, 0, 2, true, {8, 4, 16}, {4, 1, 1}, 0, nullptr},
    BlockLayout{DType::kQ8_0, 32, -127, 127, 0, {}, 0, -1, false, {2, 8, 32}, {}, 0, nullptr},
    BlockLayout{DType::kQ2_K, 16, 0, 3, 0, {}, 80, 82, false, {16, 2, 32}, {}, 0, &kQ2Scales},
    BlockLayout{DType::kQ3_K, 16, -4, 3, 4, {}, 108, -1, false, {32, 2, 32}, {0, 1, 32}, 96, &kQ3Scales},
    BlockLayout{DType::kQ4_K, 32, 0, 15, 0, {}, 0, 2, false, {16, 4, 32}, {}, 4, &kQ45Scales},
    BlockLayout{DType::kQ5_K, 32, 0, 31, 0, {}, 0, 2, false, {48, 4, 32}, {16, 1, 32}, 4, &kQ45Scales},
    BlockLayout{DType::kQ6_K, 16, -32, 31, 32, {}, 208, -1, false, {0, 4, 64}, {128, 2, 32}, 192, &kQ6Scales},
    BlockLayout{DType::kIQ4_NL, 32, -127, 113, 0, kIq4Levels, 0, -1, false, {2, 4, 16}, {}, 0, nullptr},
};

float ReadHalf(const uint8_t* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
  return HalfToFloat(half);
}

void WriteHalf(float value, uint8_t* bytes) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(bytes, &half, sizeof(half));
}

}  // namespace

const BlockLayout* FindBlockLayout(DType type) {
  const auto found = std::ranges::find(kBlockLayouts, type, &BlockLayout::type);
  return found == kBlockLayouts.end() ? nullptr : &*found;
}

void Unpack(const BlockLayout& layout, const uint8_t* bytes, UnpackedBlock& block) {
  block.d = ReadHalf(bytes + layout.d_offset);
  block.dmin = layout.has_min() ? ReadHalf(bytes + layout.dmin_offset) : 0;
  if (layout.plus_min) block.dmin = -block.dmin;
  if (layout.scales != nullptr) {
    layout.scales->read(bytes + layout.scale_offset, block);
  } else {
    block.scale[0] = 1;
    block.min[0] = layout.has_min() ? 1 : 0;
  }
  std::array<uint8_t, kMaxBlockValues> stored{};
  const std::span in_use(stored.data(), static_cast<size_t>(layout.values()));
  ReadPlane(bytes, layout.low_bits, 0, in_use);
  if (layout.high_bits.bits > 0) ReadPlane(bytes, layout.high_bits, static_cast<int>(layout.low_bits.bits), in_use);
  if (!layout.levels.empty()) {
    for (size_t i = 0; i < in_use.size(); ++i) block.q[i] = layout.levels[stored[i]];
    return;
  }
  for (size_t i = 0; i < in_use.size(); ++i) {
    block.q[i] = static_cast<int8_t>(stored[i] - layout.bias);
  }
}

void Pack(const BlockLayout& layout, const UnpackedBlock& block, uint8_t* bytes) {
  std::memset(bytes, 0, Info(layout.type).block_bytes);
  WriteHalf(block.d, bytes + layout.d_offset);
  if (layout.has_min()) WriteHalf(layout.plus_min ? -block.dmin : block.dmin, bytes + layout.dmin_offset);
  if (layout.scales != nullptr) layout.scales->write(block, bytes + layout.scale_offset);
  std::array<uint8_t, kMaxBlockValues> stored{};
  const std::span in_use(stored.data(), static_cast<size_t>(layout.values()));
  for (size_t i = 0; i < in_use.size(); ++i) {
    stored[i] = layout.levels.empty()
                    ? static_cast<uint8_t>(block.q[i] + layout.bias)
                    : static_cast<uint8_t>(std::ranges::find(layout.levels, block.q[i]) - layout.levels.begin());
  }
  const std::span<const uint8_t> done = in_use;
  WritePlane(done, layout.low_bits, 0, bytes);
  if (layout.high_bits.bits > 0) WritePlane(done, layout.high_bits, static_cast<int>(layout.low_bits.bits), bytes);
}

}  // namespace walchen::tensor
