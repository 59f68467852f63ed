// SPDX-License-Identifier: Apache-2.0
#include "infer/scoring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "infer/engine_fixture_test.h"

namespace walchen::infer {
namespace {

using Rows = std::vector<std::vector<float>>;

Rows ScoreAll(const Tokens& tokens, const ScoringOptions& options) {
  Rows rows;
  const auto scored = Score(*SharedTinyModel(), tokens, options, [&](int64_t position, std::span<const float> logits) {
    EXPECT_EQ(position, options.last_only ? static_cast<int64_t>(tokens.size()) - 1 : static_cast<int64_t>(rows.size()));
    rows.emplace_back(logits.begin(), logits.end());
    return true;
  });
  EXPECT_TRUE(scored.has_value());
  return rows;
}

TEST(Scoring, GivesTheSameLogitsForEveryChunkAndThreadCount) {
  const Tokens tokens = RandomPrompt(1, 200);
  const Rows rows = ScoreAll(tokens, {.threads = 1});
  ASSERT_EQ(rows.size(), 200u);
  ASSERT_EQ(rows.front().size(), static_cast<size_t>(kTinyVocabulary));
  for (const int chunk : {1, 7, 64, 199, 512}) {
    EXPECT_EQ(ScoreAll(tokens, {.threads = 1 + chunk % 3, .chunk_tokens = chunk}), rows) << chunk;
  }
  EXPECT_EQ(ScoreAll(tokens, {.threads = 2, .last_only = true}), Rows{rows.back()});
  EXPECT_NE(ScoreAll(tokens, {.threads = 2, .kv_type = tensor::KvType::kInt8}), rows);
}

TEST(Scoring, SaysWhatTheEngineAnswers) {
  const auto engine = MakeEngine();
  Tokens tokens = RandomPrompt(2, 30);
  Listener listener;
  GenerateRequest request = GreedyRequest(tokens, 10);
  for (TokenId letter = 'a'; letter <= 'z'; ++letter) request.sampling.logit_bias.emplace_back(letter, 100.0f);
  ASSERT_TRUE(engine->Submit(request, listener.sink()).has_value());
  listener.Wait();
  ASSERT_EQ(listener.tokens().size(), 10u);
  for (const TokenId token : listener.tokens()) {
    std::vector<float> logits = ScoreAll(tokens, {.threads = 1, .last_only = true}).front();
    const auto best = std::max_element(logits.begin() + 'a', logits.begin() + 'z' + 1) - logits.begin();
    ASSERT_EQ(token, best);
    tokens.push_back(token);
  }
}

TEST(Scoring, StopsWhenItsReaderHasEnough) {
  int rows = 0;
  ASSERT_TRUE(Score(*SharedTinyModel(), RandomPrompt(1, 100), {.threads = 1, .chunk_tokens = 10}, [&](int64_t, std::span<const float>) {
    return ++rows < 15;
  }).has_value());
  EXPECT_EQ(rows, 15);
}

TEST(Scoring, RefusesTokensThatTheModelDoesNotKnow) {
  const auto code = [](const Tokens& tokens) {
    const auto scored = Score(*SharedTinyModel(), tokens, {.threads = 1}, [](int64_t, std::span<const float>) { return true; });
    EXPECT_FALSE(scored.has_value());
    return scored ? ErrorCode::kIo : scored.error().code();
  };
  EXPECT_EQ(code({}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({1, kTinyVocabulary}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({-1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(Tokens(4'097, 1)), ErrorCode::kTooLarge);
}

TEST(Scoring, TheLikelihoodsOfAllTokensAddUpToOne) {
  const std::vector<float> logits = {1.0f, -2.0f, 800.0f, 799.0f, 0.5f};
  double sum = 0;
  for (TokenId token = 0; token < 5; ++token) sum += std::exp(-NegativeLogLikelihood(logits, token));
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_NEAR(NegativeLogLikelihood(logits, 2), std::log(1 + std::exp(-1.0)), 1e-12);
}

double MeanNll(const Tokens& window, int64_t counted_from, int64_t& counted) {
  const Rows rows = ScoreAll(window, {.threads = 1});
  double total = 0;
  for (size_t i = static_cast<size_t>(counted_from); i + 1 < window.size(); ++i, ++counted) {
    total += NegativeLogLikelihood(rows[i], window[i + 1]);
  }
  return total;
}

TEST(Perplexity, CountsTheSecondHalfOfEachWholeWindow) {
  const Tokens tokens = RandomPrompt(3, 230);
  for (const int window : {50, 77, 115, 229, 230}) {
    int64_t counted = 0;
    double total = 0;
    for (int begin = 0; begin + window <= 230; begin += window) {
      total += MeanNll(Tokens(tokens.begin() + begin, tokens.begin() + begin + window), window / 2, counted);
    }
    const auto measured = MeasurePerplexity(*SharedTinyModel(), tokens, window, {.threads = 1});
    ASSERT_TRUE(measured.has_value());
    EXPECT_EQ(measured->tokens, counted) << window;
    EXPECT_NEAR(measured->perplexity, std::exp(total / static_cast<double>(counted)), 1e-6 * measured->perplexity) << window;
  }
}

TEST(Perplexity, ATextShorterThanAWindowIsCountedFromItsSecondTokenOn) {
  const Tokens tokens = RandomPrompt(4, 40);
  const auto measured = MeasurePerplexity(*SharedTinyModel(), tokens, 100, {.threads = 1});
  ASSERT_TRUE(measured.has_value());
  int64_t counted = 0;
  const double total = MeanNll(tokens, 0, counted);
  EXPECT_EQ(measured->tokens, 39);
  EXPECT_NEAR(measured->perplexity, std::exp(total / 39), 1e-6 * measured->perplexity);
}

TEST(Perplexity, NeedsTwoTokens) {
  for (const int count : {0, 1}) {
    const auto measured = MeasurePerplexity(*SharedTinyModel(), RandomPrompt(5, count), 100, {.threads = 1});
    ASSERT_FALSE(measured.has_value());
    EXPECT_EQ(measured.error().code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace walchen::infer
