// SPDX-License-Identifier: Apache-2.0
//
// Attention over a paged cache: online softmax (Milakov and Gimelshein 2018) page after page, for up to six query rows
// that share one KV head. Scores: lanes are positions; values: lanes are dimensions. Each score and each output is one
// chain of fused multiply-adds in ascending order, whatever the other rows are.
#pragma once

#include "tensor/kernels/elementwise-inl.h"

namespace walchen::tensor {
namespace {

constexpr float kMasked = -1e30f;  // not -inf: the difference of two must not be NaN
constexpr int kGroups = kPagePositions / 16;
constexpr int kValueVectors = kVectors == 1 ? 4 : 1;  // registers of 16 dimensions that one pass over a page sums

// What a cache holds. The kernels are made for each, so that no size has to be asked for in a loop.
struct Float {
  static constexpr bool kInt8 = false;
  static constexpr int64_t kBytes = 4;
  static WALCHEN_INLINE F32 Load(const std::byte* p) { return tensor::Load(reinterpret_cast<const float*>(p)); }
};
struct Half {
  static constexpr bool kInt8 = false;
  static constexpr int64_t kBytes = 2;
  static WALCHEN_INLINE F32 Load(const std::byte* p) { return LoadHalf(reinterpret_cast<const uint16_t*>(p)); }
};
struct Int8 {
  static constexpr bool kInt8 = true;
  static constexpr int64_t kBytes = 1;
  static WALCHEN_INLINE F32 Load(const std::byte* p) { return LoadInt8(reinterpret_cast<const int8_t*>(p)); }
};

// Of the keys, or the values, of a page.
template <class Element>
WALCHEN_INLINE int64_t BytesOf(int64_t head_size) {
  return kPagePositions * head_size * Element::kBytes;
}
// Of a page of Int8.
WALCHEN_INLINE const float* KeyScales(const std::byte* page, int64_t head_size) {
  return reinterpret_cast<const float*>(page + 2 * BytesOf<Int8>(head_size));
}
WALCHEN_INLINE const float* ValueScales(const std::byte* page, int64_t head_size) {
  return KeyScales(page, head_size) + kPagePositions;
}

// Brings the same place of the next page into the second-level cache: pages lie far apart, so the CPU's own prefetching
// ends with each. `next` null: there is none.
WALCHEN_INLINE void Fetch(const std::byte* next, int64_t offset, int64_t bytes) {
  if (next != nullptr) FetchAhead(next + offset, bytes);
}

// score[row][position] = query . key, kGroupsAtOnce groups of 16 positions from `group` on.
template <class Element, int R, int kGroupsAtOnce>
WALCHEN_INLINE void Scores(const AttendArgs& args, const std::byte* page, const std::byte* next, int group,
                           float (&score)[R][kPagePositions]) {
  const int head_size = args.layout.head_size;
  constexpr int64_t kStride = 16 * Element::kBytes;
  const int64_t first = group * head_size * kStride;
  const std::byte* key = page + first;
  F32 sum[R][kGroupsAtOnce];
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int g = 0; g < kGroupsAtOnce; ++g) sum[r][g] = Zero();
  }
  for (int d = 0; d < head_size; ++d, key += kStride) {
    Fetch(next, first + kGroupsAtOnce * d * kStride, kGroupsAtOnce * kStride);
    F32 k[kGroupsAtOnce];
    WALCHEN_UNROLL for (int g = 0; g < kGroupsAtOnce; ++g) k[g] = Element::Load(key + g * head_size * kStride);
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
      const F32 q = Set(args.query[r][d]);
      WALCHEN_UNROLL for (int g = 0; g < kGroupsAtOnce; ++g) sum[r][g] = Fma(q, k[g], sum[r][g]);
    }
  }
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int g = 0; g < kGroupsAtOnce; ++g) {
      const int position = 16 * (group + g);
      if constexpr (Element::kInt8) sum[r][g] = sum[r][g] * Load(KeyScales(page, head_size) + position);
      Store(sum[r][g], &score[r][position]);
    }
  }
}

// Scores become weights relative to the running maximum; the row's sums are rescaled if the maximum grew.
template <class Element>
WALCHEN_INLINE void Softmax(const AttendArgs& args, const std::byte* page, int row, int visible, float* score) {
  const AttentionState& state = args.state;
  for (int i = visible > 0 ? visible : 0; i < kPagePositions; ++i) score[i] = kMasked;
  F32 largest = Load(score);
  WALCHEN_UNROLL for (int g = 1; g < kGroups; ++g) largest = Max(largest, Load(score + 16 * g));
  const float page_max = MaxLanes(largest);
  F32 sum = Load(state.sum16 + 16 * row);
  if (page_max > state.max[row]) {
    const F32 shrink = Exp(Set(state.max[row] - page_max));
    float* out = state.out + row * args.layout.head_size;
    for (int d = 0; d < args.layout.head_size; d += 16) Store(Load(out + d) * shrink, out + d);
    sum = sum * shrink;
    state.max[row] = page_max;
  }
  const F32 max = Set(state.max[row]);
  WALCHEN_UNROLL for (int g = 0; g < kGroups; ++g) {
    F32 weight = Exp(Load(score + 16 * g) - max);
    sum = sum + weight;
    if constexpr (Element::kInt8) weight = weight * Load(ValueScales(page, args.layout.head_size) + 16 * g);
    Store(weight, score + 16 * g);
  }
  Store(sum, state.sum16 + 16 * row);
}

// out[row][dimension] += weight[row][position] * value[position][dimension], for kWidth registers of dimensions.
template <class Element, int R, int kWidth>
WALCHEN_INLINE void AddValues(const AttendArgs& args, const std::byte* page, const std::byte* next, int positions, int dimension,
                              const float (&weight)[R][kPagePositions]) {
  const int head_size = args.layout.head_size;
  constexpr int64_t kElement = Element::kBytes;
  const std::byte* value = page + BytesOf<Element>(head_size) + dimension * kElement;
  F32 sum[R][kWidth];
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int j = 0; j < kWidth; ++j) {
      sum[r][j] = Load(args.state.out + r * head_size + dimension + 16 * j);
    }
  }
  for (int position = 0; position < positions; ++position, value += head_size * kElement) {
    Fetch(next, value - page, 16 * kWidth * kElement);
    F32 v[kWidth];
    WALCHEN_UNROLL for (int j = 0; j < kWidth; ++j) v[j] = Element::Load(value + 16 * j * kElement);
    WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
      const F32 w = Set(weight[r][position]);
      WALCHEN_UNROLL for (int j = 0; j < kWidth; ++j) sum[r][j] = Fma(w, v[j], sum[r][j]);
    }
  }
  WALCHEN_UNROLL for (int r = 0; r < R; ++r) {
    WALCHEN_UNROLL for (int j = 0; j < kWidth; ++j) {
      Store(sum[r][j], args.state.out + r * head_size + dimension + 16 * j);
    }
  }
}

template <class Element, int R>
void AttendRows(const AttendArgs& args) {
  const int head_size = args.layout.head_size;
  int64_t most_visible = 0;
  for (int r = 0; r < R; ++r) {
    args.state.max[r] = kMasked;
    Store(Zero(), args.state.sum16 + 16 * r);
    for (int d = 0; d < head_size; d += 16) Store(Zero(), args.state.out + r * head_size + d);
    most_visible = args.visible[r] > most_visible ? args.visible[r] : most_visible;
  }
  alignas(64) float score[R][kPagePositions];
  for (int i = args.first_page; i < args.last_page; ++i) {
    const std::byte* page = args.pages[i];
    const std::byte* next = i + 1 < args.last_page ? args.pages[i + 1] : nullptr;
    const int64_t start = int64_t{i} * kPagePositions;
    const int positions = static_cast<int>(most_visible - start < kPagePositions ? most_visible - start : kPagePositions);
    if (positions <= 0) break;
    const int groups = (positions + 15) / 16;
    int group = 0;
    for (; group + 2 <= groups; group += 2) Scores<Element, R, 2>(args, page, next, group, score);
    if (group < groups) Scores<Element, R, 1>(args, page, next, group, score);
    for (int r = 0; r < R; ++r) {
      const int64_t visible = args.visible[r] - start;
      Softmax<Element>(args, page, r, static_cast<int>(visible < kPagePositions ? visible : kPagePositions), score[r]);
    }
    int dimension = 0;
    for (; dimension + 16 * kValueVectors <= head_size; dimension += 16 * kValueVectors) {
      AddValues<Element, R, kValueVectors>(args, page, next, positions, dimension, score);
    }
    for (; dimension < head_size; dimension += 16) AddValues<Element, R, 1>(args, page, next, positions, dimension, score);
  }
}

template <class Element>
void AttendElement(const AttendArgs& args) {
  switch (args.rows) {
    case 1: return AttendRows<Element, 1>(args);
    case 2: return AttendRows<Element, 2>(args);
    case 3: return AttendRows<Element, 3>(args);
    case 4: return AttendRows<Element, 4>(args);
    case 5: return AttendRows<Element, 5>(args);
    default: return AttendRows<Element, 6>(args);
  }
}

void Attend(const AttendArgs& args) {
  switch (args.layout.type) {
    case KvType::kF32: return AttendElement<Float>(args);
    case KvType::kF16: return AttendElement<Half>(args);
    case KvType::kInt8: return AttendElement<Int8>(args);
  }
}

void MergeSpans(int head_size, const AttentionState& other, int other_row, const AttentionState& state, int row) {
  const float max = state.max[row] > other.max[other_row] ? state.max[row] : other.max[other_row];
  const F32 keep = Exp(Set(state.max[row] - max)), take = Exp(Set(other.max[other_row] - max));
  float* sum = state.sum16 + 16 * row;
  Store(Fma(Load(other.sum16 + 16 * other_row), take, Load(sum) * keep), sum);
  float* out = state.out + row * head_size;
  const float* from = other.out + other_row * head_size;
  for (int d = 0; d < head_size; d += 16) Store(Fma(Load(from + d), take, Load(out + d) * keep), out + d);
  state.max[row] = max;
}

void FinishAttention(int head_size, const AttentionState& state, int row, float* y) {
  const F32 inverse = Set(1.0f / SumLanes(Load(state.sum16 + 16 * row)));
  const float* out = state.out + row * head_size;
  for (int d = 0; d < head_size; d += 16) Store(Load(out + d) * inverse, y + d);
}

WALCHEN_INLINE float MaxMagnitude(const float* x, int head_size) {
  F32 largest = Zero();
  for (int d = 0; d < head_size; d += 16) largest = Max(largest, Abs(Load(x + d)));
  return MaxLanes(largest);
}

void StoreKvInt8(const KvPageLayout& layout, const float* key, const float* value, int position, std::byte* page) {
  const int head_size = layout.head_size;
  auto* keys = reinterpret_cast<int8_t*>(page) + position / 16 * head_size * 16 + position % 16;
  auto* values = reinterpret_cast<int8_t*>(page + layout.key_bytes()) + position * head_size;
  auto* scales = reinterpret_cast<float*>(page + 2 * layout.key_bytes());
  const float key_max = MaxMagnitude(key, head_size), value_max = MaxMagnitude(value, head_size);
  const F32 key_inverse = Set(key_max >= kSmallestRounded ? 127.0f / key_max : 0.0f);
  const F32 value_inverse = Set(value_max >= kSmallestRounded ? 127.0f / value_max : 0.0f);
  alignas(64) int8_t code[16];
  for (int d = 0; d < head_size; d += 16) {
    StoreInt8(ToInt(Load(key + d) * key_inverse), code);
    for (int i = 0; i < 16; ++i) keys[(d + i) * 16] = code[i];
    StoreInt8(ToInt(Load(value + d) * value_inverse), values + d);
  }
  scales[position] = key_max / 127.0f;
  scales[kPagePositions + position] = value_max / 127.0f;
}

void StoreKvFloat(const KvPageLayout& layout, const float* key, const float* value, int position, std::byte* page) {
  const int head_size = layout.head_size;
  auto* keys = reinterpret_cast<float*>(page) + position / 16 * head_size * 16 + position % 16;
  auto* values = reinterpret_cast<float*>(page + layout.key_bytes()) + position * head_size;
  for (int d = 0; d < head_size; ++d) {
    keys[d * 16] = key[d];
    values[d] = value[d];
  }
}

void StoreKvHalf(const KvPageLayout& layout, const float* key, const float* value, int position, std::byte* page) {
  const int head_size = layout.head_size;
  auto* keys = reinterpret_cast<uint16_t*>(page) + position / 16 * head_size * 16 + position % 16;
  auto* values = reinterpret_cast<uint16_t*>(page + layout.key_bytes()) + position * head_size;
  alignas(64) uint16_t half[16];
  for (int d = 0; d < head_size; d += 16) {
    StoreHalf(Load(key + d), half);
    for (int i = 0; i < 16; ++i) keys[(d + i) * 16] = half[i];
    StoreHalf(Load(value + d), values + d);
  }
}

void StoreKv(const KvPageLayout& layout, const float* key, const float* value, int position, std::byte* page) {
  switch (layout.type) {
    case KvType::kF32: return StoreKvFloat(layout, key, value, position, page);
    case KvType::kF16: return StoreKvHalf(layout, key, value, position, page);
    case KvType::kInt8: return StoreKvInt8(layout, key, value, position, page);
  }
}

}  // namespace
}  // namespace walchen::tensor
