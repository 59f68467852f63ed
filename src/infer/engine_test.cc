// SPDX-License-Identifier: Apache-2.0
#include "infer/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/limits.h"
#include "infer/engine_fixture_test.h"
#include "model/llama_config.h"

namespace walchen::infer {
namespace {

TEST(Engine, TellsPiecesAndThenOneEnd) {
  const auto engine = MakeEngine();
  Listener listener;
  ASSERT_TRUE(engine->Submit(GreedyRequest(RandomPrompt(1, 20), 40), listener.sink()).has_value());
  const EndEvent end = listener.Wait();
  EXPECT_EQ(end.reason, FinishReason::kLength);
  EXPECT_EQ(end.prompt_tokens, 20);
  EXPECT_EQ(end.cached_tokens, 0);
  EXPECT_EQ(end.completion_tokens, 40);
  EXPECT_FALSE(end.error.has_value());
  EXPECT_GT(end.prompt_ms, 0);
  EXPECT_GT(end.decode_ms, 0);
  EXPECT_FALSE(listener.piece_after_end());
  EXPECT_EQ(listener.ends(), 1);
  for (const PieceEvent& piece : listener.pieces()) {
    EXPECT_FALSE(piece.text.empty());
    EXPECT_FALSE(piece.tokens.empty());
    EXPECT_EQ(formats::ValidUtf8Prefix(piece.text), piece.text.size());
  }
  EXPECT_EQ(formats::ReplaceInvalidUtf8(SharedTinyModel()->tokenizer().Decode(listener.tokens())), listener.text());
}

TEST(Engine, GenerateReturnsWhatTheEventsSay) {
  const auto engine = MakeEngine();
  std::string streamed;
  const auto answer = Generate(*engine, GreedyRequest(RandomPrompt(1, 20), 40), [&](std::string_view text) {
    streamed += text;
    return true;
  });
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->text, streamed);
  EXPECT_EQ(answer->end.completion_tokens, 40);
}

TEST(Engine, GenerateStopsWhenItsReaderHasEnough) {
  const auto engine = MakeEngine();
  int pieces = 0;
  const auto answer = Generate(*engine, GreedyRequest(RandomPrompt(2, 10), 3'000), [&](std::string_view) { return ++pieces < 3; });
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->end.reason, FinishReason::kCancelled);
  EXPECT_EQ(pieces, 3);
  EXPECT_LT(answer->end.completion_tokens, 3'000);
}

TEST(Engine, AnEndOfGenerationTokenEndsTheAnswerAndHasNoText) {
  const auto engine = MakeEngine();
  GenerateRequest request = GreedyRequest(RandomPrompt(3, 10), 50);
  request.sampling.logit_bias = {{kTinyImEnd, 100.0f}};
  request.ignore_end_of_generation = false;
  const Answer stopped = Ask(*engine, request);
  EXPECT_EQ(stopped.end.reason, FinishReason::kStop);
  EXPECT_EQ(stopped.end.completion_tokens, 1);
  EXPECT_EQ(stopped.text, "");
  request.ignore_end_of_generation = true;
  const Answer ignored = Ask(*engine, request);
  EXPECT_EQ(ignored.end.reason, FinishReason::kLength);
  EXPECT_EQ(ignored.end.completion_tokens, 50);
  EXPECT_EQ(ignored.text, "");
}

TEST(Engine, WithoutMaxTokensTheContextIsTheLimit) {
  EngineOptions options = PagesOf(2'000);
  options.context_tokens = 100;
  const auto engine = MakeEngine(options);
  EXPECT_EQ(engine->context_tokens(), 100);
  EXPECT_EQ(Ask(*engine, GreedyRequest(RandomPrompt(3, 60), 0)).end.completion_tokens, 40);
}

TEST(Engine, AStopStringEndsTheAnswerBeforeIt) {
  const auto engine = MakeEngine();
  const std::string whole = Ask(*engine, GreedyRequest(RandomPrompt(4, 10), 60)).text;
  GenerateRequest request = GreedyRequest(RandomPrompt(4, 10), 60);
  size_t at = 20;
  while ((static_cast<unsigned char>(whole[at]) & 0xC0) == 0x80) ++at;
  size_t end = at + 4;
  while (end < whole.size() && (static_cast<unsigned char>(whole[end]) & 0xC0) == 0x80) ++end;
  request.stop = {"never said", whole.substr(at, end - at)};
  const Answer answer = Ask(*engine, request);
  EXPECT_EQ(answer.end.reason, FinishReason::kStop);
  EXPECT_EQ(answer.text, whole.substr(0, whole.find(request.stop[1])));
  EXPECT_LT(answer.end.completion_tokens, 60);
}

TEST(Engine, GivesLogprobsForEveryTokenItShows) {
  const auto engine = MakeEngine();
  Listener listener;
  GenerateRequest request = GreedyRequest(RandomPrompt(5, 10), 30);
  request.sampling.top_logprobs = 3;
  ASSERT_TRUE(engine->Submit(request, listener.sink()).has_value());
  listener.Wait();
  for (const PieceEvent& piece : listener.pieces()) {
    ASSERT_EQ(piece.logprobs.size(), piece.tokens.size());
    ASSERT_EQ(piece.top_logprobs.size(), piece.tokens.size());
    for (size_t i = 0; i < piece.tokens.size(); ++i) {
      EXPECT_EQ(piece.logprobs[i].token, piece.tokens[i]);
      EXPECT_LE(piece.logprobs[i].logprob, 0);
      ASSERT_EQ(piece.top_logprobs[i].size(), 3u);
      EXPECT_EQ(piece.top_logprobs[i][0].token, piece.tokens[i]) << "greedy takes the most likely";
    }
  }
}

TEST(Engine, CancelsARunningAnswer) {
  const auto engine = MakeEngine();
  Listener listener;
  const auto id = engine->Submit(GreedyRequest(RandomPrompt(6, 10), 4'000), listener.sink());
  ASSERT_TRUE(id.has_value());
  listener.WaitForPieces(3);
  engine->Cancel(*id);
  EXPECT_EQ(listener.Wait().reason, FinishReason::kCancelled);
  EXPECT_LT(listener.Wait().completion_tokens, 4'000);
  engine->Cancel(*id);
  engine->Cancel(*id + 1'000);
  EXPECT_EQ(Ask(*engine, GreedyRequest(RandomPrompt(6, 10), 5)).end.completion_tokens, 5);
  EXPECT_EQ(listener.ends(), 1);
}

TEST(Engine, CancelsARequestThatHasNotBegun) {
  EngineOptions options = PagesOf(2'000);
  options.max_running = 1;
  const auto engine = MakeEngine(options);
  Listener first, second;
  const auto running = engine->Submit(GreedyRequest(RandomPrompt(7, 10), 4'000), first.sink());
  const auto waiting = engine->Submit(GreedyRequest(RandomPrompt(8, 10), 10), second.sink());
  ASSERT_TRUE(running.has_value() && waiting.has_value());
  first.WaitForPieces(2);
  engine->Cancel(*waiting);
  const EndEvent end = second.Wait();
  EXPECT_EQ(end.reason, FinishReason::kCancelled);
  EXPECT_EQ(end.completion_tokens, 0);
  EXPECT_TRUE(second.pieces().empty());
  EXPECT_EQ(first.ends(), 0);
  engine->Cancel(*running);
  EXPECT_EQ(first.Wait().reason, FinishReason::kCancelled);
}

TEST(Engine, RefusesWhenItsQueueIsFullAndAnswersAllItTook) {
  const auto engine = MakeEngine();
  std::deque<Listener> listeners(static_cast<size_t>(base::kQueueMaxRequests));
  Gate gate(*engine);
  for (Listener& listener : listeners) {
    ASSERT_TRUE(engine->Submit(GreedyRequest(RandomPrompt(1, 5), 2), listener.sink()).has_value());
  }
  EXPECT_EQ(engine->Stats().queued, base::kQueueMaxRequests);
  const auto refused = engine->Submit(GreedyRequest({1}, 1), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
  gate.Open();
  for (Listener& listener : listeners) EXPECT_EQ(listener.Wait().completion_tokens, 2);
}

TEST(Engine, DestroyingItCancelsWhatRunsAndWhatWaits) {
  EngineOptions options = PagesOf(2'000);
  options.max_running = 3;
  std::deque<Listener> listeners(8);
  {
    const auto engine = MakeEngine(options);
    for (Listener& listener : listeners) {
      ASSERT_TRUE(engine->Submit(GreedyRequest(RandomPrompt(9, 10), 4'000), listener.sink()).has_value());
    }
    listeners.front().WaitForPieces(2);
  }
  for (Listener& listener : listeners) {
    EXPECT_EQ(listener.ends(), 1);
    EXPECT_EQ(listener.Wait().reason, FinishReason::kCancelled);
  }
}

TEST(Engine, APromptThatDoesNotFitIsRefusedWithBothNumbers) {
  EngineOptions options = PagesOf(2'000);
  options.context_tokens = 500;
  const auto engine = MakeEngine(options);
  for (const auto& [prompt, max_tokens] : {std::pair(501, 0), std::pair(500, 0), std::pair(480, 21)}) {
    const auto refused = engine->Submit(GreedyRequest(RandomPrompt(1, prompt), max_tokens), {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), ErrorCode::kTooLarge);
    EXPECT_NE(refused.error().message().find(std::to_string(prompt)), std::string::npos) << refused.error().message();
    EXPECT_NE(refused.error().message().find("500"), std::string::npos) << refused.error().message();
  }
  EXPECT_EQ(Ask(*engine, GreedyRequest(RandomPrompt(1, 480), 20)).end.completion_tokens, 20);
  EXPECT_EQ(Ask(*engine, GreedyRequest(RandomPrompt(1, 499), 0)).end.completion_tokens, 1);
}

TEST(Engine, APromptThatDoesNotFitIntoMemoryIsRefusedToo) {
  const auto engine = MakeEngine(PagesOf(3));
  const auto refused = engine->Submit(GreedyRequest(RandomPrompt(1, 190), 3), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message().find("192"), std::string::npos) << refused.error().message();
  EXPECT_EQ(Ask(*engine, GreedyRequest(RandomPrompt(1, 190), 2)).end.completion_tokens, 2);
}

TEST(Engine, RefusesRequestsThatMakeNoSense) {
  const auto engine = MakeEngine();
  const auto code = [&](GenerateRequest request) {
    const auto result = engine->Submit(std::move(request), {});
    EXPECT_FALSE(result.has_value());
    return result ? ErrorCode::kIo : result.error().code();
  };
  const GenerateRequest good = GreedyRequest({1, 2}, 2);
  EXPECT_EQ(code(GreedyRequest({}, 2)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(GreedyRequest({1, -1}, 2)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(GreedyRequest({kTinyVocabulary}, 2)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(GreedyRequest({1}, -1)), ErrorCode::kInvalidArgument);
  GenerateRequest bad = good;
  bad.sampling.top_p = -1;
  EXPECT_EQ(code(bad), ErrorCode::kInvalidArgument);
  bad = good;
  bad.stop = {"fine", ""};
  EXPECT_EQ(code(bad), ErrorCode::kInvalidArgument);
  bad.stop = {std::string(static_cast<size_t>(base::kStopMaxBytes) + 1, 'x')};
  EXPECT_EQ(code(bad), ErrorCode::kInvalidArgument);
  bad.stop.assign(static_cast<size_t>(base::kStopMaxStrings) + 1, "x");
  EXPECT_EQ(code(bad), ErrorCode::kTooLarge);
  EXPECT_EQ(Ask(*engine, good).end.completion_tokens, 2);
}

TEST(Engine, RefusesOptionsThatMakeNoSense) {
  const auto code = [](const EngineOptions& options) {
    const auto engine = Engine::Create(SharedTinyModel(), options);
    EXPECT_FALSE(engine.has_value());
    return engine ? ErrorCode::kIo : engine.error().code();
  };
  EXPECT_EQ(code({.threads = -1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.threads = static_cast<int>(base::kThreadsMax) + 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.context_tokens = -1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.context_tokens = 5'000}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.kv_bytes = -1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.max_running = 0}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.prompt_chunk_tokens = 0}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.kv_bytes = int64_t{1} << 60}), ErrorCode::kResourceExhausted);
}

TEST(Engine, FindsTheBeginningOfAPromptThatItHasReadBefore) {
  const auto engine = MakeEngine();
  const Tokens prompt = RandomPrompt(10, 300);
  const Answer first = Ask(*engine, GreedyRequest(prompt, 20));
  const Answer second = Ask(*engine, GreedyRequest(prompt, 20));
  EXPECT_EQ(first.end.cached_tokens, 0);
  EXPECT_EQ(second.end.cached_tokens, 299);
  EXPECT_EQ(first.text, second.text);

  Tokens conversation = prompt;  // the next turn of a conversation: answer and all
  Listener listener;
  ASSERT_TRUE(engine->Submit(GreedyRequest(prompt, 20), listener.sink()).has_value());
  listener.Wait();
  for (const TokenId token : listener.tokens()) conversation.push_back(token);
  const auto known = static_cast<int>(conversation.size()) - 1;  // the last token was never computed
  conversation.push_back(5);
  EXPECT_GE(Ask(*engine, GreedyRequest(conversation, 3)).end.cached_tokens, known - 1);
}

TEST(Engine, CountsWhatItDoes) {
  const auto engine = MakeEngine(PagesOf(50));
  EXPECT_EQ(engine->Stats().kv_bytes_total, 50 * kTinyPageBytes);
  Ask(*engine, GreedyRequest(RandomPrompt(11, 100), 10));
  Ask(*engine, GreedyRequest(RandomPrompt(11, 100), 10));
  const Gate gate(*engine);  // the engine's thread is past the bookkeeping of the two
  const EngineStats stats = engine->Stats();
  EXPECT_EQ(stats.prompt_tokens, 100 + 1 + 1);
  EXPECT_EQ(stats.cached_tokens, 99);
  EXPECT_EQ(stats.completion_tokens, 10 + 10 + 1);
  EXPECT_EQ(stats.queued, 0);
}

TEST(Engine, KeepsMemoryForTheAnswerWhileItRunsAndGivesItBack) {
  const auto engine = MakeEngine(PagesOf(50));
  Listener listener;
  const auto id = engine->Submit(GreedyRequest(RandomPrompt(12, 10), 1'000), listener.sink());
  ASSERT_TRUE(id.has_value());
  listener.WaitForPieces(3);
  EXPECT_EQ(engine->Stats().running, 1);
  EXPECT_EQ(engine->Stats().kv_bytes_used, 16 * kTinyPageBytes);
  engine->Cancel(*id);
  listener.Wait();
  const Gate gate(*engine);
  EXPECT_EQ(engine->Stats().running, 0);
  EXPECT_EQ(engine->Stats().kv_bytes_used, 0);
}

}  // namespace
}  // namespace walchen::infer
