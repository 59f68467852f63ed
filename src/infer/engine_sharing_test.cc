// SPDX-License-Identifier: Apache-2.0
//
// Many requests in one engine: who waits for whom, what they share, and that nobody notices the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <thread>

#include "base/limits.h"
#include "infer/engine_fixture_test.h"

namespace walchen::infer {
namespace {

// Who did what, in the order the engine did it.
class Record {
 public:
  // A request that is written down as "name" for each piece and "name." for its end.
  EventSink Of(const std::string& name, Listener& listener) {
    const EventSink sink = listener.sink();
    return {[this, name, sink](PieceEvent piece) {
              Add(name);
              sink.on_piece(std::move(piece));
            },
            [this, name, sink](EndEvent end) {
              Add(name + ".");
              sink.on_end(std::move(end));
            }};
  }
  size_t First(const std::string& event) const {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::ranges::find(events_, event) - events_.begin());
  }
  // How often it happened before the first `other`.
  int64_t CountBefore(const std::string& event, const std::string& other) const {
    const std::lock_guard lock(mutex_);
    return std::count(events_.begin(), std::ranges::find(events_, other), event);
  }

 private:
  void Add(const std::string& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

// The letters a to z as tokens: every token is a piece of its own.
GenerateRequest Letters(Tokens prompt, int max_tokens) {
  GenerateRequest request = GreedyRequest(std::move(prompt), max_tokens);
  for (TokenId letter = 'a'; letter <= 'z'; ++letter) request.sampling.logit_bias.emplace_back(letter, 100.0f);
  return request;
}

TEST(EngineSharing, AnAnswerGoesOnWhileALongPromptIsRead) {
  const auto engine = MakeEngine();
  Record record;
  Listener answer, prompt;
  const auto running = engine->Submit(Letters(RandomPrompt(1, 5), 3'000), record.Of("answer", answer));
  ASSERT_TRUE(running.has_value());
  answer.WaitForPieces(5);
  const size_t before = answer.pieces().size();
  ASSERT_TRUE(engine->Submit(Letters(RandomPrompt(2, 3'000), 1), record.Of("prompt", prompt)).has_value());
  prompt.Wait();
  engine->Cancel(*running);
  answer.Wait();
  // 128 tokens of the prompt in a step, and in each step a token of the answer.
  EXPECT_GE(record.CountBefore("answer", "prompt") - static_cast<int64_t>(before), 3'000 / 128);
}

TEST(EngineSharing, ShortPromptsDoNotStarveALongOne) {
  const auto engine = MakeEngine();
  Record record;
  Listener prompt;
  std::deque<Listener> others(40);
  Gate gate(*engine);
  ASSERT_TRUE(engine->Submit(Letters(RandomPrompt(1, 2'000), 1), record.Of("long", prompt)).has_value());
  for (size_t i = 0; i < others.size(); ++i) {
    ASSERT_TRUE(engine->Submit(Letters(RandomPrompt(100 + i, 100), 1), record.Of("short", others[i])).has_value());
  }
  gate.Open();
  prompt.Wait();
  for (Listener& other : others) other.Wait();
  EXPECT_GT(record.CountBefore("short.", "long."), 0) << "the shortest go first";
  EXPECT_LT(record.CountBefore("short.", "long."), 40) << "but not all of them";
}

TEST(EngineSharing, EqualPromptsAreReadOnceAndOthersPassTheOneThatWaits) {
  const auto engine = MakeEngine();
  Record record;
  Listener first, second, other;
  Gate gate(*engine);
  const Tokens prompt = RandomPrompt(3, 3'000);
  ASSERT_TRUE(engine->Submit(Letters(prompt, 2), record.Of("first", first)).has_value());
  ASSERT_TRUE(engine->Submit(Letters(prompt, 2), record.Of("second", second)).has_value());
  ASSERT_TRUE(engine->Submit(Letters(RandomPrompt(4, 10), 1), record.Of("other", other)).has_value());
  gate.Open();
  EXPECT_EQ(first.Wait().cached_tokens, 0);
  EXPECT_GE(second.Wait().cached_tokens, 3'000 / 64 * 64);
  other.Wait();
  EXPECT_LT(record.First("other."), record.First("first"));
  EXPECT_EQ(first.text(), second.text());
}

// 200 different requests, in as little memory as the largest of them takes, and one at a time with plenty.
TEST(EngineSharing, AnswersAreTheSameInTightMemory) {
  EngineOptions tight = PagesOf(7);
  tight.prompt_chunk_tokens = 100;
  const auto crowded = MakeEngine(tight), roomy = MakeEngine();
  base::Rng rng(5);
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 200; ++i) {
    Tokens prompt = RandomPrompt(rng.Below(4), 1 + static_cast<int>(rng.Below(300)));
    GenerateRequest request = GreedyRequest(std::move(prompt), 1 + static_cast<int>(rng.Below(30)));
    request.sampling.temperature = rng.Below(2) == 0 ? 0.0f : 1.0f;
    request.sampling.seed = rng.Next64();
    requests.push_back(std::move(request));
  }
  std::deque<Listener> listeners(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(crowded->Submit(requests[i], listeners[i].sink()).has_value());
  }
  int64_t cached = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    cached += listeners[i].Wait().cached_tokens;
    Listener alone;
    ASSERT_TRUE(roomy->Submit(requests[i], alone.sink()).has_value());
    alone.Wait();
    ASSERT_EQ(listeners[i].tokens(), alone.tokens()) << "request " << i;
    ASSERT_EQ(listeners[i].text(), alone.text());
  }
  EXPECT_GT(cached, 0);
}

// Each of them needs every page, and finds a part of its prompt in one that it would have to give up.
TEST(EngineSharing, RequestsThatNeedAllMemoryTakeTurns) {
  const auto engine = MakeEngine(PagesOf(4));
  std::deque<Listener> listeners(6);
  for (Listener& listener : listeners) {
    ASSERT_TRUE(engine->Submit(GreedyRequest(RandomPrompt(6, 150), 4 * 64 - 150), listener.sink()).has_value());
  }
  for (Listener& listener : listeners) EXPECT_EQ(listener.Wait().completion_tokens, 106);
}

TEST(EngineSharing, EightBitKeysAndValuesTakeAboutHalfTheMemoryAndShareTheSame) {
  EngineOptions options = PagesOf(100);
  options.kv_type = tensor::KvType::kInt8;
  const auto engine = MakeEngine(options);
  EXPECT_GT(engine->Stats().kv_bytes_total, 90 * kTinyPageBytes);
  const Answer first = Ask(*engine, GreedyRequest(RandomPrompt(7, 200), 50));
  const Answer second = Ask(*engine, GreedyRequest(RandomPrompt(7, 200), 50));
  EXPECT_EQ(first.text, second.text);
  EXPECT_EQ(second.end.cached_tokens, 199);
  EXPECT_EQ(first.end.completion_tokens, 50);
}

// Finite weights whose products are not: a file that loads, and then computes nonsense.
TEST(EngineSharing, AModelThatOverflowsEndsItsRequestsWithAnError) {
  TinyOptions options;
  options.type = tensor::DType::kF32;
  TinyModel model = MakeTinyModel(options);
  std::string& head = model.Find("output.weight").bytes;
  for (size_t i = 0; i < head.size(); i += sizeof(float)) {
    const float huge = i % 8 == 0 ? 3e38f : -2e38f;
    std::memcpy(head.data() + i, &huge, sizeof(float));
  }
  const auto engine = MakeEngine(PagesOf(20), LoadTinyModel(model));
  Listener listener;
  GenerateRequest request = GreedyRequest(RandomPrompt(8, 70), 5);
  request.sampling.temperature = 1;
  ASSERT_TRUE(engine->Submit(request, listener.sink()).has_value());
  const EndEvent end = listener.Wait();
  EXPECT_EQ(end.reason, FinishReason::kError);
  ASSERT_TRUE(end.error.has_value());
  EXPECT_EQ(end.error->code(), ErrorCode::kCorrupt);
  const auto answer = Generate(*engine, request);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::kCorrupt);
}

// Submits, cancels and reads statistics from many threads: what the thread sanitizer looks at.
TEST(EngineSharing, ManyThreadsUseItAtTheSameTime) {
  EngineOptions options = PagesOf(30);
  options.threads = 2;
  options.max_running = 6;
  const auto engine = MakeEngine(options);
  const std::string expected = Ask(*engine, GreedyRequest(RandomPrompt(9, 40), 12)).text;
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0, cancelled = 0;
  for (uint64_t thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint64_t i = 0; i < 8; ++i) {
        if (thread % 3 == 2) {
          Listener listener;
          const auto id = engine->Submit(GreedyRequest(RandomPrompt(100 + thread * 8 + i, 60), 200), listener.sink());
          ASSERT_TRUE(id.has_value());
          if (i % 2 == 0) listener.WaitForPieces(1);
          engine->Cancel(*id);
          const FinishReason reason = listener.Wait().reason;
          EXPECT_TRUE(reason == FinishReason::kCancelled || reason == FinishReason::kLength);
          ++cancelled;
        } else {
          const auto answer = Generate(*engine, GreedyRequest(RandomPrompt(9, 40), 12));
          ASSERT_TRUE(answer.has_value());
          EXPECT_EQ(answer->text, expected);
          EXPECT_LE(engine->Stats().running, 6);
          ++answered;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 4 * 8);
  EXPECT_EQ(cancelled, 2 * 8);
}

}  // namespace
}  // namespace walchen::infer
