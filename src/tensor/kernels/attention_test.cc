// SPDX-License-Identifier: Apache-2.0
//
// Attention over pages on every path, against softmax in double. That it equals the reference's exact mode bit for bit
// stands in model/reference_math_test.cc.
#include <bit>
#include <limits>

#include "tensor/kernels/test_cache.h"

namespace walchen::tensor {
namespace {

constexpr int kHeadSizes[] = {16, 64, 80, 128};

using AttentionKernels = KernelTest;
WALCHEN_ON_ALL_PATHS(AttentionKernels);

std::vector<KvPageLayout> Layouts() {
  std::vector<KvPageLayout> layouts;
  for (const int head_size : kHeadSizes) {
    for (const KvType type : kKvTypes) layouts.push_back({head_size, type});
  }
  return layouts;
}

// Queries as a model has them: scaled by 1 / sqrt(head_size), so that scores are of size 1 (here 3, for a sharper softmax).
std::vector<float> RandomQueries(int rows, int head_size, uint64_t seed) {
  return RandomFloats(static_cast<size_t>(rows * head_size), seed, 3 / std::sqrt(static_cast<double>(head_size)));
}

void ExpectSoftmax(const TestCache& cache, const float* query, int64_t visible, const float* y) {
  const int head_size = cache.layout.head_size;
  std::vector<double> score;
  double largest_terms = 0, largest_value = 0;
  for (int64_t position = 0; position < visible; ++position) {
    double s = 0, terms = 0;
    for (int d = 0; d < head_size; ++d) {
      const double product = static_cast<double>(query[d]) * cache.StoredKey(position, d);
      s += product;
      terms += std::fabs(product);
      largest_value = std::max(largest_value, std::fabs(static_cast<double>(cache.StoredValue(position, d))));
    }
    score.push_back(s);
    largest_terms = std::max(largest_terms, terms);
  }
  const double max = *std::ranges::max_element(score);
  double total = 0;
  for (double& s : score) total += s = std::exp(s - max);
  // A score is a sum of head_size products, rounded head_size + 2 times (twice as often without fused multiply-add); its
  // error is a relative one of the weight, which e^x adds 2^-22 to and each page's rescaling as much again.
  const double score_error = 2 * (head_size + 4) * kUnit * largest_terms;
  const double pages = static_cast<double>(visible) / kPagePositions + 2;
  const double bound = largest_value * (4 * score_error + pages * 0x1p-20 + 4 * static_cast<double>(visible) * kUnit);
  for (int d = 0; d < head_size; ++d) {
    double expected = 0;
    for (int64_t position = 0; position < visible; ++position) {
      expected += score[static_cast<size_t>(position)] / total * cache.StoredValue(position, d);
    }
    ASSERT_NEAR(y[d], expected, bound) << "head size " << head_size << " visible " << visible << " dimension " << d;
  }
}

TEST_P(AttentionKernels, AreASoftmaxOverWhatIsStored) {
  for (const KvPageLayout& layout : Layouts()) {
    const TestCache cache(kernels(), layout, 2 * kSpanPositions + 70, 1);
    for (const int64_t visible : InterestingCounts()) {
      const std::vector<float> query = RandomQueries(1, layout.head_size, static_cast<uint64_t>(visible));
      ExpectSoftmax(cache, query.data(), visible, Attention(kernels(), cache, query, {visible}).data());
    }
  }
}

TEST_P(AttentionKernels, GiveARowTheSameBitsBesideAnyOthers) {
  for (const KvPageLayout& layout : Layouts()) {
    const TestCache cache(kernels(), layout, kSpanPositions + 100, 2);
    for (const int64_t first : {1, 14, 60, 64, kSpanPositions - 3, kSpanPositions + 20}) {
      const std::vector<float> queries = RandomQueries(kAttendRows, layout.head_size, 3);
      for (int rows = 1; rows <= kAttendRows; ++rows) {
        std::vector<int64_t> visible;
        for (int r = 0; r < rows; ++r) visible.push_back(first + r);
        const std::vector<float> together = Attention(kernels(), cache, queries, visible);
        const auto last = (rows - 1) * layout.head_size;
        const std::vector<float> alone = Attention(kernels(), cache, {queries.begin() + last, queries.end()}, {visible.back()});
        ASSERT_EQ(std::memcmp(together.data() + last, alone.data(), alone.size() * 4), 0)
            << "head size " << layout.head_size << " " << Name(layout.type) << " visible " << visible.back() << " rows " << rows;
      }
    }
  }
}

// The pages behind hold no numbers at all, the one with the last position garbage: see TestCache.
TEST_P(AttentionKernels, SeeNothingBehindTheLastVisiblePosition) {
  for (const KvPageLayout& layout : Layouts()) {
    const TestCache full(kernels(), layout, 130, 4);
    const std::vector<float> query = RandomQueries(1, layout.head_size, 5);
    for (const int64_t visible : {1, 17, 63, 64, 65, 100, 128}) {
      TestCache cut(kernels(), layout, visible, 0);
      for (int64_t i = 0; i < visible; ++i) cut.Store(kernels(), i, full.key(i), full.value(i));
      EXPECT_EQ(Attention(kernels(), cut, query, {visible}), Attention(kernels(), full, query, {visible})) << visible;
    }
  }
}

TEST_P(AttentionKernels, StoreFloatsAsTheyAre) {
  for (const int head_size : kHeadSizes) {
    TestCache cache(kernels(), {.head_size = head_size, .type = KvType::kF32}, 70, 8);
    cache.keys[3] = 1e-44f;  // neither rounded nor flushed to zero
    cache.values[5] = -std::numeric_limits<float>::max();
    cache.Store(kernels(), 0, cache.key(0), cache.value(0));
    for (int64_t i = 0; i < 70; ++i) {
      for (int d = 0; d < head_size; ++d) {
        ASSERT_EQ(std::bit_cast<uint32_t>(cache.StoredKey(i, d)), std::bit_cast<uint32_t>(cache.key(i)[d])) << i;
        ASSERT_EQ(std::bit_cast<uint32_t>(cache.StoredValue(i, d)), std::bit_cast<uint32_t>(cache.value(i)[d])) << i;
      }
    }
  }
}

TEST_P(AttentionKernels, StoreHalvesRoundedToEven) {
  const KvPageLayout layout = {.head_size = 64, .type = KvType::kF16};
  std::vector<float> key = RandomFloats(64, 6);
  const float special[] = {0.0f,     -0.0f,   65504.0f, 65519.0f, 65520.0f,    -1e6f,       1e-7f,    -6e-8f,  2.9e-8f,
                           6.1e-5f,  -6e-5f,  1.0f,     2049.0f,  2051.0f,     1.00048828f, 1e-30f,   3e-5f,   -2.9802322e-8f};
  std::ranges::copy(special, key.begin());
  const std::vector<float> value = RandomFloats(64, 7, 1e-5);
  std::vector<std::byte> page(static_cast<size_t>(layout.page_bytes()));
  kernels().store_kv(layout, key.data(), value.data(), 37, page.data());
  for (size_t d = 0; d < 64; ++d) {
    uint16_t stored_key, stored_value;
    std::memcpy(&stored_key, page.data() + ((37 / 16 * 64 + d) * 16 + 37 % 16) * 2, 2);
    std::memcpy(&stored_value, page.data() + layout.key_bytes() + (37 * 64 + d) * 2, 2);
    EXPECT_EQ(stored_key, FloatToHalf(key[d])) << key[d];
    EXPECT_EQ(stored_value, FloatToHalf(value[d])) << value[d];
  }
}

TEST_P(AttentionKernels, Store8BitsWithinHalfAStep) {
  for (const int head_size : kHeadSizes) {
    const TestCache cache(kernels(), {.head_size = head_size, .type = KvType::kInt8}, 70, 8);
    for (int64_t i = 0; i < 70; ++i) {
      float max_key = 0, max_value = 0;
      for (int d = 0; d < head_size; ++d) {
        max_key = std::max(max_key, std::fabs(cache.key(i)[d]));
        max_value = std::max(max_value, std::fabs(cache.value(i)[d]));
      }
      for (int d = 0; d < head_size; ++d) {
        EXPECT_NEAR(cache.StoredKey(i, d), cache.key(i)[d], 0.5001 / 127 * max_key);
        EXPECT_NEAR(cache.StoredValue(i, d), cache.value(i)[d], 0.5001 / 127 * max_value);
      }
    }
  }
}

TEST_P(AttentionKernels, StoreVanishingVectorsAs8BitZeros) {
  const KvPageLayout layout = {.head_size = 16, .type = KvType::kInt8};
  for (const float tiny : {0.0f, 1e-44f, 1e-38f, 3e-37f}) {
    const std::vector<float> vector(16, tiny);
    std::vector<std::byte> page(static_cast<size_t>(layout.page_bytes()), std::byte{1});
    kernels().store_kv(layout, vector.data(), vector.data(), 0, page.data());
    float key_scale, value_scale;
    std::memcpy(&key_scale, page.data() + 2 * layout.key_bytes(), 4);
    std::memcpy(&value_scale, page.data() + 2 * layout.key_bytes() + kPagePositions * 4, 4);
    EXPECT_EQ(key_scale, tiny / 127.0f);
    EXPECT_EQ(value_scale, tiny / 127.0f);
    for (size_t d = 0; d < 16; ++d) {
      EXPECT_EQ(page[d * 16], std::byte{0}) << tiny;
      EXPECT_EQ(page[static_cast<size_t>(layout.key_bytes()) + d], std::byte{0}) << tiny;
    }
  }
}

TEST_P(AttentionKernels, StoreOnePositionAndTouchNoOther) {
  for (const KvPageLayout& layout : Layouts()) {
    const std::vector<float> vector = RandomFloats(static_cast<size_t>(layout.head_size), 9);
    std::vector<std::byte> page(static_cast<size_t>(layout.page_bytes()), std::byte{0x5A});
    kernels().store_kv(layout, vector.data(), vector.data(), 63, page.data());
    const auto changed = static_cast<int64_t>(std::ranges::count_if(page, [](std::byte b) { return b != std::byte{0x5A}; }));
    EXPECT_LE(changed, 2 * (layout.head_size * layout.element_bytes() + (layout.type == KvType::kInt8 ? 4 : 0)));
    for (int64_t i = 0; i < layout.head_size * 63 * layout.element_bytes(); ++i) {
      ASSERT_EQ(page[static_cast<size_t>(layout.key_bytes() + i)], std::byte{0x5A}) << "values of earlier positions";
    }
  }
}

// Two spans with very different scores: the smaller one must fade, not overflow.
TEST_P(AttentionKernels, MergeSpansOfAnySize) {
  std::vector<float> max(2), sum(32), out(32);
  const AttentionState state = {max.data(), sum.data(), out.data()};
  const std::pair<float, float> cases[] = {{500.0f, -500.0f}, {-500.0f, 500.0f}, {1.0f, 1.0f}};
  for (const auto& [first, second] : cases) {
    max = {first, second};
    std::ranges::fill(sum, 1.0f);
    std::fill_n(out.begin(), 16, 16.0f);
    std::fill_n(out.begin() + 16, 16, 48.0f);
    kernels().merge_spans(16, state, 1, state, 0);
    std::vector<float> y(16);
    kernels().finish_attention(16, state, 0, y.data());
    EXPECT_EQ(max[0], std::max(first, second));
    EXPECT_EQ(y, std::vector<float>(16, first > second ? 1.0f : first < second ? 3.0f : 2.0f));
  }
}

}  // namespace
}  // namespace walchen::tensor
