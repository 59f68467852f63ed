// SPDX-License-Identifier: Apache-2.0
#include "model/convert_values.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using tensor::DType;

std::vector<float> Normal(size_t count) {
  base::Rng rng(7);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.Normal());
  return values;
}

Conversion FromFloats(const std::vector<float>& values, DType to) {
  return {DType::kF32, to, std::as_bytes(std::span(values)), 256};
}

TEST(Convert, EqualsQuantizeWhateverTheNumberOfThreads) {
  const std::vector<float> values = Normal(3 * 65'536 + 256);  // the last chunk is a short one
  for (const DType type : {DType::kF16, DType::kQ4_0, DType::kQ8_0, DType::kQ6_K}) {
    const tensor::DTypeInfo& info = tensor::Info(type);
    std::string expected(values.size() / info.block_values * info.block_bytes, '\0');
    tensor::Quantize(type, values, std::as_writable_bytes(std::span(expected)));
    for (const int threads : {1, 3}) {
      base::ThreadPool pool(threads);
      const auto converted = Convert(pool, FromFloats(values, type));
      ASSERT_TRUE(converted);
      EXPECT_TRUE(*converted == expected) << info.name;
    }
  }
}

TEST(Convert, MeasuresTheMeanSquaredError) {
  const std::vector<float> values = Normal(4096);
  base::ThreadPool pool(2);
  ConversionError error;
  const std::string bytes = Convert(pool, FromFloats(values, DType::kQ4_0), &error).value();
  std::vector<float> after(values.size());
  tensor::Dequantize(DType::kQ4_0, base::AsBytes(bytes), after);
  double squared = 0;
  for (size_t i = 0; i < values.size(); ++i) squared += std::pow(static_cast<double>(after[i]) - values[i], 2);
  EXPECT_EQ(error.values, values.size());
  EXPECT_NEAR(error.squared, squared, 1e-9 * squared);
  EXPECT_GT(error.squared, 0);
}

TEST(Convert, CopiesWhatHasItsTypeAlready) {
  const std::string bytes(18 * 4, '\x2a');
  base::ThreadPool pool(1);
  ConversionError error;
  EXPECT_EQ(Convert(pool, {DType::kQ4_0, DType::kQ4_0, base::AsBytes(bytes), 32}, &error).value(), bytes);
  EXPECT_EQ(error.squared, 0);
}

TEST(Convert, RefusesNumbersThatAreNoneOrDoNotFit) {
  base::ThreadPool pool(1);
  std::vector<float> values = Normal(256);
  values[100] = 1e6f;
  const auto large = Convert(pool, FromFloats(values, DType::kF16));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(large.error().message().find("F16"), std::string::npos);
  EXPECT_TRUE(Convert(pool, FromFloats(values, DType::kBF16)));
  values[100] = std::numeric_limits<float>::quiet_NaN();
  const auto none = Convert(pool, FromFloats(values, DType::kBF16));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::kCorrupt);
  EXPECT_FALSE(Convert(pool, FromFloats(values, DType::kI32)));
}

}  // namespace
}  // namespace walchen::model
