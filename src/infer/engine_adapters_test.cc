// SPDX-License-Identifier: Apache-2.0
//
// Several adapters beside one model: each answers as the model it was made into, and nobody notices the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "infer/engine_fixture_test.h"
#include "infer/mixed_sequence.h"
#include "infer/scoring.h"
#include "infer/tiny_adapters_test.h"

namespace walchen::infer {
namespace {

GenerateRequest With(const std::string& adapter, GenerateRequest request) {
  request.adapter = adapter;
  return request;
}

std::vector<std::vector<float>> LogitsOf(const ModelFile& model, const Tokens& tokens, const std::string& adapter) {
  std::vector<std::vector<float>> rows;
  const auto scored = Score(model, tokens, {.threads = 1, .kv_type = tensor::KvType::kF32, .adapter = adapter},
                            [&](int64_t, std::span<const float> logits) {
                              rows.emplace_back(logits.begin(), logits.end());
                              return true;
                            });
  EXPECT_TRUE(scored.has_value()) << scored.error().message();
  return rows;
}

// The same sums of products, in another order: W + b a is rounded once per weight and x (W + b a) once per column. With 128
// columns at most, and two layers that pass errors on, 1e-4 of the largest logit is a hundred roundings of 2^-24 times 16.
TEST(EngineAdapters, AnAdapterComputesWhatTheModelItIsMergedIntoComputes) {
  const TinyAdapters tiny({.type = tensor::DType::kF32});
  const auto model = tiny.Load();
  const auto engine = MakeEngine(PagesOf(200), model);
  const Tokens text = RandomPrompt(1, 90);
  const auto plain = LogitsOf(*model, text, "");
  for (const AdapterSource& adapter : tiny.sources()) {
    const auto merged = ModelFile::Load(base::Files::Os(), tiny.Merged(adapter), {.threads = 1}).value();
    const auto expected = LogitsOf(*merged, text, ""), logits = LogitsOf(*model, text, adapter.name);
    ASSERT_EQ(logits.size(), expected.size());
    float largest = 0, difference = 0, change = 0;
    for (size_t row = 0; row < logits.size(); ++row) {
      for (size_t i = 0; i < logits[row].size(); ++i) {
        largest = std::max(largest, std::fabs(expected[row][i]));
        difference = std::max(difference, std::fabs(logits[row][i] - expected[row][i]));
        change = std::max(change, std::fabs(logits[row][i] - plain[row][i]));
      }
    }
    EXPECT_LT(difference, 1e-4f * largest) << adapter.name;
    EXPECT_GT(change, 0.05f * largest) << adapter.name << " must change something, or this test sees nothing";
    const auto merged_engine = MakeEngine(PagesOf(200), merged);
    for (const uint64_t seed : {1, 2, 3}) {
      const GenerateRequest request = GreedyRequest(RandomPrompt(seed, 30), 40);
      EXPECT_EQ(Ask(*engine, With(adapter.name, request)).text, Ask(*merged_engine, request).text) << adapter.name;
    }
  }
}

// Each request alone in an engine of its own, the ones without an adapter in an engine that has none; then all of them at
// once, in steps and memory of several sizes.
TEST(EngineAdapters, ARequestGetsTheSameAnswerWhateverRunsBesideIt) {
  const TinyAdapters tiny({.type = tensor::DType::kQ4_1});
  const auto model = tiny.Load(), plain = tiny.Plain();
  std::vector<GenerateRequest> requests;
  std::vector<std::string> alone;
  for (uint64_t i = 0; i < 16; ++i) {
    const std::string adapter = i % 4 == 0 ? "" : tiny.sources()[i % 4 - 1].name;
    GenerateRequest request = With(adapter, GreedyRequest(RandomPrompt(i / 8, 5 + static_cast<int>(37 * i) % 150), 30));
    request.sampling.temperature = i % 2 == 0 ? 0.0f : 0.9f;
    request.sampling.seed = i;
    alone.push_back(Ask(*MakeEngine(PagesOf(20), adapter.empty() ? plain : model), request).text);
    requests.push_back(std::move(request));
  }
  const EngineOptions loads[] = {
      {.threads = 1, .kv_bytes = 100 * kTinyPageBytes},
      {.threads = 2, .kv_bytes = 12 * kTinyPageBytes, .max_running = 5, .prompt_chunk_tokens = 7},
      {.threads = 3, .kv_bytes = 40 * kTinyPageBytes, .max_running = 16, .prompt_chunk_tokens = 33}};
  for (const EngineOptions& load : loads) {
    const auto engine = MakeEngine(load, model);
    for (int round = 0; round < 2; ++round) {  // the second finds what the first left in the cache
      std::deque<Listener> listeners(requests.size());
      {
        Gate gate(*engine);
        for (size_t i = 0; i < requests.size(); ++i) ASSERT_TRUE(engine->Submit(requests[i], listeners[i].sink()).has_value());
      }
      for (size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(listeners[i].Wait().reason, FinishReason::kLength);
        EXPECT_EQ(listeners[i].text(), alone[i]) << "request " << i << ", adapter \"" << requests[i].adapter << "\"";
      }
    }
  }
}

TEST(EngineAdapters, WhatOneAdapterComputedIsNeverUsedByAnother) {
  const TinyAdapters tiny({.type = tensor::DType::kQ4_1});
  const auto engine = MakeEngine(PagesOf(100), tiny.Load());
  const GenerateRequest request = GreedyRequest(RandomPrompt(5, 200), 20);
  std::vector<std::string> first;
  for (const char* adapter : {"", "all", "other", "some"}) {
    const Answer answer = Ask(*engine, With(adapter, request));
    EXPECT_EQ(answer.end.cached_tokens, 0) << adapter;
    for (const std::string& other : first) EXPECT_NE(answer.text, other) << adapter;
    first.push_back(answer.text);
  }
  for (const char* adapter : {"some", "other", "all", ""}) {
    const Answer answer = Ask(*engine, With(adapter, request));
    EXPECT_EQ(answer.end.cached_tokens, 199) << adapter;
    EXPECT_EQ(answer.text, first.back()) << adapter;
    first.pop_back();
  }
}

// The shorter prompt is read first. Would it wait for the beginning that it has in common with the longer one, it ended last.
TEST(EngineAdapters, ARequestDoesNotWaitForABeginningThatAnotherAdapterReads) {
  const TinyAdapters tiny;
  const auto engine = MakeEngine({.threads = 1, .kv_bytes = 100 * kTinyPageBytes, .prompt_chunk_tokens = 16}, tiny.Load());
  std::vector<std::string> ended;  // written by the engine's thread, read when all have ended
  std::deque<Listener> listeners(2);
  {
    Gate gate(*engine);
    for (const auto& [adapter, tokens] : {std::pair("all", 129), std::pair("", 65)}) {
      Listener& listener = listeners[*adapter == '\0' ? 1 : 0];
      EventSink sink = listener.sink();
      sink.on_end = [&ended, adapter, on_end = sink.on_end](EndEvent end) {
        ended.emplace_back(adapter);
        on_end(std::move(end));
      };
      ASSERT_TRUE(engine->Submit(With(adapter, GreedyRequest(RandomPrompt(1, tokens), 1)), sink).has_value());
    }
  }
  for (Listener& listener : listeners) EXPECT_EQ(listener.Wait().cached_tokens, 0);
  EXPECT_EQ(ended, (std::vector<std::string>{"", "all"}));
}

TEST(EngineAdapters, AMixedSequenceReadsItsTextWithTheAdapter) {
  const TinyAdapters tiny;
  const auto model = tiny.Load();
  const Tokens text = RandomPrompt(3, 70);
  for (const char* adapter : {"", "some", "all"}) {
    std::vector<float> expected;
    ASSERT_TRUE(Score(*model, text, {.threads = 1, .last_only = true, .adapter = adapter}, [&](int64_t, std::span<const float> logits) {
      expected.assign(logits.begin(), logits.end());
      return true;
    }));
    const auto sequence = MixedSequence::Open(base::Files::Os(), model, {}, {}, {.threads = 2, .slots_max = 128, .adapter = adapter});
    ASSERT_TRUE(sequence) << sequence.error().message();
    EXPECT_EQ((*sequence)->Text(text).value(), expected) << adapter;
  }
  EXPECT_FALSE(MixedSequence::Open(base::Files::Os(), model, {}, {}, {.threads = 1, .adapter = "verse"}));
}

TEST(EngineAdapters, AnUnknownNameIsAnErrorWithTheNamesThereAre) {
  const TinyAdapters tiny;
  const auto refused = [](const std::shared_ptr<const ModelFile>& model) {
    const auto answer = Generate(*MakeEngine(PagesOf(20), model), With("verse", GreedyRequest({1}, 1)));
    EXPECT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
    return std::string(answer.error().message());
  };
  EXPECT_NE(refused(tiny.Load()).find("\"verse\"; loaded are: all, other, some"), std::string::npos);
  EXPECT_NE(refused(tiny.Plain()).find("none is loaded"), std::string::npos);
}

TEST(EngineAdapters, RefusesNamesThatCannotBe) {
  const TinyAdapters tiny;
  const base::Path path = tiny.sources()[0].path;
  const auto message = [&](const std::vector<AdapterSource>& adapters) {
    const auto model = tiny.TryLoad(adapters);
    return model ? "" : std::string(model.error().message());
  };
  EXPECT_EQ(message({{"a", path}, {"B-2_c.d", path}}), "");
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a/b"), std::string("ä"), std::string(65, 'a')}) {
    EXPECT_NE(message({{name, path}}).find("an adapter's name"), std::string::npos) << name;
  }
  EXPECT_NE(message({{"a", path}, {"a", path}}).find("two adapters are named a"), std::string::npos);
  EXPECT_NE(message({{"a", "nothing.gguf"}}).find("nothing.gguf"), std::string::npos);
  EXPECT_NE(message(std::vector<AdapterSource>(300, {"a", path})).find("300 adapters"), std::string::npos);
}

}  // namespace
}  // namespace walchen::infer
