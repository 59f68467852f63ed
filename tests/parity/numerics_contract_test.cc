// SPDX-License-Identifier: Apache-2.0
//
// DESIGN's numerics contract, from the outside: the engine says what the reference backend's exact mode says, and the same
// request gets the same answer whatever else runs, however it is chunked, batched, cached, evicted or threaded.
//
// Small random models always; SmolLM2 too where its file is there (make check fetches it).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <set>
#include <thread>

#include "infer/engine_fixture_test.h"
#include "infer/tiny_adapters_test.h"
#include "reference_run.h"
#include "tensor/kernels/kernels.h"

namespace walchen::infer {
namespace {

class NumericsContractOnSmolLm2 : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "too slow under a sanitizer";
    path_ = RealModelPath();
    if (path_.empty()) GTEST_SKIP() << "no SmolLM2-135M-Instruct.Q4_1.gguf; make check fetches it, or set WALCHEN_TEST_MODEL";
    auto loaded = ModelFile::Load(base::Files::Os(), path_, {});
    ASSERT_TRUE(loaded.has_value()) << loaded.error().ToString();
    model_ = *loaded;
  }

  base::Path path_;
  std::shared_ptr<const ModelFile> model_;
};

double LargestDifference(const Rows& a, const Rows& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a[i].size(); ++j) largest = std::max(largest, std::fabs(double{a[i][j]} - b[i][j]));
  }
  return largest;
}

// --- The same as the reference

TEST(NumericsContract, EveryCpuPathComputesWhatTheReferenceComputes) {
  using tensor::DType;
  std::vector<TinyOptions> models;
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kIQ4_NL}) {
    models.emplace_back().type = type;
  }
  for (const char* family : {"qwen2", "qwen3"}) models.emplace_back().family = family;
  for (const char* family : {"llama", "qwen2moe", "qwen3moe"}) {
    models.emplace_back().family = family;
    models.back().experts = 4;
  }
  const std::vector<Tokens> texts = {RandomPrompt(1, 40), RandomPrompt(2, 90), RandomPrompt(3, 1)};
  for (const TinyOptions& options : models) {
    const TinyFile file(MakeTinyModel(options));
    for (const tensor::KvType kv_type : tensor::kKvTypes) {
      const std::vector<Rows> expected = Reference(file.path(), Numerics::kExact, kv_type).Score(texts);
      for (const tensor::KernelTable* table : tensor::AllKernels()) {
        if (!table->supported()) continue;
        SCOPED_TRACE(fmt::format("{} {} {} cache {}", table->name, options.family, tensor::Info(options.type).name, Name(kv_type)));
        const auto model = LoadFor(*table, file.path());
        for (size_t i = 0; i < texts.size(); ++i) {
          const Rows rows = ScoreOnCpu(*model, texts[i], kv_type);
          // SSE4 has no fused multiply-add: each step rounds twice, and a rounding to int8 may fall the other way.
          if (table->name == "sse4") {
            ASSERT_LT(LargestDifference(rows, expected[i]), 0.5);
          } else {
            ASSERT_EQ(rows, expected[i]);
          }
        }
      }
    }
  }
  for (const tensor::KernelTable* table : tensor::AllKernels()) {
    if (!table->supported()) std::cout << "skipped: this CPU cannot run " << table->name << "\n";
  }
}

// Texts with three adapters and with none, bit for bit; and the reference with an adapter says what it says of the model that
// the adapter was merged into.
TEST(NumericsContract, EveryCpuPathComputesAdaptersAsTheReferenceDoes) {
  std::vector<Tokens> texts;
  for (const uint64_t i : {1, 2, 3, 4}) texts.push_back(RandomPrompt(i, static_cast<int>(90 - 20 * i)));
  for (const auto& [family, type] : {std::pair("llama", tensor::DType::kF32), std::pair("llama", tensor::DType::kQ4_1),
                                     std::pair("qwen2", tensor::DType::kQ8_0), std::pair("qwen3", tensor::DType::kBF16)}) {
    const TinyAdapters tiny({.family = family, .type = type});
    Reference reference(tiny.base(), Numerics::kExact, tensor::KvType::kF16, tiny.paths());
    const std::vector<Rows> expected = reference.Score(texts);
    for (const tensor::KernelTable* table : tensor::AllKernels()) {
      if (!table->supported()) continue;
      SCOPED_TRACE(fmt::format("{} {} {}", table->name, family, tensor::Info(type).name));
      const auto model = LoadFor(*table, tiny.base(), tiny.sources());
      for (size_t i = 0; i < texts.size(); ++i) {
        const int adapter = reference.AdapterOf(i);
        const std::string name = adapter < 0 ? "" : tiny.sources()[static_cast<size_t>(adapter)].name;
        const Rows rows = ScoreOnCpu(*model, texts[i], tensor::KvType::kF16, name);
        if (table->name == "sse4") {
          ASSERT_LT(LargestDifference(rows, expected[i]), 0.5);
        } else {
          ASSERT_EQ(rows, expected[i]) << name;
        }
      }
    }
  }
  const TinyAdapters tiny({.type = tensor::DType::kF32});
  for (const AdapterSource& adapter : tiny.sources()) {
    const Rows with = Reference(tiny.base(), Numerics::kFloat, tensor::KvType::kF32, {adapter.path}).Score({texts[0]})[0];
    const Rows merged = Reference(tiny.Merged(adapter), Numerics::kFloat).Score({texts[0]})[0];
    EXPECT_LT(LargestDifference(with, merged), 1e-3) << adapter.name << ": W + b a is rounded to float once per weight";
  }
}

TEST_F(NumericsContractOnSmolLm2, GreedyAnswersAreTheReferences) {
  const std::vector<std::string> prompts = {
      "The capital of France is", "Die Donau fließt durch", "def fibonacci(n):", "1, 2, 3, 4,", "Once upon a time",
      "Water boils at", "<p>Hello", "E = mc", "🙂 means", "To be or not"};
  const auto engine = MakeEngine({.threads = 2, .kv_bytes = 100'000'000}, model_);
  std::vector<Tokens> asked, texts;
  std::deque<Listener> listeners(prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) {
    asked.push_back(model_->tokenizer().Encode(prompts[i]));
    GenerateRequest request = GreedyRequest(asked.back(), 16);
    request.sampling.top_logprobs = 0;
    ASSERT_TRUE(engine->Submit(request, listeners[i].sink()).has_value());
  }
  for (size_t i = 0; i < prompts.size(); ++i) {
    listeners[i].Wait();
    Tokens text = asked[i];
    for (const TokenId token : listeners[i].tokens()) text.push_back(token);
    texts.push_back(std::move(text));
  }
  // If each token of the answer is the reference's choice after the ones before it, then the answer is the reference's.
  const std::vector<Rows> expected = Reference(path_, Numerics::kExact).Score(texts);
  int compared = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t at = asked[i].size(); at < texts[i].size(); ++at, ++compared) {
      const std::vector<float>& logits = expected[i][at - 1];
      ASSERT_EQ(texts[i][at], std::ranges::max_element(logits) - logits.begin()) << prompts[i];
    }
    if (tensor::ChooseKernels().value()->name != "sse4") {
      ASSERT_EQ(ScoreOnCpu(*model_, texts[i]), expected[i]) << prompts[i];
    }
  }
  EXPECT_GE(compared, 10 * 16 - 10) << "tokens without text at an answer's end are not told";
}

// --- The same whatever else runs

// How one engine is set up and used: `bursts` times so many equal requests at a time, among others.
struct Load {
  EngineOptions options;
  int bursts = 1;
  int equal = 0;
  int others = 0;
  int longest_other = 0;
};

struct Outcome {
  std::set<std::pair<Tokens, std::string>> answers;
  int answered = 0;
  int cold = 0;  // nothing of the prompt was in the cache
  int warm = 0;
  int cancelled = 0;
};

class MixedLoad {
 public:
  MixedLoad(const std::shared_ptr<const ModelFile>& model, const Load& load, uint64_t seed)
      : model_(model), load_(load), rng_(seed), engine_(MakeEngine(load.options, model)) {}

  void Ask(const GenerateRequest& request, Outcome& outcome) {
    for (int burst = 0; burst < load_.bursts; ++burst) {
      if (burst % 2 == 1) Flood();
      Burst(request, outcome);
    }
  }

 private:
  GenerateRequest Other() {
    Tokens prompt;
    const uint32_t size = 1 + rng_.Below(static_cast<uint32_t>(load_.longest_other));
    while (prompt.size() < size) prompt.push_back(static_cast<TokenId>(rng_.Below(static_cast<uint32_t>(model_->config().vocabulary))));
    GenerateRequest request = GreedyRequest(std::move(prompt), 1 + static_cast<int>(rng_.Below(20)));
    request.sampling.temperature = rng_.Below(2) == 0 ? 0.0f : 1.3f;
    request.sampling.seed = rng_.Next64();
    return request;
  }

  // A request that reserves all memory, so that everything that was kept is evicted.
  void Flood() {
    GenerateRequest request = Other();
    request.max_tokens = 0;
    Listener listener;
    const auto id = engine_->Submit(request, listener.sink());
    ASSERT_TRUE(id.has_value()) << id.error().message();
    listener.WaitForPieces(1);
    engine_->Cancel(*id);
    listener.Wait();
  }

  void Burst(const GenerateRequest& request, Outcome& outcome) {
    std::deque<Listener> equal, others;
    std::vector<RequestId> to_cancel;
    int equal_left = load_.equal, others_left = load_.others;
    while (equal_left + others_left > 0) {
      const bool other = rng_.Below(static_cast<uint32_t>(equal_left + others_left)) < static_cast<uint32_t>(others_left);
      Listener& listener = (other ? others : equal).emplace_back();
      const auto id = engine_->Submit(other ? Other() : request, listener.sink());
      ASSERT_TRUE(id.has_value()) << id.error().message();
      --(other ? others_left : equal_left);
      if (other && rng_.Below(2) == 0) to_cancel.push_back(*id);
      if (rng_.Below(4) == 0) std::this_thread::sleep_for(std::chrono::microseconds(rng_.Below(3'000)));
      if (!to_cancel.empty() && rng_.Below(3) == 0) {
        engine_->Cancel(to_cancel.back());
        to_cancel.pop_back();
      }
    }
    for (Listener& listener : equal) {
      const EndEvent end = listener.Wait();
      EXPECT_EQ(end.reason, FinishReason::kLength);
      outcome.answers.emplace(listener.tokens(), listener.text());
      ++outcome.answered;
      ++(end.cached_tokens == 0 ? outcome.cold : outcome.warm);
    }
    for (Listener& listener : others) outcome.cancelled += listener.Wait().reason == FinishReason::kCancelled ? 1 : 0;
  }

  std::shared_ptr<const ModelFile> model_;
  Load load_;
  base::Rng rng_;
  std::unique_ptr<Engine> engine_;
};

Outcome AnswersUnder(const std::vector<Load>& loads, const std::shared_ptr<const ModelFile>& model, const GenerateRequest& request) {
  Outcome outcome;
  for (size_t i = 0; i < loads.size(); ++i) MixedLoad(model, loads[i], i).Ask(request, outcome);
  return outcome;
}

// Threads, steps, memory and neighbours of every kind. `page_bytes` and `longest` are the model's.
std::vector<Load> VariedLoads(int64_t page_bytes, int bursts, int equal, int others, int longest_other) {
  std::vector<Load> loads;
  const auto add = [&](int threads, int64_t pages, int max_running, int prompt_chunk_tokens) {
    loads.push_back({.options = {.threads = threads, .kv_bytes = pages * page_bytes, .max_running = max_running,
                                 .prompt_chunk_tokens = prompt_chunk_tokens},
                     .bursts = bursts, .equal = equal, .others = others, .longest_other = longest_other});
  };
  add(2, 40, 64, 512);
  add(1, 24, 64, 100);
  add(2, 12, 8, 7);
  add(1, 60, 3, 64);
  add(3, 20, 17, 33);
  return loads;
}

void ExpectOneAnswer(const std::vector<Load>& loads, const std::shared_ptr<const ModelFile>& model, const GenerateRequest& request,
                     int requests) {
  const Outcome outcome = AnswersUnder(loads, model, request);
  EXPECT_EQ(outcome.answers.size(), 1u);
  EXPECT_EQ(outcome.answered, requests);
  EXPECT_GT(outcome.cold, 0) << "the load must evict";
  EXPECT_GT(outcome.warm, 0) << "the load must share";
  EXPECT_GT(outcome.cancelled, 0);
}

GenerateRequest Sampled(GenerateRequest request) {
  request.sampling.temperature = 0.8f;
  request.sampling.seed = 1'924;
  return request;
}

TEST(NumericsContract, AThousandEqualRequestsOfATinyModelGetOneAnswer) {
  const GenerateRequest request = GreedyRequest(RandomPrompt(77, 150), 16);
  const std::vector<Load> loads = VariedLoads(kTinyPageBytes, 10, 20, 10, 200);
  ExpectOneAnswer(loads, SharedTinyModel(), request, 1'000);
  ExpectOneAnswer(loads, SharedTinyModel(), Sampled(request), 1'000);
}

// Less than a page, exactly one, one and a token.
TEST(NumericsContract, EqualRequestsGetOneAnswerWhateverTheirLength) {
  for (const int prompt : {3, 64, 65}) {
    SCOPED_TRACE(prompt);
    const std::vector<Load> loads = VariedLoads(kTinyPageBytes, 4, 10, 6, 200);
    ExpectOneAnswer(loads, SharedTinyModel(), Sampled(GreedyRequest(RandomPrompt(77, prompt), 16)), 200);
  }
}

TEST(NumericsContract, EqualRequestsOfEveryFamilyGetOneAnswer) {
  const GenerateRequest request = Sampled(GreedyRequest(RandomPrompt(78, 100), 16));
  for (const auto& [family, experts] : {std::pair("llama", 4), std::pair("qwen2", 0), std::pair("qwen3", 0), std::pair("qwen2moe", 3)}) {
    SCOPED_TRACE(family);
    TinyOptions options;
    options.family = family;
    options.experts = experts;
    options.type = tensor::DType::kQ4_1;
    std::vector<Load> loads = VariedLoads(kTinyPageBytes, 4, 10, 6, 200);
    for (Load& load : loads) load.options.kv_type = tensor::KvType::kInt8;
    ExpectOneAnswer(loads, LoadTinyModel(options), request, 200);
  }
}

TEST_F(NumericsContractOnSmolLm2, AThousandEqualRequestsGetOneAnswer) {
  constexpr int64_t kPageBytes = 30 * 3 * 64 * 64 * 2 * 2;  // 30 layers, 3 KV heads of 64, halves of keys and values
  const Tokens prompt = model_->tokenizer().Encode(
      "<|im_start|>user\nWhy is the sky blue, and why are sunsets red? Answer in one short sentence, in plain words that a "
      "child of six would understand, please, and do not use the word light more than once in it. Begin with a capital "
      "letter, end with a full stop, and do not use any numbers, any names, or any words of another language.<|im_end|>\n"
      "<|im_start|>assistant\n", true);
  ASSERT_GT(prompt.size(), 64u) << "one page must be full, or nothing is shared";
  const std::vector<Load> loads = VariedLoads(kPageBytes, 2, 50, 6, 100);
  ExpectOneAnswer(loads, model_, GreedyRequest(prompt, 16), 500);
  ExpectOneAnswer(loads, model_, Sampled(GreedyRequest(prompt, 16)), 500);
}

}  // namespace
}  // namespace walchen::infer
