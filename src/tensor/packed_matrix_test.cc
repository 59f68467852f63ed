// SPDX-License-Identifier: Apache-2.0
//
// What the kernels make of packed matrices stands in kernels/linear_test.cc; here is where things lie.
#include "tensor/packed_matrix.h"

#include <numeric>

#include "tensor/kernels/test_kernels.h"

namespace walchen::tensor {
namespace {

std::vector<uint8_t> AllBytes(const PackedMatrix& matrix) { return {matrix.tile(0), matrix.tile(0) + matrix.bytes()}; }

PackedMatrix Packed(const TestMatrix& matrix, std::span<const int32_t> order = {}) {
  PackedMatrix packed = PackedMatrix::Allocate(matrix.type, matrix.rows, matrix.columns).value();
  packed.PackTiles(matrix.data, order, 0, packed.tiles());
  return packed;
}

TEST(PackedMatrix, RefusesTypesThatAreNoWeights) {
  for (const DType type : {DType::kI8, DType::kI16, DType::kI32, DType::kI64, DType::kF64}) {
    const auto matrix = PackedMatrix::Allocate(type, 16, 256);
    ASSERT_FALSE(matrix) << Info(type).name;
    EXPECT_EQ(matrix.error().code(), ErrorCode::kUnsupported);
    EXPECT_NE(matrix.error().message().find(Info(type).name), std::string::npos) << matrix.error().message();
  }
}

TEST(PackedMatrix, RefusesASizeThatNoMachineHas) {
  const auto matrix = PackedMatrix::Allocate(DType::kF32, int64_t{1} << 40, int64_t{1} << 18);
  ASSERT_FALSE(matrix);
  EXPECT_EQ(matrix.error().code(), ErrorCode::kResourceExhausted);
}

TEST(PackedMatrix, TakesAtMost4PercentMoreThanTheFile) {
  for (const DType type : WeightTypes()) {
    const PackedMatrix matrix = PackedMatrix::Allocate(type, 64, 512).value();
    const auto file_bytes = static_cast<double>(64 * RowBytes(type, 512).value());
    EXPECT_GE(static_cast<double>(matrix.bytes()), file_bytes) << Info(type).name;
    EXPECT_LE(static_cast<double>(matrix.bytes()), 1.04 * file_bytes) << Info(type).name;
  }
}

TEST(PackedMatrix, BeginsAtACacheLineAndIsZero) {
  for (const DType type : WeightTypes()) {
    const PackedMatrix matrix = PackedMatrix::Allocate(type, 5, 256).value();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(matrix.tile(0)) % 64, 0U);
    EXPECT_EQ(matrix.tiles(), 1);
    EXPECT_EQ(AllBytes(matrix), std::vector<uint8_t>(static_cast<size_t>(matrix.bytes())));
  }
}

TEST(PackedMatrix, HoldsPlainTypesColumnAfterColumn) {
  const TestMatrix matrix = RandomMatrix(DType::kF32, 20, 3, 1);
  const PackedMatrix packed = Packed(matrix);
  for (int64_t row = 0; row < 20; ++row) {
    for (int64_t column = 0; column < 3; ++column) {
      float value;
      std::memcpy(&value, packed.tile(row / 16) + (column * 16 + row % 16) * 4, 4);
      EXPECT_EQ(value, matrix.value(row, column));
    }
  }
}

// Code (row r, column 4g + k) is byte 4r + k of group g; groups g and g + 4 share bytes of 4-bit codes.
TEST(PackedMatrix, HoldsFourColumnsOfEachRowTogether) {
  const TestMatrix wide = RandomMatrix(DType::kQ8_0, 16, 64, 2), narrow = RandomMatrix(DType::kQ4_0, 16, 64, 2);
  const PackedMatrix packed_wide = Packed(wide), packed_narrow = Packed(narrow);
  for (int64_t row = 0; row < 16; ++row) {
    for (int64_t column = 0; column < 64; ++column) {
      const int64_t group = column % 32 / 4, byte = 4 * row + column % 4;
      const uint8_t wide_code = packed_wide.tile(0)[column / 32 * (32 + 512) + 32 + group * 64 + byte];
      const auto in_file = static_cast<int8_t>(wide.data[static_cast<size_t>(row * 68 + column / 32 * 34 + 2 + column % 32)]);
      EXPECT_EQ(wide_code, in_file + 128);
      const uint8_t both = packed_narrow.tile(0)[column / 32 * (32 + 256) + 32 + group % 4 * 64 + byte];
      const auto pair = static_cast<uint8_t>(narrow.data[static_cast<size_t>(row * 36 + column / 32 * 18 + 2 + column % 16)]);
      EXPECT_EQ(group < 4 ? both & 15 : both >> 4, column % 32 < 16 ? pair & 15 : pair >> 4);
    }
  }
}

TEST(PackedMatrix, TakesRowsInTheOrderItIsTold) {
  for (const DType type : WeightTypes()) {
    const TestMatrix matrix = RandomMatrix(type, 37, 256, 3);
    std::vector<int32_t> order(37);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::reverse(order);
    std::swap(order[3], order[20]);
    TestMatrix reordered = RandomMatrix(type, 37, 256, 4);
    const size_t row_bytes = matrix.data.size() / 37;
    for (size_t row = 0; row < 37; ++row) {
      std::copy_n(matrix.data.data() + static_cast<size_t>(order[row]) * row_bytes, row_bytes,
                  reordered.data.data() + row * row_bytes);
    }
    EXPECT_EQ(AllBytes(Packed(matrix, order)), AllBytes(Packed(reordered))) << Info(type).name;
  }
}

TEST(PackedMatrix, IsTheSameHoweverItsTilesAreSharedOut) {
  for (const DType type : WeightTypes()) {
    const TestMatrix matrix = RandomMatrix(type, 37, 256, 5);
    PackedMatrix pieces = PackedMatrix::Allocate(type, 37, 256).value();
    for (const int64_t tile : {2, 0, 1}) pieces.PackTiles(matrix.data, {}, tile, tile + 1);
    EXPECT_EQ(AllBytes(pieces), AllBytes(Packed(matrix))) << Info(type).name;
  }
}

// So that the sums of rows that do not exist are 0, not NaN.
TEST(PackedMatrix, IsZeroBehindItsLastRow) {
  for (const DType type : WeightTypes()) {
    const PackedMatrix three = Packed(RandomMatrix(type, 3, 256, 6));
    const DTypeInfo& info = Info(type);
    for (int64_t row = 3; row < 16; ++row) {
      const int64_t at = three.layout().plain() ? row * info.block_bytes : row * 2;  // the value, or the scale d
      EXPECT_EQ(three.tile(0)[at], 0) << info.name;
      EXPECT_EQ(three.tile(0)[at + 1], 0) << info.name;
    }
  }
}

TEST(PackedMatrixDeathTest, AbortsWhenTheBytesAreNotThoseOfTheMatrix) {
  PackedMatrix matrix = PackedMatrix::Allocate(DType::kF32, 16, 4).value();
  const std::vector<std::byte> short_by_one(16 * 4 * 4 - 1);
  EXPECT_DEATH(matrix.PackTiles(short_by_one, {}, 0, 1), "rows_data");
}

}  // namespace
}  // namespace walchen::tensor
