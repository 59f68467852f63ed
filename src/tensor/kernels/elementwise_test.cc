// SPDX-License-Identifier: Apache-2.0
//
// Norms, activations and rounding on every path, against loops in double. That they equal the reference's exact mode bit
// for bit stands in model/reference_math_test.cc.
#include <limits>

#include "tensor/kernels/test_kernels.h"

namespace walchen::tensor {
namespace {

constexpr size_t kLengths[] = {1, 2, 15, 16, 17, 31, 48, 101};

using ElementwiseKernels = KernelTest;
WALCHEN_ON_ALL_PATHS(ElementwiseKernels);

struct RoundedRow {
  RoundedRow(size_t columns, int block_columns)
      : code(columns), scale(columns / static_cast<size_t>(block_columns), -1.0f), scaled_sum(scale.size()), sum(scale.size()),
        rows{static_cast<int64_t>(columns), block_columns, code.data(), scale.data(), sum.data(), scaled_sum.data()} {}
  Misaligned<int8_t> code;
  std::vector<float> scale, scaled_sum;
  std::vector<int32_t> sum;
  QuantizedRows rows;
};

TEST_P(ElementwiseKernels, RoundToTheNearestOf255Steps) {
  for (const int block : {16, 32}) {
    constexpr size_t kColumns = 160;
    const Misaligned<float> x(RandomFloats(kColumns, 1, 5.0));
    RoundedRow row(kColumns, block);
    kernels().quantize(x.data(), kColumns, row.rows, 0, 0);
    for (size_t begin = 0; begin < kColumns; begin += static_cast<size_t>(block)) {
      const size_t at = begin / static_cast<size_t>(block), end = begin + static_cast<size_t>(block);
      float max = 0;
      int32_t sum = 0;
      for (size_t i = begin; i < end; ++i) max = std::max(max, std::fabs(x[i]));
      for (size_t i = begin; i < end; ++i) {
        ASSERT_EQ(row.code[i], std::nearbyint(x[i] * (127.0f / max)));
        sum += row.code[i];
      }
      EXPECT_EQ(row.scale[at], max / 127.0f);
      EXPECT_EQ(row.sum[at], sum);
      EXPECT_EQ(row.scaled_sum[at], row.scale[at] * static_cast<float>(sum));
    }
  }
}

TEST_P(ElementwiseKernels, RoundHalvesToEven) {
  std::vector<float> x(16);
  x[0] = 127.0f;
  for (size_t i = 1; i < 16; ++i) x[i] = static_cast<float>(i) - 7.5f;
  RoundedRow row(16, 16);
  kernels().quantize(x.data(), 16, row.rows, 0, 0);
  EXPECT_EQ(row.code.values(), (std::vector<int8_t>{127, -6, -6, -4, -4, -2, -2, 0, 0, 2, 2, 4, 4, 6, 6, 8}));
}

// 127 / max is infinite below about 3.7e-37, and infinity times 0 is no number.
TEST_P(ElementwiseKernels, RoundVanishingBlocksToZero) {
  for (const float tiny : {0.0f, 1e-45f, 1e-40f, 3e-37f}) {
    std::vector<float> x(32);
    x[5] = -tiny;
    RoundedRow row(32, 32);
    row.code[5] = 99;
    kernels().quantize(x.data(), 32, row.rows, 0, 0);
    EXPECT_EQ(row.code.values(), std::vector<int8_t>(32)) << tiny;
    EXPECT_EQ(row.scale[0], tiny / 127.0f);
    EXPECT_EQ(row.sum[0], 0);
    EXPECT_EQ(row.scaled_sum[0], 0.0f);
  }
}

TEST_P(ElementwiseKernels, RoundAPieceOfARowLikeTheWholeRow) {
  const std::vector<float> x = RandomFloats(192, 2);
  RoundedRow whole(192, 32), pieces(192, 32);
  kernels().quantize(x.data(), 192, whole.rows, 0, 0);
  for (const int64_t first : {96, 0, 32}) {
    kernels().quantize(x.data() + first, first == 96 ? 96 : first == 0 ? 32 : 64, pieces.rows, 0, first);
  }
  EXPECT_EQ(pieces.code.values(), whole.code.values());
  EXPECT_EQ(pieces.scale, whole.scale);
  EXPECT_EQ(pieces.sum, whole.sum);
  EXPECT_EQ(pieces.scaled_sum, whole.scaled_sum);
}

TEST_P(ElementwiseKernels, NormaliseByTheRootOfTheMeanSquare) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 3, 4.0)), gain(RandomFloats(n, 4));
    Misaligned<float> y(n);
    kernels().rms_norm(x.data(), gain.data(), 1e-5f, static_cast<int64_t>(n), y.data());
    double squares = 0;
    for (size_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5f);
    for (size_t i = 0; i < n; ++i) {  // n / 16 additions, 4 to join the lanes, and six more operations
      const double expected = x[i] * inverse * gain[i];
      EXPECT_NEAR(y[i], expected, std::fabs(expected) * kUnit * static_cast<double>(n / 16 + 11)) << n;
    }
  }
}

TEST_P(ElementwiseKernels, NormaliseInPlaceAndZeros) {
  std::vector<float> x(40), gain(40, 1.0f);
  kernels().rms_norm(x.data(), gain.data(), 1e-6f, 40, x.data());
  EXPECT_EQ(x, std::vector<float>(40));
}

TEST_P(ElementwiseKernels, ComeWithin2ToTheMinus22OfTheExponential) {
  std::vector<float> x;
  for (float v = -87.0f; v <= 88.0f; v += 0.0371f) x.push_back(v);
  std::vector<float> y(x.size());
  kernels().exp_sum(x.data(), 0.0f, 1.0f, static_cast<int64_t>(x.size()), y.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::exp(static_cast<double>(x[i]));
    EXPECT_NEAR(y[i], expected, expected * 0x1p-22) << x[i];
  }
}

TEST_P(ElementwiseKernels, KeepTheEndsOfTheExponentialExact) {
  const std::vector<float> x = {0.0f, -87.01f, -1e30f, -std::numeric_limits<float>::infinity(), -100.0f};
  std::vector<float> y(x.size(), -1.0f);
  EXPECT_EQ(kernels().exp_sum(x.data(), 0.0f, 1.0f, static_cast<int64_t>(x.size()), y.data()), 1.0f);
  EXPECT_EQ(y, (std::vector<float>{1, 0, 0, 0, 0}));
  const float large = 1000.0f;
  float result = 0;
  kernels().exp_sum(&large, 0.0f, 1.0f, 1, &result);
  EXPECT_TRUE(std::isfinite(result)) << "clamped at e^88";
}

TEST_P(ElementwiseKernels, SumExponentialsOfAnyLength) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 5, 3.0));
    Misaligned<float> y(n);
    const float sum = kernels().exp_sum(x.data(), 1.25f, 0.5f, static_cast<int64_t>(n), y.data());
    double expected = 0;
    for (size_t i = 0; i < n; ++i) {
      // The argument is rounded twice before e^ is taken.
      const double argument = (static_cast<double>(x[i]) - 1.25) * 0.5;
      EXPECT_NEAR(y[i], std::exp(argument), std::exp(argument) * (0x1p-22 + 2 * kUnit * (std::fabs(argument) + 1)));
      expected += y[i];
    }
    EXPECT_NEAR(sum, expected, expected * kUnit * static_cast<double>(n / 16 + 5)) << n;
  }
}

TEST_P(ElementwiseKernels, GateWithSilu) {
  for (const size_t n : kLengths) {
    const Misaligned<float> gate(RandomFloats(n, 6, 6.0)), up(RandomFloats(n, 7));
    Misaligned<float> y(n);
    kernels().silu_mul(gate.data(), up.data(), static_cast<int64_t>(n), y.data());
    for (size_t i = 0; i < n; ++i) {
      const double expected = gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i];
      EXPECT_NEAR(y[i], expected, std::fabs(expected) * 0x1p-21);
    }
  }
}

TEST_P(ElementwiseKernels, BendWithSilu) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 14, 6.0));
    Misaligned<float> y(n);
    kernels().silu(x.data(), static_cast<int64_t>(n), y.data());
    for (size_t i = 0; i < n; ++i) {
      const double expected = x[i] / (1 + std::exp(-static_cast<double>(x[i])));
      EXPECT_NEAR(y[i], expected, std::fabs(expected) * 0x1p-21) << n;
    }
    Misaligned<float> in_place(x.values());
    kernels().silu(in_place.data(), static_cast<int64_t>(n), in_place.data());
    EXPECT_EQ(in_place.values(), y.values()) << n;
  }
}

TEST_P(ElementwiseKernels, SquareWhatIsPositive) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 15, 3.0));
    Misaligned<float> y(n);
    kernels().squared_relu(x.data(), static_cast<int64_t>(n), y.data());
    for (size_t i = 0; i < n; ++i) EXPECT_EQ(y[i], x[i] > 0 ? x[i] * x[i] : 0.0f) << n;
    Misaligned<float> in_place(x.values());
    kernels().squared_relu(in_place.data(), static_cast<int64_t>(n), in_place.data());
    EXPECT_EQ(in_place.values(), y.values()) << n;
  }
}

// Whoever looks for infinities and NaN at the end must find what went wrong here.
TEST_P(ElementwiseKernels, SquareNoNanAway) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {-0.0f, 0.0f, -kInfinity, kInfinity, 1e30f, 1e-30f, std::numeric_limits<float>::quiet_NaN()};
  for (const size_t copies : {1, 5}) {  // in a short end, and in a whole vector
    std::vector<float> many, y(copies * x.size());
    for (size_t i = 0; i < copies; ++i) many.insert(many.end(), x.begin(), x.end());
    kernels().squared_relu(many.data(), static_cast<int64_t>(many.size()), y.data());
    for (size_t i = 0; i < y.size(); i += x.size()) {
      EXPECT_EQ(std::vector<float>(y.begin() + static_cast<ptrdiff_t>(i), y.begin() + static_cast<ptrdiff_t>(i) + 6),
                (std::vector<float>{0, 0, 0, kInfinity, kInfinity, 0}));
      EXPECT_TRUE(std::isnan(y[i + 6]));
    }
  }
}

TEST_P(ElementwiseKernels, CloseTheGateFarBelowZero) {
  const std::vector<float> gate = {-1e4f, -90.0f, 1e4f, 0.0f}, up(4, 1.0f);
  std::vector<float> y(4);
  kernels().silu_mul(gate.data(), up.data(), 4, y.data());
  EXPECT_NEAR(y[0], 0.0f, 1e-30f);
  EXPECT_NEAR(y[1], 0.0f, 1e-30f);
  EXPECT_EQ(y[2], 1e4f);
  EXPECT_EQ(y[3], 0.0f);
}

TEST_P(ElementwiseKernels, AddAndScaleWithOneRounding) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 8));
    Misaligned<float> sum(RandomFloats(n, 9)), scaled(x.values());
    const std::vector<float> before = sum.values();
    kernels().add(x.data(), static_cast<int64_t>(n), sum.data());
    kernels().scale(0.3f, static_cast<int64_t>(n), scaled.data());
    for (size_t i = 0; i < n; ++i) {
      EXPECT_EQ(sum[i], before[i] + x[i]);
      EXPECT_EQ(scaled[i], x[i] * 0.3f);
    }
  }
}

TEST_P(ElementwiseKernels, AddMultiples) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 10));
    Misaligned<float> y(RandomFloats(n, 11));
    const std::vector<float> before = y.values();
    kernels().axpy(1.7f, x.data(), static_cast<int64_t>(n), y.data());
    for (size_t i = 0; i < n; ++i) {
      const float unfused = 1.7f * x[i] + before[i];
      EXPECT_EQ(y[i], fused() ? std::fma(1.7f, x[i], before[i]) : unfused) << n;
    }
  }
}

TEST_P(ElementwiseKernels, TurnPairsHalfAHeadApart) {
  for (const size_t n : {16, 32, 34, 64, 80, 128}) {
    const size_t half = n / 2;
    std::vector<float> cosine(half), sine(half);
    for (size_t i = 0; i < half; ++i) {
      const double angle = 0.1 + 0.37 * static_cast<double>(i);
      cosine[i] = static_cast<float>(std::cos(angle));
      sine[i] = static_cast<float>(std::sin(angle));
    }
    Misaligned<float> x(RandomFloats(n, 12));
    const std::vector<float> before = x.values();
    kernels().rope(cosine.data(), sine.data(), static_cast<int64_t>(n), x.data());
    for (size_t i = 0; i < half; ++i) {
      const double a = before[i], b = before[half + i], size = std::fabs(a) + std::fabs(b);
      EXPECT_NEAR(x[i], a * cosine[i] - b * sine[i], 2 * kUnit * size);
      EXPECT_NEAR(x[half + i], a * sine[i] + b * cosine[i], 2 * kUnit * size);
    }
  }
}

TEST_P(ElementwiseKernels, FindTheLargestValueWhereverItIs) {
  for (const size_t n : kLengths) {
    for (size_t at = 0; at < n; ++at) {
      std::vector<float> x = RandomFloats(n, 13);
      for (float& v : x) v = -1.0f - std::fabs(v);  // all negative: a 0 from nowhere would win
      x[at] = -0.5f;
      EXPECT_EQ(kernels().arg_max(x.data(), static_cast<int64_t>(n)), static_cast<int64_t>(at)) << n;
      x.back() = x[at];
      EXPECT_EQ(kernels().arg_max(x.data(), static_cast<int64_t>(n)), static_cast<int64_t>(at)) << "the first of equals";
      for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        x[at] = wrong;
        EXPECT_EQ(kernels().arg_max(x.data(), static_cast<int64_t>(n)), -1) << at << " of " << n;
      }
    }
  }
}

TEST_P(ElementwiseKernels, WriteNothingBehindTheEnd) {
  for (const size_t n : kLengths) {
    const auto count = static_cast<int64_t>(n);
    std::vector<float> x(n, 1.0f), y(n + 20, -7.0f), gain(n, 1.0f);
    kernels().add(x.data(), count, y.data());
    kernels().axpy(2.0f, x.data(), count, y.data());
    kernels().scale(2.0f, count, y.data());
    kernels().silu_mul(x.data(), x.data(), count, y.data());
    kernels().silu(x.data(), count, y.data());
    kernels().squared_relu(x.data(), count, y.data());
    kernels().rms_norm(x.data(), gain.data(), 0.0f, count, y.data());
    kernels().exp_sum(x.data(), 0.0f, 1.0f, count, y.data());
    EXPECT_EQ(std::vector<float>(y.begin() + count, y.end()), std::vector<float>(20, -7.0f)) << n;
  }
}

// The gradient of sum(dy * f(x)) by central differences in doubles.
template <class F>
double Slope(const F& sum_at, std::vector<double> x, size_t i) {
  constexpr double kStep = 1e-6;
  x[i] += kStep;
  const double up = sum_at(x);
  x[i] -= 2 * kStep;
  return (up - sum_at(x)) / (2 * kStep);
}

TEST_P(ElementwiseKernels, HaveTheGradientOfTheNorm) {
  for (const size_t n : kLengths) {
    const Misaligned<float> x(RandomFloats(n, 5, 2.0)), gain(RandomFloats(n, 6)), dy(RandomFloats(n, 7));
    const auto sum_of = [&](const std::vector<double>& at, const std::vector<double>& gains) {
      double squares = 0, sum = 0;
      for (const double v : at) squares += v * v;
      for (size_t i = 0; i < n; ++i) sum += dy[i] * at[i] * gains[i] / std::sqrt(squares / static_cast<double>(n) + 1e-5);
      return sum;
    };
    const std::vector<double> xs(x.data(), x.data() + n), gains(gain.data(), gain.data() + n);
    Misaligned<float> dx(n), dgain(std::vector<float>(n, 0.5f));
    kernels().rms_norm_backward(x.data(), gain.data(), 1e-5f, dy.data(), static_cast<int64_t>(n), dx.data(), dgain.data());
    for (size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(dx[i], Slope([&](const auto& at) { return sum_of(at, gains); }, xs, i), 2e-5) << n << " " << i;
      EXPECT_NEAR(dgain[i] - 0.5, Slope([&](const auto& at) { return sum_of(xs, at); }, gains, i), 2e-5) << n << " " << i;
    }
  }
}

TEST_P(ElementwiseKernels, HaveTheGradientOfTheGate) {
  for (const size_t n : kLengths) {
    const Misaligned<float> gate(RandomFloats(n, 8, 3.0)), up(RandomFloats(n, 9)), dy(RandomFloats(n, 10));
    Misaligned<float> dgate(n), dup(n);
    kernels().silu_mul_backward(gate.data(), up.data(), dy.data(), static_cast<int64_t>(n), dgate.data(), dup.data());
    for (size_t i = 0; i < n; ++i) {
      const double sigmoid = 1 / (1 + std::exp(-static_cast<double>(gate[i])));
      EXPECT_NEAR(dgate[i], dy[i] * up[i] * sigmoid * (1 + gate[i] * (1 - sigmoid)), 2e-6) << n << " " << i;
      EXPECT_NEAR(dup[i], dy[i] * gate[i] * sigmoid, 2e-6) << n << " " << i;
    }
  }
}

}  // namespace
}  // namespace walchen::tensor
