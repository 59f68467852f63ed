// SPDX-License-Identifier: Apache-2.0
//
// The cache of one sequence, layer and KV head, for the tests of attention: its pages, and what was stored in them.
#pragma once

#include <memory>
#include <vector>

#include "tensor/kernels/test_kernels.h"

namespace walchen::tensor {

inline constexpr int kSpanPositions = kSpanPages * kPagePositions;

class TestCache {
 public:
  // Pages begin as ones, which are no numbers: whoever reads what was never stored is found out.
  TestCache(const KernelTable& kernels, KvPageLayout page_layout, int64_t count, uint64_t seed)
      : layout(page_layout),
        positions(count),
        keys(RandomFloats(static_cast<size_t>(count * layout.head_size), seed)),
        values(RandomFloats(static_cast<size_t>(count * layout.head_size), seed + 1)) {
    for (int64_t page = 0; page * kPagePositions < count; ++page) {
      storage_.push_back(std::make_unique<Misaligned<uint32_t>>(static_cast<size_t>(layout.page_bytes() / 4), ~0U));
      pages.push_back(reinterpret_cast<const std::byte*>(storage_.back()->data()));
    }
    for (int64_t i = 0; i < count; ++i) Store(kernels, i, key(i), value(i));
  }

  void Store(const KernelTable& kernels, int64_t position, const float* key, const float* value) {
    auto* page = reinterpret_cast<std::byte*>(storage_[static_cast<size_t>(position / kPagePositions)]->data());
    kernels.store_kv(layout, key, value, static_cast<int>(position % kPagePositions), page);
  }

  const float* key(int64_t position) const { return keys.data() + position * layout.head_size; }
  const float* value(int64_t position) const { return values.data() + position * layout.head_size; }

  // What is read back, by the layout in kernels.h. An 8-bit key is code times scale.
  float StoredKey(int64_t position, int dimension) const {
    const int64_t in_page = position % kPagePositions;
    return Stored(position, (in_page / 16 * layout.head_size + dimension) * 16 + in_page % 16, 0, in_page);
  }
  float StoredValue(int64_t position, int dimension) const {
    const int64_t in_page = position % kPagePositions;
    return Stored(position, kPagePositions * layout.head_size + in_page * layout.head_size + dimension, kPagePositions, in_page);
  }

  KvPageLayout layout;
  int64_t positions;
  std::vector<float> keys, values;  // [position][head_size], before they were stored
  std::vector<const std::byte*> pages;

 private:
  float Stored(int64_t position, int64_t element, int64_t first_scale, int64_t in_page) const {
    const std::byte* page = pages[static_cast<size_t>(position / kPagePositions)];
    if (layout.type == KvType::kF32) {
      float value;
      std::memcpy(&value, page + element * 4, 4);
      return value;
    }
    if (layout.type == KvType::kF16) {
      uint16_t half;
      std::memcpy(&half, page + element * 2, 2);
      return HalfToFloat(half);
    }
    float scale;
    std::memcpy(&scale, page + 2 * layout.key_bytes() + (first_scale + in_page) * 4, 4);
    return static_cast<float>(static_cast<int8_t>(page[element])) * scale;
  }

  std::vector<std::unique_ptr<Misaligned<uint32_t>>> storage_;
};

// [row][head_size]: attention of some query rows, span after span.
inline std::vector<float> Attention(const KernelTable& kernels, const TestCache& cache, const std::vector<float>& queries,
                                    const std::vector<int64_t>& visible) {
  const int head_size = cache.layout.head_size, rows = static_cast<int>(visible.size());
  std::vector<const float*> query;
  for (int r = 0; r < rows; ++r) query.push_back(queries.data() + r * head_size);
  struct State {
    State(size_t row_count, size_t size) : max(row_count), sum(row_count * 16), out(row_count * size) {}
    std::vector<float> max, sum, out;
    AttentionState view() { return {max.data(), sum.data(), out.data()}; }
  };
  State state(visible.size(), static_cast<size_t>(head_size)), next = state;
  const int64_t last = *std::ranges::max_element(visible);
  const auto pages = static_cast<int>((last + kPagePositions - 1) / kPagePositions);
  for (int first = 0; first < pages; first += kSpanPages) {
    kernels.attend({cache.layout, cache.pages.data(), first, std::min(first + kSpanPages, pages), rows, query.data(),
                    visible.data(), (first == 0 ? state : next).view()});
    for (int r = 0; r < rows && first > 0; ++r) {
      if (visible[static_cast<size_t>(r)] > first * kPagePositions) kernels.merge_spans(head_size, next.view(), r, state.view(), r);
    }
  }
  std::vector<float> y(static_cast<size_t>(rows * head_size));
  for (int r = 0; r < rows; ++r) kernels.finish_attention(head_size, state.view(), r, y.data() + r * head_size);
  return y;
}

// Counts of visible positions around the borders of groups, pages and spans.
inline std::vector<int64_t> InterestingCounts() {
  return {1, 2, 15, 16, 17, 31, 63, 64, 65, 128, 130, kSpanPositions - 1, kSpanPositions, kSpanPositions + 1,
          2 * kSpanPositions + 70};
}

}  // namespace walchen::tensor
