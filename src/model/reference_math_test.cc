// SPDX-License-Identifier: Apache-2.0
//
// The numerics contract: the exact forms equal every kernel path with fused multiply-add bit for bit, and the others to
// within a bound from the unit roundoff. Also that the float forms are what the exact ones approach.
#include "model/reference_math.h"

#include "tensor/kernels/test_cache.h"

namespace walchen::model {
namespace {

using namespace tensor;  // NOLINT(google-build-using-namespace): this test is about tensor's kernels

constexpr int64_t kRows = 37;

class KernelContract : public KernelTest {
 protected:
  // Bits where they are promised, else `bound` of difference.
  void ExpectSame(float kernel, float exact, double bound, const std::string& where) {
    if (fused()) {
      ASSERT_EQ(std::bit_cast<uint32_t>(kernel), std::bit_cast<uint32_t>(exact)) << where << ": " << kernel << " for " << exact;
    } else {
      ASSERT_NEAR(kernel, exact, bound) << where;
    }
  }
};
WALCHEN_ON_ALL_PATHS(KernelContract);

MatrixPart PartOf(const TestMatrix& matrix) {
  return {.name = "test", .type = matrix.type, .rows = matrix.rows, .columns = matrix.columns, .data = matrix.data,
          .row_order = {}};
}

// Two units for every operation, of the sum of all magnitudes.
double UnfusedBound(const TestMatrix& matrix, const float* x, int64_t row) {
  double largest = 0, sum = 0;
  for (int64_t i = 0; i < matrix.columns; ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(x[i])));
    sum += matrix.magnitude(row, i);
  }
  return 2 * kUnit * static_cast<double>(matrix.columns + 4) * sum * largest;
}

TEST_P(KernelContract, HoldsForMatrixProducts) {
  for (const DType type : WeightTypes()) {
    for (const int64_t columns : InterestingColumns(type)) {
      const TestMatrix matrix = RandomMatrix(type, kRows, columns, 1);
      for (const int64_t tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33}) {
        const std::vector<float> x = RandomFloats(static_cast<size_t>(tokens * columns), static_cast<uint64_t>(tokens), 2.0);
        const std::vector<float> y = Multiply(kernels(), matrix, TestInput(kernels(), x, tokens, type));
        std::vector<float> expected(y.size());
        LinearExact(PartOf(matrix), x.data(), tokens, expected.data(), kRows);
        for (size_t i = 0; i < y.size(); ++i) {
          const auto row = static_cast<int64_t>(i) % kRows, token = static_cast<int64_t>(i) / kRows;
          ExpectSame(y[i], expected[i], UnfusedBound(matrix, x.data() + token * columns, row),
                     fmt::format("{} columns {} tokens {} row {}", Info(type).name, columns, tokens, row));
        }
      }
    }
  }
}

TEST_P(KernelContract, HoldsForNorms) {
  for (const size_t n : {1, 15, 16, 33, 576}) {
    const std::vector<float> x = RandomFloats(n, 2, 3.0), gain = RandomFloats(n, 3);
    std::vector<float> y(n), expected(n);
    kernels().rms_norm(x.data(), gain.data(), 1e-5f, static_cast<int64_t>(n), y.data());
    RmsNormExact(x.data(), gain.data(), 1e-5f, static_cast<int64_t>(n), expected.data());
    for (size_t i = 0; i < n; ++i) {
      ExpectSame(y[i], expected[i], 2 * kUnit * static_cast<double>(n / 16 + 11) * std::fabs(expected[i]), fmt::format("{}", n));
    }
  }
}

TEST_P(KernelContract, HoldsForTheExponential) {
  std::vector<float> x = {0.0f, -0.0f, -87.0f, std::nextafterf(-87.0f, -88.0f), 88.0f, 89.0f, 1e30f, -1e30f};
  for (float v = -88.5f; v <= 88.5f; v += 0.0173f) x.push_back(v);
  std::vector<float> y(x.size());
  kernels().exp_sum(x.data(), 0.0f, 1.0f, static_cast<int64_t>(x.size()), y.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const float expected = ExactExp(x[i]);
    ExpectSame(y[i], expected, expected * 0x1p-22, fmt::format("{}", x[i]));
  }
}

// What the reference backend writes out beside its matrices.
TEST_P(KernelContract, HoldsForActivationsAndRotation) {
  const std::vector<float> gate = RandomFloats(101, 4, 8.0), up = RandomFloats(101, 5);
  std::vector<float> y(101);
  kernels().silu_mul(gate.data(), up.data(), 101, y.data());
  for (size_t i = 0; i < y.size(); ++i) {
    const float expected = SiluExact(gate[i]) * up[i];
    ExpectSame(y[i], expected, 0x1p-21 * std::fabs(expected), "silu_mul");
  }
  kernels().silu(gate.data(), 101, y.data());
  for (size_t i = 0; i < y.size(); ++i) ExpectSame(y[i], SiluExact(gate[i]), 0x1p-21 * std::fabs(SiluExact(gate[i])), "silu");
  kernels().squared_relu(gate.data(), 101, y.data());
  for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], SquaredRelu(gate[i])) << "on every path: nothing is added here";
  const std::vector<float> cosine = RandomFloats(40, 6), sine = RandomFloats(40, 7), before = RandomFloats(80, 8);
  std::vector<float> x = before;
  kernels().rope(cosine.data(), sine.data(), 80, x.data());
  for (size_t i = 0; i < 40; ++i) {
    const float a = before[i], b = before[40 + i];
    const double bound = 4 * kUnit * (std::fabs(a) + std::fabs(b)) * (std::fabs(cosine[i]) + std::fabs(sine[i]));
    ExpectSame(x[i], std::fma(a, cosine[i], 0.0f - b * sine[i]), bound, "rope");
    ExpectSame(x[40 + i], std::fma(a, sine[i], b * cosine[i]), bound, "rope");
  }
}

TEST_P(KernelContract, HoldsForWhatTheCacheKeeps) {
  for (const KvType type : kKvTypes) {
    const TestCache cache(kernels(), {.head_size = 80, .type = type}, 100, 9);
    for (int64_t i = 0; i < 100; ++i) {
      std::vector<float> key(cache.key(i), cache.key(i) + 80), value(cache.value(i), cache.value(i) + 80);
      float key_scale = 1, value_scale = 1;
      if (type == KvType::kInt8) {
        key_scale = RoundToInt8(key.data(), 80);
        value_scale = RoundToInt8(value.data(), 80);
      } else if (type == KvType::kF16) {
        RoundToHalf(key.data(), 80);
        RoundToHalf(value.data(), 80);
      }
      for (int d = 0; d < 80; ++d) {  // also on the path without fused multiply-add: nothing is added here
        ASSERT_EQ(cache.StoredKey(i, d), key[static_cast<size_t>(d)] * key_scale);
        ASSERT_EQ(cache.StoredValue(i, d), value[static_cast<size_t>(d)] * value_scale);
      }
    }
  }
}

// A cache's keys and values as AttentionExact wants them.
struct Rounded {
  explicit Rounded(const TestCache& cache) : keys(cache.keys), values(cache.values) {
    const int64_t head_size = cache.layout.head_size;
    for (int64_t i = 0; i < cache.positions; ++i) {
      if (cache.layout.type == KvType::kInt8) {
        key_scales.push_back(RoundToInt8(keys.data() + i * head_size, head_size));
        value_scales.push_back(RoundToInt8(values.data() + i * head_size, head_size));
      } else if (cache.layout.type == KvType::kF16) {
        RoundToHalf(keys.data() + i * head_size, head_size);
        RoundToHalf(values.data() + i * head_size, head_size);
      }
    }
  }
  AttentionInput Input(const float* query, int64_t visible, int head_size) const {
    return {.query = query, .keys = keys.data(), .values = values.data(), .stride = head_size, .positions = visible,
            .head_size = head_size, .key_scales = key_scales.empty() ? nullptr : key_scales.data(),
            .value_scales = value_scales.empty() ? nullptr : value_scales.data(), .scale_stride = 1};
  }
  std::vector<float> keys, values, key_scales, value_scales;
};

TEST_P(KernelContract, HoldsForAttention) {
  for (const int head_size : {16, 64, 80, 128}) {
    for (const KvType type : kKvTypes) {
      const TestCache cache(kernels(), {.head_size = head_size, .type = type}, 2 * kSpanPositions + 80, 10);
      const Rounded rounded(cache);
      int rows = 1;
      for (const int64_t first : InterestingCounts()) {
        const std::vector<float> queries =
            RandomFloats(static_cast<size_t>(rows * head_size), static_cast<uint64_t>(first), 3 / std::sqrt(head_size));
        std::vector<int64_t> visible;
        for (int r = 0; r < rows; ++r) visible.push_back(first + r);
        const std::vector<float> y = Attention(kernels(), cache, queries, visible);
        std::vector<float> expected(static_cast<size_t>(head_size));
        for (int r = 0; r < rows; ++r) {
          AttentionExact(rounded.Input(queries.data() + r * head_size, first + r, head_size), expected.data());
          for (int d = 0; d < head_size; ++d) {
            ExpectSame(y[static_cast<size_t>(r * head_size + d)], expected[static_cast<size_t>(d)], 1e-4,
                       fmt::format("head size {} {} visible {} row {} of {}", head_size, Name(type), first + r, r, rows));
          }
        }
        rows = rows % kAttendRows + 1;
      }
    }
  }
}

TEST(ReferenceMath, AddsLanesFromTheOuterToTheInner) {
  Lanes lanes;
  EXPECT_EQ(lanes.Sum(), 0.0f);
  // 2^24 + 1 is lost when the two meet; they do at the first step only if they are eight lanes apart.
  lanes.lane[0] = 0x1p24f;
  lanes.lane[8] = 1.0f;
  lanes.lane[1] = 1.0f;
  EXPECT_EQ(lanes.Sum(), 0x1p24f);
  lanes.lane[8] = 0.0f;
  lanes.lane[9] = 1.0f;
  EXPECT_EQ(lanes.Sum(), 0x1p24f + 2.0f);
}

TEST(ReferenceMath, ReadsRowsInTheirOrder) {
  const TestMatrix matrix = RandomMatrix(DType::kQ8_0, 5, 64, 11);
  MatrixPart part = PartOf(matrix);
  const std::vector<float> x = RandomFloats(128, 12);
  std::vector<float> straight(10), turned(10);
  for (const auto linear : {LinearFloat, LinearExact}) {
    part.row_order = {};
    linear(part, x.data(), 2, straight.data(), 5);
    part.row_order = {4, 2, 0, 1, 3};
    linear(part, x.data(), 2, turned.data(), 5);
    for (size_t i = 0; i < 10; ++i) EXPECT_EQ(turned[i], straight[i / 5 * 5 + static_cast<size_t>(part.row_order[i % 5])]);
  }
}

TEST(ReferenceMath, MeansTheSameInBothForms) {
  const std::vector<float> x = RandomFloats(3 * 256, 13), gain = RandomFloats(256, 14);
  std::vector<float> exact(256), plain(256);
  RmsNormExact(x.data(), gain.data(), 1e-5f, 256, exact.data());
  RmsNormFloat(x.data(), gain.data(), 1e-5f, 256, plain.data());
  for (size_t i = 0; i < 256; ++i) EXPECT_NEAR(exact[i], plain[i], 1e-5);
  for (const float v : x) EXPECT_NEAR(SiluExact(v), SiluFloat(v), 1e-6);
  for (const DType type : WeightTypes()) {
    const TestMatrix matrix = RandomMatrix(type, 9, 256, 15);
    exact.resize(27);
    plain.resize(27);
    LinearExact(PartOf(matrix), x.data(), 3, exact.data(), 9);
    LinearFloat(PartOf(matrix), x.data(), 3, plain.data(), 9);
    double error = 0, size = 0;
    for (size_t i = 0; i < 27; ++i) {
      error += std::pow(exact[i] - plain[i], 2);
      size += std::pow(plain[i], 2);
    }
    EXPECT_LT(std::sqrt(error / size), 0.02) << Info(type).name;  // activations of 8 bits: about 0.6 %
  }
}

TEST(ReferenceMath, AttendsTheSameInBothForms) {
  const std::vector<float> keys = RandomFloats(1100 * 16, 16), values = RandomFloats(1100 * 16, 17), query = RandomFloats(16, 18);
  const AttentionInput input = {.query = query.data(), .keys = keys.data(), .values = values.data(), .stride = 16,
                                .positions = 1100, .head_size = 16};
  std::vector<float> exact(16), plain(16);
  AttentionExact(input, exact.data());
  AttentionFloat(input, plain.data());
  for (size_t d = 0; d < 16; ++d) EXPECT_NEAR(exact[d], plain[d], 1e-5);
}

TEST(ReferenceMath, RoundsVanishingVectorsToZeros) {
  for (const float tiny : {0.0f, 1e-44f, 3e-37f}) {
    std::vector<float> x(16, tiny);
    EXPECT_EQ(RoundToInt8(x.data(), 16), tiny / 127.0f);
    EXPECT_EQ(x, std::vector<float>(16));
  }
}

}  // namespace
}  // namespace walchen::model
