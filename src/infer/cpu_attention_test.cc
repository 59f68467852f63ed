// SPDX-License-Identifier: Apache-2.0
//
// Attention of sequences with senses, where a slot is not a position and a segment may see all of itself: every path against
// the reference backend. Text, where all of that is empty, is in cpu_backend_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "infer/cpu_backend.h"
#include "model/reference_backend.h"
#include "tensor/kernels/test_kernels.h"

namespace walchen::infer {
namespace {

using model::ReferenceBackend;
using tensor::AllKernels;
using tensor::KvType;
using tensor::PathName;
using tensor::RandomFloats;
using Numerics = ReferenceBackend::Numerics;
using Positions = std::vector<std::array<int32_t, 3>>;

constexpr int64_t kAbsent = -1;  // the slot of a segment at a layer that it does not have

// The rows of one segment, with keys, queries and values at random.
struct Part {
  int rows = 0;
  int64_t first_position = 0;
  std::vector<int64_t> slots = {};
  Positions positions = {};
  bool causal = true;
};
// In a step, those that some layer lacks come last: then the rows of a layer are the first rows of the step.
using Steps = std::vector<std::vector<Part>>;

struct Sequence {
  model::AttentionShape shape;
  int layers = 1;
  Steps steps;

  int64_t columns() const { return int64_t{shape.heads + 2 * shape.kv_heads} * shape.head_size; }
};

ReferenceBackend::Tensor TensorOf(const ReferenceBackend&, int64_t columns, const std::vector<float>& values) {
  return {.rows = static_cast<int64_t>(values.size()) / columns, .columns = columns, .values = values};
}
CpuBackend::Tensor TensorOf(CpuBackend& backend, int64_t columns, const std::vector<float>& values) {
  CpuBackend::Tensor x(backend, static_cast<int64_t>(values.size()) / columns, columns);
  std::ranges::copy(values, x.row(0));
  return x;
}

// What all rows of all layers of all steps attend to.
template <class B>
std::vector<float> AttendAll(B& backend, typename B::Cache& cache, const Sequence& sequence) {
  const auto head_size = static_cast<size_t>(sequence.shape.head_size);
  const std::vector<float> q_norm = RandomFloats(head_size, 1), k_norm = RandomFloats(head_size, 2);
  std::vector<float> frequencies;
  for (size_t i = 0; i < head_size / 2; ++i) frequencies.push_back(1.0f / static_cast<float>(1 + 3 * i));
  std::vector<float> all;
  uint64_t seed = 3;
  for (const std::vector<Part>& step : sequence.steps) {
    model::Placement<typename B::Cache> at;
    int rows = 0;
    for (const Part& part : step) {
      at.segments.push_back({.first_row = rows, .rows = part.rows, .first_position = part.first_position, .cache = &cache,
                             .first_slot_of_layer = part.slots, .positions = part.positions, .causal = part.causal});
      rows += part.rows;
    }
    backend.SetPositions(at, frequencies);
    for (int layer = 0; layer < sequence.layers; ++layer) {
      auto here = at;
      while (here.segments.back().first_slot(layer) == kAbsent) here.segments.pop_back();
      const auto count = static_cast<size_t>(here.segments.back().first_row + here.segments.back().rows);
      const std::vector<float> qkv = RandomFloats(count * static_cast<size_t>(sequence.columns()), ++seed);
      auto y = backend.Attend(TensorOf(backend, sequence.columns(), qkv), sequence.shape, q_norm, k_norm, layer, here);
      all.insert(all.end(), y.row(0), y.row(0) + static_cast<int64_t>(count) * sequence.shape.heads * sequence.shape.head_size);
    }
  }
  return all;
}

std::vector<float> OnReference(const Sequence& sequence, Numerics numerics, KvType type = KvType::kF32) {
  ReferenceBackend backend(numerics, type);
  ReferenceBackend::Cache cache;
  return AttendAll(backend, cache, sequence);
}

// From pages full of NaN, none of them to spare.
std::vector<float> OnCpu(const tensor::KernelTable& kernels, int threads, const Sequence& sequence, KvType type, int64_t slots) {
  const KvShape shape = {.head = {.head_size = sequence.shape.head_size, .type = type}, .layers = sequence.layers,
                         .kv_heads = sequence.shape.kv_heads};
  base::ThreadPool pool(threads);
  CpuBackend backend(kernels, pool, shape);
  std::vector<std::vector<std::byte>> memory;
  KvPages cache;
  for (int64_t slot = 0; slot < slots; slot += tensor::kPagePositions) {
    memory.emplace_back(static_cast<size_t>(shape.page_bytes()), std::byte{0xFF});
    cache.pages.push_back(memory.back().data());
  }
  return AttendAll(backend, cache, sequence);
}

// A picture's rows and columns at one time.
Positions Grid(int rows, int columns, int32_t time) {
  Positions positions;
  for (int32_t i = 0; i < rows * columns; ++i) positions.push_back({time, 100 + i / columns, i % columns});
  return positions;
}

// Three query heads to a KV head: a block of six query rows is two tokens. The picture is at both layers, the sound at the
// second alone, so the slots of what follows differ.
Sequence WithSenses() {
  Part text{.rows = 70};
  Part picture{.rows = 42, .first_position = 70, .positions = Grid(7, 6, 70), .causal = false};
  Part sound{.rows = 9, .slots = {kAbsent, 112}, .positions = Grid(9, 1, 77), .causal = false};
  Part more{.rows = 5, .first_position = 170, .slots = {112, 121}};
  Part token{.rows = 1, .first_position = 175, .slots = {117, 126}};
  Part another{.rows = 1, .first_position = 176, .slots = {118, 127}};
  Part glance{.rows = 1, .slots = {119, 128}, .positions = Grid(1, 1, 177), .causal = false};
  return {.shape = {.heads = 6, .kv_heads = 2, .head_size = 16, .norm_epsilon = 1e-5f}, .layers = 2,
          .steps = {{text, picture, sound}, {more}, {token}, {another, glance}}};
}
constexpr int64_t kSlotsWithSenses = 129;

using CpuAttention = tensor::KernelTest;
WALCHEN_ON_ALL_PATHS(CpuAttention);

TEST_P(CpuAttention, OfSensesIsTheReferences) {
  const Sequence sequence = WithSenses();
  const std::vector<float> plain = OnReference(sequence, Numerics::kFloat);
  const std::vector<float> floats = OnCpu(kernels(), 2, sequence, KvType::kF32, kSlotsWithSenses);
  ASSERT_EQ(floats.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) ASSERT_NEAR(floats[i], plain[i], 1e-5) << i;
  for (const KvType type : tensor::kKvTypes) {
    const std::vector<float> one = OnCpu(kernels(), 1, sequence, type, kSlotsWithSenses);
    EXPECT_EQ(OnCpu(kernels(), 3, sequence, type, kSlotsWithSenses), one) << Name(type);
    if (fused()) {
      EXPECT_EQ(one, OnReference(sequence, Numerics::kExact, type)) << Name(type);
    }
  }
}

// More than a span of the cache, where threads share one block: a segment that begins in the first span and ends in the
// second, and a short one behind.
TEST_P(CpuAttention, OfSensesIsTheReferencesOverALongContext) {
  constexpr int64_t kSpan = int64_t{tensor::kSpanPages} * tensor::kPagePositions;
  const Part text{.rows = kSpan - 4};
  const Part picture{.rows = 8, .first_position = kSpan - 4, .positions = Grid(2, 4, 1020), .causal = false};
  const Part glance{.rows = 3, .first_position = kSpan + 4, .causal = false};
  const Sequence sequence = {.shape = {.heads = 2, .kv_heads = 1, .head_size = 16, .norm_epsilon = 1e-5f},
                             .steps = {{text}, {picture}, {glance}}};
  const std::vector<float> one = OnCpu(kernels(), 1, sequence, KvType::kF32, kSpan + 7);
  EXPECT_EQ(OnCpu(kernels(), 3, sequence, KvType::kF32, kSpan + 7), one);
  const std::vector<float> plain = OnReference(sequence, Numerics::kFloat);
  for (size_t i = 0; i < plain.size(); ++i) ASSERT_NEAR(one[i], plain[i], 1e-5) << i;
  if (fused()) {
    EXPECT_EQ(one, OnReference(sequence, Numerics::kExact));
  }
}

// What a segment may leave out, spelt out, is the same to the bit.
TEST_P(CpuAttention, OfTextIsTheSameWithSlotsAndPositionsSpeltOut) {
  Part text{.rows = 75}, token{.rows = 1, .first_position = 75};
  Sequence sequence = {.shape = {.heads = 6, .kv_heads = 2, .head_size = 16, .norm_epsilon = 1e-5f}, .layers = 2,
                       .steps = {{text}, {token}}};
  const std::vector<float> expected = OnCpu(kernels(), 2, sequence, KvType::kF16, 76);
  for (int32_t i = 0; i < 75; ++i) text.positions.push_back({i, i, i});
  text.slots = {0, 0};
  token.positions = {{75, 75, 75}};
  token.slots = {75, 75};
  token.causal = false;  // one row alone sees the same either way
  sequence.steps = {{text}, {token}};
  EXPECT_EQ(OnCpu(kernels(), 2, sequence, KvType::kF16, 76), expected);
}

}  // namespace
}  // namespace walchen::infer
