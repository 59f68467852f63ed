// SPDX-License-Identifier: Apache-2.0
//
// Matrix products on every path. That they equal the reference bit for bit stands in model/reference_math_test.cc.
#include "tensor/kernels/test_kernels.h"

namespace walchen::tensor {
namespace {

constexpr int64_t kRows = 53;  // three tiles and five rows
constexpr int64_t kTokenCounts[] = {1, 2, 3, 4, 5, 6, 7, 13, 33};

using LinearKernels = KernelTest;
WALCHEN_ON_ALL_PATHS(LinearKernels);

// How far a kernel may be from the product of the floats: activations are off by half a step of their block, and of the
// n operations that follow each adds a relative error of one unit.
double ErrorBound(const TestMatrix& matrix, const float* x, int64_t row) {
  const int block = matrix.packed.layout().scale_columns;
  double rounding = 0, magnitude = 0;
  for (int64_t begin = 0; begin < matrix.columns; begin += block > 0 ? block : 1) {
    const int64_t end = block > 0 ? begin + block : begin + 1;
    double max = 0, weights = 0, magnitudes = 0;
    for (int64_t i = begin; i < end; ++i) {
      max = std::max(max, std::fabs(static_cast<double>(x[i])));
      weights += std::fabs(static_cast<double>(matrix.value(row, i)));
      magnitudes += matrix.magnitude(row, i);
    }
    magnitude += magnitudes * max;
    if (block > 0) rounding += 0.5 * (max / 127) * weights;
  }
  const double operations = 8.0 + 4.0 * static_cast<double>(matrix.columns) / (block > 0 ? block : 1);
  return 1.0001 * rounding + operations * kUnit * magnitude + 1e-30;
}

void ExpectClose(const TestMatrix& matrix, const std::vector<float>& x, const std::vector<float>& y) {
  const auto tokens = static_cast<int64_t>(x.size()) / matrix.columns;
  for (int64_t token = 0; token < tokens; ++token) {
    for (int64_t row = 0; row < matrix.rows; ++row) {
      const float* in = x.data() + token * matrix.columns;
      double expected = 0;
      for (int64_t i = 0; i < matrix.columns; ++i) expected += static_cast<double>(matrix.value(row, i)) * in[i];
      ASSERT_NEAR(y[static_cast<size_t>(token * matrix.rows + row)], expected, ErrorBound(matrix, in, row))
          << Info(matrix.type).name << " columns " << matrix.columns << " token " << token << " row " << row;
    }
  }
}

TEST_P(LinearKernels, StayWithinTheRoundingOfTheirInputs) {
  for (const DType type : WeightTypes()) {
    for (const int64_t columns : InterestingColumns(type)) {
      const TestMatrix matrix = RandomMatrix(type, kRows, columns, 1);
      for (const int64_t tokens : {1, 5, 13}) {
        const std::vector<float> x = RandomFloats(static_cast<size_t>(tokens * columns), 2, 3.0);
        ExpectClose(matrix, x, Multiply(kernels(), matrix, TestInput(kernels(), x, tokens, type)));
      }
    }
  }
}

// Without care 16-bit sums of 8-bit products saturate.
TEST_P(LinearKernels, DoNotSaturateAtTheLargestCodes) {
  for (const DType type : WeightTypes()) {
    if (FindBlockLayout(type) == nullptr) continue;
    for (const int bits : {0x00, 0xFF, 0x7F, 0x80, 0x55, 0xAA}) {
      TestMatrix matrix = RandomMatrix(type, 17, 256, 3);
      std::ranges::fill(matrix.data, static_cast<std::byte>(bits));
      SetBlockScales(matrix, [] { return 1.0; });
      Finish(matrix);
      std::vector<float> x(3 * 256, 1.0f);
      for (size_t i = 0; i < 256; ++i) {
        x[256 + i] = -1.0f;
        x[512 + i] = i % 2 == 0 ? 1.0f : -1.0f;
      }
      ExpectClose(matrix, x, Multiply(kernels(), matrix, TestInput(kernels(), x, 3, type)));
    }
  }
}

TEST_P(LinearKernels, GiveATokenTheSameBitsInEveryBatch) {
  for (const DType type : WeightTypes()) {
    for (const int64_t columns : InterestingColumns(type)) {
      const TestMatrix matrix = RandomMatrix(type, kRows, columns, 4);
      const std::vector<float> x = RandomFloats(static_cast<size_t>(33 * columns), 5);
      const TestInput input(kernels(), x, 33, type);
      const std::vector<float> expected = Multiply(kernels(), matrix, input);
      for (const int64_t count : kTokenCounts) {
        for (int64_t first = 0; first + count <= 33; first += count) {
          Misaligned<float> y(static_cast<size_t>(count * kRows));
          LinearArgs args = input.Args(matrix.packed, first, count);
          args.y = y.data();
          args.y_stride = kRows;
          kernels().linear(args, 0, matrix.packed.tiles());
          ASSERT_EQ(std::memcmp(y.data(), expected.data() + first * kRows, static_cast<size_t>(count * kRows) * 4), 0)
              << Info(type).name << " columns " << columns << " tokens " << first << " and " << count - 1 << " more";
        }
      }
    }
  }
}

TEST_P(LinearKernels, GiveARowTheSameBitsForEverySplitIntoTiles) {
  constexpr int64_t kManyRows = 16 * 9 + 1;
  for (const DType type : WeightTypes()) {
    const int64_t columns = InterestingColumns(type).back();
    const TestMatrix matrix = RandomMatrix(type, kManyRows, columns, 6);
    for (const int64_t tokens : {1, 3, 6, 13}) {
      const std::vector<float> x = RandomFloats(static_cast<size_t>(tokens * columns), 7);
      const TestInput input(kernels(), x, tokens, type);
      const std::vector<float> expected = Multiply(kernels(), matrix, input);
      for (const int64_t step : {1, 2, 3, 7}) {
        std::vector<float> y(expected.size());
        for (int64_t tile = 0; tile < matrix.packed.tiles(); tile += step) {
          LinearArgs args = input.Args(matrix.packed, 0, tokens);
          args.y_first_row = tile * kTileRows;
          args.y = y.data() + args.y_first_row;
          args.y_stride = kManyRows;
          kernels().linear(args, tile, std::min(tile + step, matrix.packed.tiles()));
        }
        ASSERT_EQ(y, expected) << Info(type).name << " " << tokens << " tokens, " << step << " tiles at a time";
      }
    }
  }
}

TEST_P(LinearKernels, AddTheBiasThenTheOldValue) {
  const std::vector<float> bias = RandomFloats(kRows, 8);
  const Misaligned<float> misaligned_bias(bias);
  for (const DType type : WeightTypes()) {
    const int64_t columns = InterestingColumns(type).front();
    const TestMatrix matrix = RandomMatrix(type, kRows, columns, 9);
    for (const int64_t tokens : {1, 7}) {
      const std::vector<float> x = RandomFloats(static_cast<size_t>(tokens * columns), 10);
      const TestInput input(kernels(), x, tokens, type);
      const std::vector<float> sums = Multiply(kernels(), matrix, input);
      for (const bool add : {false, true}) {
        Misaligned<float> y(RandomFloats(sums.size(), 11));
        const std::vector<float> old = y.values();
        LinearArgs args = input.Args(matrix.packed, 0, tokens);
        args.y = y.data();
        args.y_stride = kRows;
        args.bias = misaligned_bias.data();
        args.add = add;
        kernels().linear(args, 0, matrix.packed.tiles());
        for (size_t i = 0; i < sums.size(); ++i) {
          const float value = sums[i] + bias[i % kRows];
          ASSERT_EQ(y[i], add ? old[i] + value : value) << Info(type).name << " row " << i % kRows;
        }
      }
    }
  }
}

TEST_P(LinearKernels, WriteNothingBesideTheirRows) {
  constexpr int64_t kStride = kRows + 19;
  for (const DType type : WeightTypes()) {
    const int64_t columns = InterestingColumns(type).front();
    const TestMatrix matrix = RandomMatrix(type, kRows, columns, 12);
    for (const int64_t tokens : kTokenCounts) {
      const TestInput input(kernels(), RandomFloats(static_cast<size_t>(tokens * columns), 13), tokens, type);
      std::vector<float> y(static_cast<size_t>(tokens * kStride), -7.0f);
      LinearArgs args = input.Args(matrix.packed, 0, tokens);
      args.y = y.data();
      args.y_stride = kStride;
      kernels().linear(args, 1, matrix.packed.tiles());
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t row = i % kStride;
        ASSERT_EQ(y[i] == -7.0f, row < 16 || row >= kRows) << Info(type).name << " row " << row << " of " << tokens;
      }
    }
  }
}

TEST_P(LinearKernels, UnpackRowsToWhatDequantizeGives) {
  for (const DType type : WeightTypes()) {
    for (const int64_t columns : InterestingColumns(type)) {
      const TestMatrix matrix = RandomMatrix(type, kRows, columns, 14);
      for (int64_t row = 0; row < kRows; ++row) {
        Misaligned<float> out(static_cast<size_t>(columns));
        kernels().unpack_row(matrix.packed, row, out.data());
        for (int64_t i = 0; i < columns; ++i) {
          ASSERT_EQ(out[static_cast<size_t>(i)], matrix.value(row, i)) << Info(type).name << " row " << row << " column " << i;
        }
      }
    }
  }
}

// Halves below 2^-14 and at the upper end, which some paths convert with instructions and some without.
TEST_P(LinearKernels, ReadEveryFiniteHalf) {
  std::vector<uint16_t> halves;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7C00) != 0x7C00) halves.push_back(static_cast<uint16_t>(bits));
  }
  const auto columns = static_cast<int64_t>(halves.size() / 16);
  TestMatrix matrix{.type = DType::kF16, .rows = 16, .columns = columns, .data = {}, .values = {}, .magnitudes = {}, .packed = {}};
  matrix.data.resize(halves.size() * 2);
  std::memcpy(matrix.data.data(), halves.data(), matrix.data.size());
  Finish(matrix);
  std::vector<float> row(static_cast<size_t>(columns));
  for (int64_t i = 0; i < 16; ++i) {
    kernels().unpack_row(matrix.packed, i, row.data());
    ASSERT_EQ(std::memcmp(row.data(), matrix.values.data() + i * columns, row.size() * 4), 0) << "row " << i;
  }
}

TEST(Kernels, EndWithAPathForEveryCpu) {
  ASSERT_FALSE(AllKernels().empty());
  EXPECT_EQ(AllKernels().back()->name, "sse4");
  EXPECT_TRUE(AllKernels().back()->supported());
}

// setenv is fine here: the tests of this program run one after the other.
class ForcedPath : public testing::Test {
 protected:
  ForcedPath() {
    if (const char* before = std::getenv("WALCHEN_CPU_PATH")) before_ = before;
  }
  ~ForcedPath() override {
    unsetenv("WALCHEN_CPU_PATH");
    if (!before_.empty()) setenv("WALCHEN_CPU_PATH", before_.c_str(), 1);
  }
  std::string before_;
};

TEST_F(ForcedPath, IsTakenIfTheCpuHasIt) {
  for (const KernelTable* table : AllKernels()) {
    setenv("WALCHEN_CPU_PATH", std::string(table->name).c_str(), 1);
    const auto chosen = ChooseKernels();
    if (table->supported()) {
      ASSERT_TRUE(chosen);
      EXPECT_EQ(*chosen, table);
    } else {
      EXPECT_EQ(chosen.error().code(), ErrorCode::kUnsupported);
    }
  }
}

TEST_F(ForcedPath, ThatDoesNotExistIsAnErrorWithTheNamesThatDo) {
  setenv("WALCHEN_CPU_PATH", "avx1024", 1);
  const auto chosen = ChooseKernels();
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(chosen.error().message().find("avx512-vnni, avx2, sse4"), std::string::npos) << chosen.error().message();
}

TEST_F(ForcedPath, IsTheBestOneIfNobodyForcesIt) {
  unsetenv("WALCHEN_CPU_PATH");
  const auto chosen = ChooseKernels();
  ASSERT_TRUE(chosen);
  for (const KernelTable* table : AllKernels()) {
    if (!table->supported()) continue;
    EXPECT_EQ(*chosen, table);
    break;
  }
}

}  // namespace
}  // namespace walchen::tensor
