// SPDX-License-Identifier: Apache-2.0
#include "infer/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

#include "base/limits.h"

namespace walchen::infer {
namespace {

using Logits = std::vector<float>;

Logits RandomLogits(uint64_t seed, int count, double deviation) {
  base::Rng rng(seed);
  Logits logits(static_cast<size_t>(count));
  for (float& logit : logits) logit = static_cast<float>(rng.Normal() * deviation);
  return logits;
}

const tensor::KernelTable& Kernels() { return *tensor::ChooseKernels().value(); }

SampledToken Next(Sampler& sampler, Logits logits) { return sampler.Next(logits); }

TokenId NextToken(const SamplingOptions& options, const Logits& logits, const std::vector<TokenId>& prompt = {0}) {
  Sampler sampler(Kernels(), options, prompt, static_cast<int>(logits.size()));
  return Next(sampler, logits).token;
}

// --- The definition, as plainly as it can be said: what probability each token has under the options.

using Distribution = std::map<TokenId, double>;

void Renormalise(Distribution& p) {
  double total = 0;
  for (const auto& [token, share] : p) total += share;
  for (auto& [token, share] : p) share /= total;
}

// Keeps the tokens that come first by `rank` until `enough(how many are kept, their probability)`.
void KeepFirst(Distribution& p, const std::function<double(double)>& rank, const std::function<bool(size_t, double)>& enough) {
  std::vector<std::pair<double, TokenId>> order;
  for (const auto& [token, share] : p) order.emplace_back(rank(share), token);
  std::ranges::sort(order);
  Distribution kept;
  double sum = 0;
  for (const auto& [unused, token] : order) {
    if (enough(kept.size(), sum)) break;
    kept[token] = p[token];
    sum += p[token];
  }
  p = kept;
  Renormalise(p);
}

Distribution Define(const SamplingOptions& o, const Logits& logits) {
  Distribution p;
  const float max = *std::ranges::max_element(logits);
  for (size_t i = 0; i < logits.size(); ++i) p[static_cast<TokenId>(i)] = std::exp((double{logits[i]} - max) / o.temperature);
  Renormalise(p);
  const auto likely_first = [](double share) { return -share; };
  if (o.top_k > 0) KeepFirst(p, likely_first, [&](size_t kept, double) { return kept == static_cast<size_t>(o.top_k); });
  if (o.typical_p < 1) {
    double entropy = 0;
    for (const auto& [token, share] : p) entropy -= share * std::log(share);
    KeepFirst(p, [&](double share) { return std::fabs(-std::log(share) - entropy); },
              [&](size_t, double sum) { return sum >= o.typical_p; });
  }
  if (o.top_p < 1) KeepFirst(p, likely_first, [&](size_t, double sum) { return sum >= o.top_p; });
  double most = 0;
  for (const auto& [token, share] : p) most = std::max(most, share);
  std::erase_if(p, [&](const auto& entry) { return entry.second < o.min_p * most; });
  Renormalise(p);
  return p;
}

// Draws many tokens; fails if one is impossible or if the counts are less likely than one in a million.
void ExpectDraws(const SamplingOptions& options, const Logits& logits, const Distribution& expected, int draws) {
  std::map<TokenId, int> counts;
  Sampler sampler(Kernels(), options, std::vector<TokenId>{0}, static_cast<int>(logits.size()));
  for (int i = 0; i < draws; ++i) ++counts[Next(sampler, logits).token];
  for (const auto& [token, count] : counts) {
    ASSERT_TRUE(expected.contains(token)) << "token " << token << " was drawn " << count << " times, but was dropped";
  }
  double chi2 = 0, rare_expected = 0, rare_count = 0;
  int freedom = 0;
  for (const auto& [token, share] : expected) {
    if (share * draws < 10) {  // together: chi-square wants more than a handful in each class
      rare_expected += share * draws;
      rare_count += counts[token];
      continue;
    }
    chi2 += std::pow(counts[token] - share * draws, 2) / (share * draws);
    ++freedom;
  }
  if (rare_expected > 0) chi2 += std::pow(rare_count - rare_expected, 2) / std::max(rare_expected, 1.0);
  // Wilson and Hilferty's approximation at 4.75 standard deviations.
  const double n = std::max(freedom, 1);
  EXPECT_LT(chi2, n * std::pow(1 - 2 / (9 * n) + 4.75 * std::sqrt(2 / (9 * n)), 3) + 10);
}

TEST(Sampler, TemperatureZeroTakesTheFirstOfTheMostLikely) {
  EXPECT_EQ(NextToken({.temperature = 0}, {1, 5, 3, 5, 2}), 1);
  EXPECT_EQ(NextToken({.temperature = 0, .top_k = 3, .top_p = 0.1f, .seed = 99}, {-4, -3, -2, -1}), 3);
  EXPECT_EQ(NextToken({.temperature = 0}, {7}), 0);
}

TEST(Sampler, DrawsFromTheModelsOwnDistributionByDefault) {
  const Logits logits = RandomLogits(1, 40, 1.5);
  ExpectDraws({.seed = 3}, logits, Define({}, logits), 100'000);
}

TEST(Sampler, EachOptionMeansWhatItsDefinitionSays) {
  const Logits logits = RandomLogits(2, 30, 1.5);
  for (const SamplingOptions& options : std::vector<SamplingOptions>{{.temperature = 0.3f},
                                                                     {.temperature = 4.5f},
                                                                     {.top_k = 1},
                                                                     {.top_k = 7},
                                                                     {.top_k = 1'000},
                                                                     {.top_p = 0.05f},
                                                                     {.top_p = 0.7f},
                                                                     {.top_p = 0.9999f},
                                                                     {.min_p = 0.1f},
                                                                     {.min_p = 1.0f},
                                                                     {.typical_p = 0.2f},
                                                                     {.typical_p = 0.9f}}) {
    ExpectDraws(options, logits, Define(options, logits), 20'000);
  }
}

TEST(Sampler, CombinationsOfOptionsMeanWhatTheirDefinitionsSayInOrder) {
  base::Rng rng(7);
  const auto pick = [&](std::initializer_list<float> values) { return std::data(values)[rng.Below(static_cast<uint32_t>(values.size()))]; };
  for (int round = 0; round < 150; ++round) {
    const SamplingOptions options = {.temperature = pick({0.5f, 1.0f, 1.7f}),
                                     .top_k = static_cast<int>(pick({0, 0, 3, 8, 20})),
                                     .top_p = pick({1.0f, 0.95f, 0.6f, 0.2f}),
                                     .min_p = pick({0.0f, 0.0f, 0.03f, 0.3f}),
                                     .typical_p = pick({1.0f, 1.0f, 0.8f, 0.4f}),
                                     .seed = rng.Next64()};
    const Logits logits = RandomLogits(rng.Next64(), 25, 2.0);
    SCOPED_TRACE(fmt::format("round {}: temperature {} k {} p {} min {} typical {}", round, options.temperature,
                             options.top_k, options.top_p, options.min_p, options.typical_p));
    ASSERT_NO_FATAL_FAILURE(ExpectDraws(options, logits, Define(options, logits), 3'000));
  }
}

// A vocabulary as large as real ones, with a long tail: where the search for the most likely stops early.
TEST(Sampler, FindsTheNucleusOfALargeVocabulary) {
  const Logits logits = RandomLogits(4, 49'152, 4.0);
  for (const SamplingOptions& options : std::vector<SamplingOptions>{
           {.top_k = 40, .seed = 1}, {.top_p = 0.9f, .seed = 2}, {.top_k = 40, .top_p = 0.8f, .seed = 3}, {.top_p = 0.5f, .min_p = 0.2f, .seed = 4}}) {
    ExpectDraws(options, logits, Define(options, logits), 400);
  }
}

TEST(Sampler, TheSameSeedDrawsTheSameTokens) {
  const Logits logits = RandomLogits(5, 200, 1.0);
  const auto draw = [&](uint64_t seed) {
    std::vector<TokenId> tokens;
    Sampler sampler(Kernels(), {.top_p = 0.95f, .seed = seed}, std::vector<TokenId>{0}, 200);
    for (int i = 0; i < 50; ++i) tokens.push_back(Next(sampler, logits).token);
    return tokens;
  };
  EXPECT_EQ(draw(11), draw(11));
  EXPECT_NE(draw(11), draw(12));
}

TEST(Sampler, RepetitionPenaltyCountsThePromptToo) {
  const SamplingOptions options = {.temperature = 0, .repetition_penalty = 2.0f};
  EXPECT_EQ(NextToken(options, {4.0f, 3.0f, -1.0f}, {0}), 1);
  EXPECT_EQ(NextToken(options, {4.0f, 1.9f, -1.0f}, {0}), 0);
  EXPECT_EQ(NextToken(options, {-1.0f, -1.9f, -2.1f}, {0}), 1);  // a negative logit becomes more negative
  Sampler sampler(Kernels(), options, std::vector<TokenId>{0}, 3);
  EXPECT_EQ(Next(sampler, {1.0f, 3.0f, 2.0f}).token, 1);
  EXPECT_EQ(Next(sampler, {1.0f, 3.0f, 2.0f}).token, 2) << "its own answer counts from the next token on";
}

TEST(Sampler, FrequencyAndPresencePenaltiesCountTheAnswerAlone) {
  Sampler frequency(Kernels(), {.temperature = 0, .frequency_penalty = 0.5f}, std::vector<TokenId>{0, 0, 0}, 2);
  std::vector<TokenId> tokens;
  for (int i = 0; i < 6; ++i) tokens.push_back(Next(frequency, {1.2f, 0.0f}).token);
  EXPECT_EQ(tokens, (std::vector<TokenId>{0, 0, 0, 1, 0, 1}));  // 1.2, 0.7, 0.2, then -0.3 against 0, ...

  Sampler presence(Kernels(), {.temperature = 0, .presence_penalty = 1.0f}, std::vector<TokenId>{0}, 3);
  tokens.clear();
  for (int i = 0; i < 4; ++i) tokens.push_back(Next(presence, {1.5f, 1.0f, 0.2f}).token);
  EXPECT_EQ(tokens, (std::vector<TokenId>{0, 1, 0, 0}));  // once, not once for each time

  Sampler reward(Kernels(), {.temperature = 0, .frequency_penalty = -1.0f}, std::vector<TokenId>{0}, 2);
  EXPECT_EQ(Next(reward, {0.0f, 0.5f}).token, 1);
  EXPECT_EQ(Next(reward, {1.0f, 0.5f}).token, 1) << "a negative penalty is a reward";
}

TEST(Sampler, LogitBiasForbidsAndForces) {
  const Logits logits = RandomLogits(6, 50, 1.0);
  const auto best = static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
  SamplingOptions forbid = {.logit_bias = {{best, -100.0f}}, .seed = 1};
  SamplingOptions force = {.logit_bias = {{17, 100.0f}}, .seed = 1};
  for (uint64_t seed = 0; seed < 500; ++seed) {
    forbid.seed = force.seed = seed;
    EXPECT_NE(NextToken(forbid, logits), best);
    EXPECT_EQ(NextToken(force, logits), 17);
  }
}

TEST(Sampler, LogprobsAreThoseOfTheModelBeforeAnyOption) {
  const Logits logits = RandomLogits(8, 300, 2.0);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  Sampler sampler(Kernels(), {.temperature = 0.2f, .top_k = 2, .repetition_penalty = 3, .logit_bias = {{5, 100.0f}}, .top_logprobs = 20},
                  std::vector<TokenId>{0}, 300);
  const SampledToken sampled = Next(sampler, logits);
  EXPECT_EQ(sampled.token, 5);
  EXPECT_NEAR(sampled.logprob, logits[5] - std::log(total), 1e-5);
  ASSERT_EQ(sampled.top_logprobs.size(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    const TokenLogprob& top = sampled.top_logprobs[i];
    EXPECT_NEAR(top.logprob, logits[static_cast<size_t>(top.token)] - std::log(total), 1e-5);
    if (i > 0) { EXPECT_LE(top.logprob, sampled.top_logprobs[i - 1].logprob); }
  }
  EXPECT_EQ(sampled.top_logprobs[0].token, std::ranges::max_element(logits) - logits.begin());
}

TEST(Sampler, TheSameTokenHasTheSameLogprobInBothPlacesAndAllAddUpToOne) {
  const Logits logits = RandomLogits(9, 20, 3.0);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Sampler sampler(Kernels(), {.seed = seed, .top_logprobs = 20}, std::vector<TokenId>{0}, 20);
    const SampledToken sampled = Next(sampler, logits);
    double sum = 0;
    for (const TokenLogprob& top : sampled.top_logprobs) {
      sum += std::exp(double{top.logprob});
      if (top.token == sampled.token) { EXPECT_EQ(top.logprob, sampled.logprob); }
    }
    EXPECT_NEAR(sum, 1.0, 1e-5);
  }
}

TEST(Sampler, GivesNoLogprobsUnlessAskedAndNoneOfOthersForZero) {
  Sampler none(Kernels(), {}, std::vector<TokenId>{0}, 3);
  EXPECT_TRUE(Next(none, {1, 2, 3}).top_logprobs.empty());
  Sampler own(Kernels(), {.temperature = 0, .top_logprobs = 0}, std::vector<TokenId>{0}, 3);
  const SampledToken sampled = Next(own, {1, 2, 3});
  EXPECT_TRUE(sampled.top_logprobs.empty());
  EXPECT_NEAR(sampled.logprob, -std::log(1 + std::exp(-1.0) + std::exp(-2.0)), 1e-6);
}

// Everything that Validate lets through must give some token, however odd.
TEST(Sampler, ExtremeOptionsAndLogitsStillGiveAToken) {
  const float tiny = std::numeric_limits<float>::denorm_min(), huge = 3e38f;
  for (const SamplingOptions& options : std::vector<SamplingOptions>{{.temperature = tiny},
                                                                     {.repetition_penalty = tiny},
                                                                     {.top_p = tiny},
                                                                     {.typical_p = tiny},
                                                                     {.min_p = tiny},
                                                                     {.temperature = tiny, .top_p = 0.5f, .repetition_penalty = tiny},
                                                                     {.typical_p = 0.5f, .repetition_penalty = 10, .top_logprobs = 5}}) {
    ASSERT_TRUE(Validate(options, 4).has_value());
    for (const Logits& logits : std::vector<Logits>{{0, 0, 0, 0}, {huge, -huge, 0, 1}, {-huge, -huge, -huge, -huge}, {tiny, 0, -tiny, 1e-30f}}) {
      const TokenId token = NextToken(options, logits, {0, 1, 2, 3});
      EXPECT_TRUE(token >= 0 && token < 4);
    }
  }
}

TEST(SamplingOptions, TheDefaultsAndTheEndsOfTheRangesAreValid) {
  EXPECT_TRUE(Validate({}, 10).has_value());
  EXPECT_TRUE(Validate({.temperature = 5, .top_k = 1'000'000, .top_p = 1, .min_p = 1, .typical_p = 1, .repetition_penalty = 10,
                        .frequency_penalty = 2, .presence_penalty = 2, .logit_bias = {{9, 100.0f}}, .top_logprobs = 20}, 10)
                  .has_value());
  EXPECT_TRUE(Validate({.temperature = 0, .min_p = 0, .frequency_penalty = -2, .presence_penalty = -2,
                        .logit_bias = {{0, -100.0f}}, .top_logprobs = -1}, 10)
                  .has_value());
}

TEST(SamplingOptions, AValueOutsideItsRangeIsRefusedWithFieldValueAndRange) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const struct {
    SamplingOptions options;
    const char* field;
  } kWrong[] = {
      {{.temperature = -0.1f}, "temperature"},     {{.temperature = 5.1f}, "temperature"},
      {{.temperature = nan}, "temperature"},       {{.temperature = infinity}, "temperature"},
      {{.top_k = -1}, "top_k"},                    {{.top_k = 2'000'000}, "top_k"},
      {{.top_p = 0}, "top_p"},                     {{.top_p = 1.01f}, "top_p"},
      {{.top_p = nan}, "top_p"},                   {{.min_p = -0.01f}, "min_p"},
      {{.min_p = 1.01f}, "min_p"},                 {{.min_p = nan}, "min_p"},
      {{.typical_p = 0}, "typical_p"},             {{.typical_p = 2}, "typical_p"},
      {{.typical_p = nan}, "typical_p"},           {{.repetition_penalty = 0}, "repetition_penalty"},
      {{.repetition_penalty = 11}, "repetition_penalty"}, {{.repetition_penalty = nan}, "repetition_penalty"},
      {{.frequency_penalty = -2.1f}, "frequency_penalty"}, {{.frequency_penalty = 2.1f}, "frequency_penalty"},
      {{.frequency_penalty = nan}, "frequency_penalty"}, {{.presence_penalty = -2.1f}, "presence_penalty"},
      {{.presence_penalty = 2.1f}, "presence_penalty"}, {{.presence_penalty = nan}, "presence_penalty"},
      {{.logit_bias = {{10, 1.0f}}}, "logit_bias"}, {{.logit_bias = {{-1, 1.0f}}}, "logit_bias"},
      {{.logit_bias = {{1, 100.5f}}}, "logit_bias"}, {{.logit_bias = {{1, nan}}}, "logit_bias"},
      {{.top_logprobs = -2}, "top_logprobs"},      {{.top_logprobs = 21}, "top_logprobs"},
  };
  for (const auto& wrong : kWrong) {
    const auto result = Validate(wrong.options, 10);
    ASSERT_FALSE(result.has_value()) << wrong.field;
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.error().message().find(wrong.field), std::string::npos) << result.error().message();
    EXPECT_NE(result.error().message().find("expected"), std::string::npos) << result.error().message();
  }
  SamplingOptions many;
  many.logit_bias.resize(static_cast<size_t>(base::kLogitBiasMaxTokens) + 1, {0, 0.0f});
  EXPECT_EQ(Validate(many, 10).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::infer
