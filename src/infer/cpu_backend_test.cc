// SPDX-License-Identifier: Apache-2.0
//
// The numerics contract at the level of logits: one bit must not depend on how rows are cut, batched, threaded, or on what
// a page held before. That they are the right bits is tested against the reference backend in tests/parity.
#include "infer/cpu_backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/zeroed_memory.h"
#include "infer/cpu_model.h"
#include "infer/engine_fixture_test.h"
#include "infer/tiny_adapters_test.h"

namespace walchen::infer {
namespace {

using tensor::KvType;
using Rows = std::vector<std::vector<float>>;

// One sequence that is being computed; its pages begin with this byte everywhere.
struct Text {
  Text(const KvShape& shape, Tokens all, int byte) : tokens(std::move(all)) {
    const auto count = static_cast<int64_t>(tokens.size() + tensor::kPagePositions - 1) / tensor::kPagePositions;
    auto allocated = base::ZeroedMemory::Allocate(count * shape.page_bytes());
    EXPECT_TRUE(allocated.has_value());
    memory = std::move(*allocated);
    std::memset(memory.data(), byte, static_cast<size_t>(memory.size()));
    for (int64_t page = 0; page < count; ++page) pages.pages.push_back(memory.data() + page * shape.page_bytes());
  }
  int64_t left() const { return static_cast<int64_t>(tokens.size()) - computed; }

  Tokens tokens;
  int adapter = -1;
  base::ZeroedMemory memory;
  KvPages pages;
  int64_t computed = 0;
  Rows logits;
};

class Machine {
 public:
  Machine(const std::shared_ptr<const ModelFile>& model, int threads, KvType kv_type)
      : model_(dynamic_cast<const CpuModel&>(*model)), pool_(threads), backend_(model_.kernels(), pool_, model_.kv_shape(kv_type)) {}

  KvShape shape(KvType kv_type) const { return model_.kv_shape(kv_type); }

  // The next rows of several texts in one step.
  void Step(const std::vector<std::pair<Text*, int64_t>>& work) {
    std::vector<int32_t> tokens, wanted;
    model::Placement<KvPages> at;
    for (const auto& [text, rows] : work) {
      const auto next = text->tokens.begin() + text->computed;
      at.segments.push_back({.first_row = static_cast<int>(tokens.size()), .rows = static_cast<int>(rows),
                             .first_position = text->computed, .cache = &text->pages, .adapter = text->adapter});
      tokens.insert(tokens.end(), next, next + rows);
    }
    for (size_t i = 0; i < tokens.size(); ++i) wanted.push_back(static_cast<int32_t>(i));
    const CpuBackend::Tensor logits = model::Forward(backend_, model_.config(), model_.weights(), tokens, at, wanted);
    int64_t row = 0;
    for (const auto& [text, rows] : work) {
      for (int64_t i = 0; i < rows; ++i, ++row) text->logits.emplace_back(logits.row(row), logits.row(row) + logits.columns());
      text->computed += rows;
    }
  }

 private:
  const CpuModel& model_;
  base::ThreadPool pool_;
  CpuBackend backend_;
};

std::shared_ptr<const ModelFile> ModelOf(const std::string& family, int experts, tensor::DType type) {
  TinyOptions options;
  options.family = family;
  options.experts = experts;
  options.type = type;
  return LoadTinyModel(options);
}

// One after the other, alone, on one thread, from clean pages.
Rows Plainly(const std::shared_ptr<const ModelFile>& model, const Tokens& tokens, KvType kv_type, int adapter) {
  Machine machine(model, 1, kv_type);
  Text text(machine.shape(kv_type), tokens, 0);
  text.adapter = adapter;
  while (text.left() > 0) machine.Step({{&text, 1}});
  return text.logits;
}

// All of them together, cut at random, on several threads, in pages full of NaN; the adapters of the model in turn.
void ExpectTheSameTogether(const std::shared_ptr<const ModelFile>& model, const std::vector<Tokens>& texts, KvType kv_type,
                           int threads, uint64_t seed) {
  Machine machine(model, threads, kv_type);
  base::Rng rng(seed);
  std::vector<std::unique_ptr<Text>> running;
  for (const Tokens& tokens : texts) {
    running.push_back(std::make_unique<Text>(machine.shape(kv_type), tokens, 0xFF));
    running.back()->adapter = static_cast<int>(running.size() % (model->adapters().size() + 1)) - 1;
  }
  while (true) {
    std::vector<std::pair<Text*, int64_t>> work;
    for (const auto& text : running) {
      if (text->left() == 0 || rng.Below(3) == 0) continue;
      const int64_t most = std::min<int64_t>(text->left(), rng.Below(2) == 0 ? 1 : 90);
      work.emplace_back(text.get(), 1 + rng.Below(static_cast<uint32_t>(most)));
    }
    if (!work.empty()) machine.Step(work);
    if (std::ranges::all_of(running, [](const auto& text) { return text->left() == 0; })) break;
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(running[i]->logits, Plainly(model, texts[i], kv_type, running[i]->adapter)) << "text " << i;
  }
}

TEST(CpuBackend, ARowIsTheSameHoweverItIsComputed) {
  const std::vector<Tokens> texts = {RandomPrompt(1, 150), RandomPrompt(2, 1), RandomPrompt(3, 70), RandomPrompt(4, 200),
                                     RandomPrompt(5, 64), RandomPrompt(6, 65)};
  for (const auto& [family, experts] : {std::pair("llama", 0), std::pair("llama", 4), std::pair("qwen2", 0),
                                        std::pair("qwen3", 0), std::pair("qwen2moe", 4), std::pair("qwen3moe", 3)}) {
    for (const KvType kv_type : tensor::kKvTypes) {
      SCOPED_TRACE(fmt::format("{} {}", family, Name(kv_type)));
      const auto model = ModelOf(family, experts, tensor::DType::kQ8_0);
      ASSERT_NO_FATAL_FAILURE(ExpectTheSameTogether(model, texts, kv_type, 3, 7));
    }
  }
}

TEST(CpuBackend, ARowIsTheSameWhateverAdaptersRunBesideIt) {
  std::vector<Tokens> texts;
  for (uint64_t i = 0; i < 10; ++i) texts.push_back(RandomPrompt(i, 1 + static_cast<int>(53 * i) % 120));
  for (const auto& [family, experts] : {std::pair("llama", 0), std::pair("qwen2", 0), std::pair("qwen2moe", 4)}) {
    for (const int threads : {1, 3}) {
      SCOPED_TRACE(fmt::format("{}, {} threads", family, threads));
      const TinyAdapters tiny({.family = family, .experts = experts});
      ASSERT_NO_FATAL_FAILURE(ExpectTheSameTogether(tiny.Load(), texts, KvType::kF16, threads, 11));
    }
  }
}

TEST(CpuBackend, ARowIsTheSameInEveryWeightType) {
  using tensor::DType;
  const std::vector<Tokens> texts = {RandomPrompt(1, 90), RandomPrompt(2, 30), RandomPrompt(3, 7)};
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1,
                           DType::kQ8_0, DType::kIQ4_NL}) {
    SCOPED_TRACE(tensor::Info(type).name);
    ASSERT_NO_FATAL_FAILURE(ExpectTheSameTogether(ModelOf("llama", 0, type), texts, KvType::kF16, 2, 8));
  }
}

// Beyond 1,024 positions attention is cut into spans that several threads take.
TEST(CpuBackend, ARowIsTheSameInALongContext) {
  for (const KvType kv_type : tensor::kKvTypes) {
    ASSERT_NO_FATAL_FAILURE(ExpectTheSameTogether(SharedTinyModel(), {RandomPrompt(1, 2'200)}, kv_type, 3, 9));
    ASSERT_NO_FATAL_FAILURE(ExpectTheSameTogether(SharedTinyModel(), {RandomPrompt(1, 1'100), RandomPrompt(2, 40)}, kv_type, 2, 10));
  }
}

}  // namespace
}  // namespace walchen::infer
