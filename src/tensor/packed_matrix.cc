// SPDX-License-Identifier: Apache-2.0
#include "tensor/packed_matrix.h"

#include <algorithm>
#include <cstring>

#include "tensor/quant.h"
#include "tensor/quant_layout.h"

namespace walchen::tensor {
namespace {

// Columns: type, block, scale, header, low, high, scales, minima, has_min, offset.
// Q2_K keeps scale and minimum in one byte, as the file does: two bytes would be 19 % more.
constexpr PackedLayout kPackedLayouts[] = {
    {DType::kF32, 1, 0, 0, 64, 0, 0, 0, false, 0},         {DType::kF16, 1, 0, 0, 32, 0, 0, 0, false, 0},
    {DType::kBF16, 1, 0, 0, 32, 0, 0, 0, false, 0},        {DType::kQ4_0, 32, 32, 32, 256, 0, 0, 0, false, 8},
    {DType::kQ4_1, 32, 32, 64, 256, 0, 0, 0, true, 0},     {DType::kQ5_0, 32, 32, 32, 256, 64, 0, 0, false, 16},
    {DType::kQ5_1, 32, 32, 64, 256, 64, 0, 0, true, 0},    {DType::kQ8_0, 32, 32, 32, 512, 0, 0, 0, false, 128},
    {DType::kQ2_K, 256, 16, 64, 0, 128, 32, 0, true, 0},   {DType::kQ3_K, 256, 16, 32, 0, 192, 32, 0, false, 4},
    {DType::kQ4_K, 256, 32, 64, 256, 0, 16, 16, true, 0},  {DType::kQ5_K, 256, 32, 64, 256, 64, 16, 16, true, 0},
    {DType::kQ6_K, 256, 16, 32, 256, 128, 32, 0, false, 32}, {DType::kIQ4_NL, 32, 32, 32, 256, 0, 0, 0, false, 128},
};

// Writes the `bits` bits of every code from `shift` on, four codes (a group's, of one row) in a word: 8 / bits groups
// share a byte, group g + bits above group g.
void PutBits(const uint8_t* code, int shift, int bits, int row, uint8_t* out) {
  const uint32_t mask = 0x01010101u * ((1u << bits) - 1);
  for (int word = 0; word < bits; ++word) {
    uint32_t together = 0;
    for (int group = word, up = 0; group < 8; group += bits, up += bits) {
      uint32_t codes;
      std::memcpy(&codes, code + 4 * group, 4);
      together |= (codes >> shift & mask) << up;
    }
    std::memcpy(out + word * 64 + 4 * row, &together, 4);
  }
}

// Where one chunk's pieces begin.
struct ChunkPlace {
  uint8_t* low;
  uint8_t* high;
  uint8_t* scale;
  uint8_t* min;
};

void PutCodes(const PackedLayout& layout, const uint8_t* code, int row, const ChunkPlace& to) {
  if (layout.low_bytes == 512) PutBits(code, 0, 8, row, to.low);
  if (layout.low_bytes == 256) PutBits(code, 0, 4, row, to.low);
  if (layout.high_bytes == 64) PutBits(code, 4, 1, row, to.high);                              // 5-bit types
  if (layout.high_bytes >= 128) PutBits(code, layout.low_bytes > 0 ? 4 : 0, 2, row, to.high);  // Q6_K; Q2_K, Q3_K
  if (layout.high_bytes == 192) PutBits(code, 2, 1, row, to.high + 128);                       // Q3_K
}

void PutScales(const PackedLayout& layout, const UnpackedBlock& block, int chunk, int row, const ChunkPlace& to) {
  const int subs = layout.scale_bytes / kTileRows;
  for (int sub = 0; sub < subs; ++sub) {
    const int i = chunk * subs + sub;
    const auto scale = static_cast<uint8_t>(block.scale[static_cast<size_t>(i)]),
               min = static_cast<uint8_t>(block.min[static_cast<size_t>(i)]);
    const bool together = layout.has_min && layout.min_bytes == 0;  // Q2_K
    to.scale[sub * kTileRows + row] = static_cast<uint8_t>(together ? scale | min << 4 : scale);
    if (layout.min_bytes > 0) to.min[sub * kTileRows + row] = min;
  }
}

// The unsigned numbers that the kernels multiply: q plus offset, or the place of q among the type's levels.
void CodesOf(const PackedLayout& layout, const BlockLayout& source, const UnpackedBlock& block, uint8_t* code) {
  const int8_t* q = block.q.data();
  if (source.levels.empty()) {
    for (int i = 0; i < layout.block_columns; ++i) code[i] = static_cast<uint8_t>(q[i] + layout.offset);
  } else {
    for (int i = 0; i < layout.block_columns; ++i) {
      code[i] = static_cast<uint8_t>(std::ranges::find(source.levels, q[i]) - source.levels.begin());
    }
  }
}

void PutBlock(const PackedLayout& layout, const BlockLayout& source, const UnpackedBlock& block, int row, uint8_t* out) {
  uint8_t code[kMaxBlockValues];
  CodesOf(layout, source, block, code);
  const uint16_t d = FloatToHalf(block.d), dmin = FloatToHalf(source.plus_min ? -block.dmin : block.dmin);
  std::memcpy(out + 2 * row, &d, 2);
  if (layout.has_min) std::memcpy(out + 2 * kTileRows + 2 * row, &dmin, 2);
  for (int chunk = 0; chunk < layout.block_columns / kChunkColumns; ++chunk) {
    uint8_t* low = out + layout.header_bytes + chunk * layout.chunk_bytes();
    uint8_t* scale = low + layout.low_bytes + layout.high_bytes;
    const ChunkPlace place = {low, low + layout.low_bytes, scale, scale + layout.scale_bytes};
    PutCodes(layout, code + chunk * kChunkColumns, row, place);
    PutScales(layout, block, chunk, row, place);
  }
}

}  // namespace

const PackedLayout* FindPackedLayout(DType type) {
  const auto* found = std::ranges::find(kPackedLayouts, type, &PackedLayout::type);
  return found == std::end(kPackedLayouts) ? nullptr : found;
}

Result<PackedMatrix> PackedMatrix::Allocate(DType type, int64_t rows, int64_t columns) {
  PackedMatrix matrix;
  matrix.layout_ = FindPackedLayout(type);
  if (matrix.layout_ == nullptr) {
    return Fail(ErrorCode::kUnsupported, "{} is no type for weights; convert the model, for example to Q8_0",
                Info(type).name);
  }
  matrix.rows_ = rows;
  matrix.columns_ = columns;
  CHECK(rows > 0 && columns > 0 && columns % matrix.layout_->block_columns == 0);
  matrix.tile_bytes_ = columns / matrix.layout_->block_columns * matrix.layout_->block_bytes();
  TRY_ASSIGN(matrix.memory_, base::ZeroedMemory::Allocate(matrix.bytes()));
  return matrix;
}

void PackedMatrix::PackTiles(base::Bytes rows_data, std::span<const int32_t> order, int64_t first, int64_t last) {
  const DTypeInfo& info = Info(type());
  const int64_t blocks = columns_ / info.block_values;
  const auto* source = reinterpret_cast<const uint8_t*>(rows_data.data());
  CHECK(static_cast<int64_t>(rows_data.size()) == rows_ * blocks * info.block_bytes);
  CHECK(order.empty() || static_cast<int64_t>(order.size()) == rows_);
  const BlockLayout* source_layout = FindBlockLayout(type());
  UnpackedBlock unpacked;
  for (int64_t row = first * kTileRows; row < std::min(last * kTileRows, rows_); ++row) {
    const int lane = static_cast<int>(row % kTileRows);
    uint8_t* out = data() + row / kTileRows * tile_bytes_;
    const int64_t from = order.empty() ? row : order[static_cast<size_t>(row)];
    const uint8_t* in = source + from * blocks * info.block_bytes;
    for (int64_t block = 0; block < blocks; ++block, in += info.block_bytes, out += layout_->block_bytes()) {
      if (layout_->plain()) {
        std::memcpy(out + lane * info.block_bytes, in, info.block_bytes);
      } else {
        Unpack(*source_layout, in, unpacked);
        PutBlock(*layout_, *source_layout, unpacked, lane, out);
      }
    }
  }
}

}  // namespace walchen::tensor
