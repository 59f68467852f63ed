// SPDX-License-Identifier: Apache-2.0
//
// What the tests of kernels share: random matrices of every weight type, inputs at bad addresses, and a fixture that runs
// a test on every path of this binary and skips, by name, those that this CPU lacks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tensor/kernels/kernels.h"
#include "tensor/quant.h"
#include "tensor/quant_layout.h"

namespace walchen::tensor {

// Half of the distance from 1 to the next float: the relative error of one operation.
inline constexpr double kUnit = 0x1p-24;

class KernelTest : public testing::TestWithParam<const KernelTable*> {
 protected:
  void SetUp() override {
    if (!GetParam()->supported()) GTEST_SKIP() << "this CPU cannot run the path " << GetParam()->name;
  }
  const KernelTable& kernels() const { return *GetParam(); }
  // Whether this path promises the bits of the reference's exact mode.
  bool fused() const { return kernels().name != "sse4"; }
};

inline std::string PathName(const testing::TestParamInfo<const KernelTable*>& info) {
  std::string name(info.param->name);
  std::ranges::replace(name, '-', '_');
  return name;
}

// Instantiates a suite derived from KernelTest.
#define WALCHEN_ON_ALL_PATHS(suite)                                                                          \
  INSTANTIATE_TEST_SUITE_P(Paths, suite, testing::ValuesIn(AllKernels().begin(), AllKernels().end()), PathName)

// Memory that begins one element behind a multiple of 64 bytes.
template <class T>
class Misaligned {
 public:
  explicit Misaligned(size_t size, T value = {}) : storage_(size + 64 / sizeof(T) + 1, value), size_(size) {
    const auto address = reinterpret_cast<uintptr_t>(storage_.data());
    first_ = (64 - address % 64) / sizeof(T) + 1;
  }
  explicit Misaligned(const std::vector<T>& values) : Misaligned(values.size()) { std::ranges::copy(values, data()); }
  Misaligned(const Misaligned&) = delete;
  Misaligned& operator=(const Misaligned&) = delete;

  T* data() { return storage_.data() + first_; }
  const T* data() const { return storage_.data() + first_; }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  std::vector<T> values() const { return {data(), data() + size_}; }

 private:
  std::vector<T> storage_;
  size_t size_;
  size_t first_;
};

inline std::vector<float> RandomFloats(size_t size, uint64_t seed, double deviation = 1.0) {
  base::Rng rng(seed);
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(deviation * rng.Normal());
  return values;
}

// Every type with a PackedLayout.
inline std::vector<DType> WeightTypes() {
  std::vector<DType> types;
  for (const DTypeInfo& info : AllDTypes()) {
    if (FindPackedLayout(info.type) != nullptr) types.push_back(info.type);
  }
  return types;
}

struct TestMatrix {
  DType type = DType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<std::byte> data;    // as in a file
  std::vector<float> values;      // what it means
  std::vector<float> magnitudes;  // |scale * q| + |min|: what rounding errors are relative to
  PackedMatrix packed;

  float value(int64_t row, int64_t column) const { return values[static_cast<size_t>(row * columns + column)]; }
  float magnitude(int64_t row, int64_t column) const { return magnitudes[static_cast<size_t>(row * columns + column)]; }
};

// Fills in everything behind `data`.
inline void Finish(TestMatrix& matrix) {
  matrix.values.resize(static_cast<size_t>(matrix.rows * matrix.columns));
  Dequantize(matrix.type, matrix.data, matrix.values);
  matrix.magnitudes = matrix.values;
  const DTypeInfo& info = Info(matrix.type);
  if (const BlockLayout* layout = FindBlockLayout(matrix.type)) {
    UnpackedBlock block;
    for (size_t i = 0; i < matrix.values.size(); ++i) {
      const size_t within = i % info.block_values, group = within / static_cast<size_t>(layout->group);
      const auto* bytes = reinterpret_cast<const uint8_t*>(matrix.data.data()) + i / info.block_values * info.block_bytes;
      if (within == 0) Unpack(*layout, bytes, block);
      matrix.magnitudes[i] = std::fabs(block.d * block.scale[group] * block.q[within]) + std::fabs(block.dmin * block.min[group]);
    }
  }
  for (float& m : matrix.magnitudes) m = std::fabs(m);
  matrix.packed = std::move(PackedMatrix::Allocate(matrix.type, matrix.rows, matrix.columns).value());
  matrix.packed.PackTiles(matrix.data, {}, 0, matrix.packed.tiles());
}

// Writes d (and dmin) into every block.
template <class Scale>
void SetBlockScales(TestMatrix& matrix, Scale scale) {
  const BlockLayout& layout = *FindBlockLayout(matrix.type);
  for (size_t at = 0; at < matrix.data.size(); at += Info(matrix.type).block_bytes) {
    for (const int offset : {layout.d_offset, layout.dmin_offset}) {
      if (offset < 0) continue;
      const uint16_t half = FloatToHalf(static_cast<float>(scale()));
      std::memcpy(matrix.data.data() + at + static_cast<size_t>(offset), &half, sizeof(half));
    }
  }
}

// Blocks of random bits, so that every code and every scale comes up, with d between 1/128 and 1/8 and of either sign;
// plain types: normal numbers.
inline TestMatrix RandomMatrix(DType type, int64_t rows, int64_t columns, uint64_t seed) {
  TestMatrix matrix{.type = type, .rows = rows, .columns = columns, .data = {}, .values = {}, .magnitudes = {}, .packed = {}};
  matrix.data.resize(static_cast<size_t>(rows) * RowBytes(type, static_cast<uint64_t>(columns)).value());
  base::Rng rng(seed);
  if (FindBlockLayout(type) == nullptr) {
    Quantize(type, RandomFloats(static_cast<size_t>(rows * columns), seed), matrix.data);
  } else {
    for (std::byte& b : matrix.data) b = static_cast<std::byte>(rng.Below(256));
    SetBlockScales(matrix, [&] { return std::exp2(-7 + 4 * rng.Uniform()) * (rng.Below(2) == 0 ? -1 : 1); });
  }
  Finish(matrix);
  return matrix;
}

// Activations as kernels want them: floats, and rounded ones for types with scales.
struct TestInput {
  TestInput(const KernelTable& kernels, const std::vector<float>& values, int64_t token_count, DType type)
      : x(values), tokens(token_count), columns(static_cast<int64_t>(values.size()) / token_count), code(values.size()) {
    const int block = FindPackedLayout(type)->scale_columns;
    if (block == 0) return;
    const size_t blocks = values.size() / static_cast<size_t>(block);
    scale.resize(blocks);
    scaled_sum.resize(blocks);
    sum.resize(blocks);
    q = {columns, block, code.data(), scale.data(), sum.data(), scaled_sum.data()};
    for (int64_t token = 0; token < tokens; ++token) kernels.quantize(x.data() + token * columns, columns, q, token, 0);
  }

  // The arguments for tokens [first, first + count).
  LinearArgs Args(const PackedMatrix& weights, int64_t first, int64_t count) const {
    LinearArgs args = {.weights = &weights, .x = x.data() + first * columns, .q = q, .tokens = count};
    if (q.block > 0) {
      args.q.code += first * columns;
      args.q.scale += first * q.blocks();
      args.q.sum += first * q.blocks();
      args.q.scaled_sum += first * q.blocks();
    }
    return args;
  }

  Misaligned<float> x;
  int64_t tokens, columns;
  Misaligned<int8_t> code;
  std::vector<float> scale, scaled_sum;
  std::vector<int32_t> sum;
  QuantizedRows q;
};

// [token][row], one call.
inline std::vector<float> Multiply(const KernelTable& kernels, const TestMatrix& matrix, const TestInput& input) {
  Misaligned<float> y(static_cast<size_t>(input.tokens * matrix.rows));
  LinearArgs args = input.Args(matrix.packed, 0, input.tokens);
  args.y = y.data();
  args.y_stride = matrix.rows;
  kernels.linear(args, 0, matrix.packed.tiles());
  return y.values();
}

// How many columns are worth a look: the least, a few blocks, and an odd number where there are no blocks.
inline std::vector<int64_t> InterestingColumns(DType type) {
  const int block = FindPackedLayout(type)->block_columns;
  if (block == 1) return {1, 7, 64, 101};
  return {block, 3 * block};
}

}  // namespace walchen::tensor
