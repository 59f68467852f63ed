// SPDX-License-Identifier: Apache-2.0
#include "tensor/dtype.h"

#include <limits>
#include <set>

namespace walchen::tensor {
namespace {

TEST(DType, EveryTypeIsFoundByItsNameAndItsNumber) {
  std::set<uint32_t> numbers;
  for (const DTypeInfo& info : AllDTypes()) {
    EXPECT_EQ(&Info(info.type), &info);
    EXPECT_EQ(DTypeFromGguf(info.gguf_id), info.type) << info.name;
    EXPECT_EQ(DTypeFromName(info.name), info.type) << info.name;
    EXPECT_TRUE(numbers.insert(info.gguf_id).second) << info.name << " shares its number";
  }
  EXPECT_EQ(AllDTypes().size(), static_cast<size_t>(DType::kIQ4_NL) + 1);
}

TEST(DType, NamesIgnoreCaseButNothingElse) {
  EXPECT_EQ(DTypeFromName("q4_k"), DType::kQ4_K);
  EXPECT_EQ(DTypeFromName("iq4_nl"), DType::kIQ4_NL);
  EXPECT_EQ(DTypeFromName("Q4K"), std::nullopt);
  EXPECT_EQ(DTypeFromName("Q4_K "), std::nullopt);
  EXPECT_EQ(DTypeFromName(""), std::nullopt);
}

TEST(DType, UnknownNumbersAreNothing) {
  EXPECT_EQ(DTypeFromGguf(4), std::nullopt);  // Q4_2, which ggml removed
  EXPECT_EQ(DTypeFromGguf(1000), std::nullopt);
  EXPECT_EQ(DTypeFromGguf(std::numeric_limits<uint32_t>::max()), std::nullopt);
}

TEST(DType, TheBitsPerValueAreThoseOfGgml) {
  const auto bits = [](DType type) { return 8.0 * Info(type).block_bytes / Info(type).block_values; };
  EXPECT_EQ(bits(DType::kQ4_0), 4.5);
  EXPECT_EQ(bits(DType::kQ8_0), 8.5);
  EXPECT_EQ(bits(DType::kQ2_K), 2.625);
  EXPECT_EQ(bits(DType::kQ3_K), 3.4375);
  EXPECT_EQ(bits(DType::kQ4_K), 4.5);
  EXPECT_EQ(bits(DType::kQ5_K), 5.5);
  EXPECT_EQ(bits(DType::kQ6_K), 6.5625);
}

TEST(DType, ARowIsAWholeNumberOfBlocks) {
  EXPECT_EQ(RowBytes(DType::kF32, 7).value(), 28U);
  EXPECT_EQ(RowBytes(DType::kQ4_1, 576).value(), 360U);
  EXPECT_EQ(RowBytes(DType::kQ6_K, 0).value(), 0U);
  const auto broken = RowBytes(DType::kQ6_K, 576);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(broken.error().message(), "a row of 576 values is no whole number of Q6_K blocks of 256");
}

TEST(DType, ARowTooLongForSixtyFourBitsIsAnError) {
  const auto row = RowBytes(DType::kF64, uint64_t{1} << 62);
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace walchen::tensor
