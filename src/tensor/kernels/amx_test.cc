// SPDX-License-Identifier: Apache-2.0
//
// The AMX path's own code on emulated tiles, for machines without AMX; path_amx_emulated_test.cc holds the function.
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tensor/kernels/kernels.h"
#include "tensor/quant.h"

namespace walchen::tensor {

extern const KernelTable kVnniKernels;
void LinearOnEmulatedAmx(const LinearArgs& args, int64_t first, int64_t last);

namespace {

std::vector<float> Normal(base::Rng& rng, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(rng.Normal()));
  return values;
}

PackedMatrix RandomWeights(base::Rng& rng, DType type, int64_t rows, int64_t columns) {
  const std::vector<float> values = Normal(rng, rows * columns);
  std::vector<std::byte> bytes(static_cast<size_t>(rows) * *RowBytes(type, static_cast<uint64_t>(columns)));
  Quantize(type, values, bytes);
  PackedMatrix weights = *PackedMatrix::Allocate(type, rows, columns);
  weights.PackTiles(bytes, {}, 0, weights.tiles());
  return weights;
}

// y of all tokens in one call.
std::vector<float> Multiply(decltype(KernelTable::linear) linear, const PackedMatrix& weights, const std::vector<float>& x,
                            int64_t tokens) {
  const int64_t columns = weights.columns();
  const int block = weights.layout().scale_columns;
  std::vector<int8_t> code(x.size());
  std::vector<float> scale(x.size()), scaled_sum(x.size());
  std::vector<int32_t> sum(x.size());
  const QuantizedRows q = {columns, block, code.data(), scale.data(), sum.data(), scaled_sum.data()};
  for (int64_t t = 0; t < tokens; ++t) kVnniKernels.quantize(x.data() + t * columns, columns, q, t, 0);
  std::vector<float> y(static_cast<size_t>(tokens * weights.rows()));
  const LinearArgs args = {.weights = &weights, .q = q, .tokens = tokens, .y = y.data(), .y_stride = weights.rows()};
  linear(args, 0, weights.tiles());
  return y;
}

TEST(AmxKernels, EqualTheVnniPathBitForBitOnEmulatedTiles) {
  if (!kVnniKernels.supported()) GTEST_SKIP() << "this CPU has no AVX-512 VNNI";
  base::Rng rng(1);
  for (const DTypeInfo& info : AllDTypes()) {
    const PackedLayout* layout = FindPackedLayout(info.type);
    if (layout == nullptr || layout->plain()) continue;
    const PackedMatrix weights = RandomWeights(rng, info.type, 50, 512);  // 3 tiles and a short one
    for (const int64_t tokens : {9, 16, 17, 31, 48}) {
      const std::vector<float> x = Normal(rng, tokens * weights.columns());
      EXPECT_EQ(Multiply(LinearOnEmulatedAmx, weights, x, tokens), Multiply(kVnniKernels.linear, weights, x, tokens))
          << info.name << ", " << tokens << " tokens";
    }
  }
}

}  // namespace
}  // namespace walchen::tensor
