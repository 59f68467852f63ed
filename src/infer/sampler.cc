// SPDX-License-Identifier: Apache-2.0
#include "infer/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "base/limits.h"

namespace walchen::infer {
namespace {

// Dividing by a tiny penalty must not give infinity: the difference of two would be no number.
constexpr float kLogitMax = 1e30f;

struct Candidate {
  TokenId token = 0;
  float p = 0;
};

// More likely first; of equals the smaller id, so that the order never depends on a sort's moods.
bool MoreLikely(const Candidate& a, const Candidate& b) { return a.p > b.p || (a.p == b.p && a.token < b.token); }

// Keeps the first candidates (sorted) that together reach the share `top` of all.
void KeepTop(std::vector<Candidate>& sorted, double total, float top) {
  double sum = 0;
  size_t keep = 0;
  while (keep < sorted.size() && sum < top * total) sum += sorted[keep++].p;
  sorted.resize(std::max<size_t>(keep, 1));
}

double Total(const std::vector<Candidate>& candidates) {
  return std::accumulate(candidates.begin(), candidates.end(), 0.0, [](double sum, const Candidate& c) { return sum + c.p; });
}

// Locally typical sampling: those whose surprise is nearest to the expected surprise.
void KeepTypical(std::vector<Candidate>& candidates, float share) {
  const double total = Total(candidates);
  double entropy = 0;
  for (const Candidate& c : candidates) {
    if (c.p > 0) entropy -= c.p / total * std::log(c.p / total);
  }
  std::vector<std::pair<double, Candidate>> by_distance;  // a logarithm for each, not for each comparison
  for (const Candidate& c : candidates) {
    const double distance = c.p > 0 ? std::fabs(-std::log(c.p / total) - entropy) : std::numeric_limits<double>::infinity();
    by_distance.emplace_back(distance, c);
  }
  std::ranges::stable_sort(by_distance, {}, &std::pair<double, Candidate>::first);
  std::ranges::transform(by_distance, candidates.begin(), &std::pair<double, Candidate>::second);
  KeepTop(candidates, total, share);
  std::ranges::sort(candidates, MoreLikely);
}

// The most likely tokens, sorted, where the most likely one's p is 1: all that top-k and top-p can still choose from. A
// full sort of 49,152 entries would take longer than computing the logits, so the threshold falls until enough is above.
std::vector<Candidate> SortedTop(std::span<const float> p, const SamplingOptions& options, double total) {
  std::vector<Candidate> top;
  const size_t wanted = options.top_k > 0 ? std::min<size_t>(static_cast<size_t>(options.top_k), p.size()) : p.size();
  const bool all = options.typical_p < 1.0f && options.top_k == 0;
  for (float threshold = all ? 0.0f : 1e-2f;; threshold = threshold < 1e-20f ? 0.0f : threshold * 1e-2f) {
    top.clear();
    double sum = 0;
    for (size_t i = 0; i < p.size(); ++i) {
      if (p[i] < threshold) continue;
      top.push_back({static_cast<TokenId>(i), p[i]});
      sum += p[i];
    }
    const bool enough = options.top_k > 0 ? top.size() >= wanted : sum >= options.top_p * total;
    if (threshold == 0.0f || enough) break;
  }
  std::ranges::sort(top, MoreLikely);
  if (top.size() > wanted) top.resize(wanted);
  return top;
}

// The place where the running sum of the p passes `sum`.
template <class Items, class Projection = std::identity>
size_t FindShare(const Items& items, double sum, Projection p = {}) {
  size_t found = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const float here = std::invoke(p, items[i]);
    if (here > 0.0f) found = i;  // rounding may leave a little at the end: never an impossible token
    sum -= here;
    if (sum < 0) break;
  }
  return found;
}

}  // namespace

Result<void> Validate(const SamplingOptions& o, int vocabulary_size) {
  const struct {
    const char* name;
    double value, low, high;
    bool low_open;
  } kRanges[] = {
      {"temperature", o.temperature, 0, 5, false},          {"top_k", double(o.top_k), 0, double(base::kVocabularyMaxTokens), false},
      {"top_p", o.top_p, 0, 1, true},                       {"min_p", o.min_p, 0, 1, false},
      {"typical_p", o.typical_p, 0, 1, true},               {"repetition_penalty", o.repetition_penalty, 0, 10, true},
      {"frequency_penalty", o.frequency_penalty, -2, 2, false}, {"presence_penalty", o.presence_penalty, -2, 2, false},
      {"top_logprobs", double(o.top_logprobs), -1, double(base::kTopLogprobsMax), false},
  };
  for (const auto& range : kRanges) {
    const bool above = range.low_open ? range.value > range.low : range.value >= range.low;
    if (!above || !(range.value <= range.high)) {  // written so that NaN fails
      return Fail(ErrorCode::kInvalidArgument, "{} is {}, expected {} {} and at most {}", range.name, range.value,
                  range.low_open ? "more than" : "at least", range.low, range.high);
    }
  }
  if (o.logit_bias.size() > static_cast<size_t>(base::kLogitBiasMaxTokens)) {
    return Fail(ErrorCode::kTooLarge, "logit_bias names {} tokens, at most {} are allowed", o.logit_bias.size(),
                base::kLogitBiasMaxTokens);
  }
  for (const auto& [token, bias] : o.logit_bias) {
    if (token < 0 || token >= vocabulary_size || !(bias >= -100 && bias <= 100)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "logit_bias {}: {}, expected a token from 0 to {} and a bias from -100 to 100", token, bias,
                  vocabulary_size - 1);
    }
  }
  return {};
}

Sampler::Sampler(const tensor::KernelTable& kernels, const SamplingOptions& options, std::span<const TokenId> prompt,
                 int vocabulary_size)
    : kernels_(kernels), options_(options), rng_(options.seed) {
  const auto size = static_cast<size_t>(vocabulary_size);
  if (options_.repetition_penalty != 1.0f) {
    seen_.resize(size);
    for (const TokenId token : prompt) seen_[static_cast<size_t>(token)] = 1;
  }
  if (options_.frequency_penalty != 0.0f || options_.presence_penalty != 0.0f) answered_.resize(size);
}

size_t Sampler::ArgMax(std::span<const float> x) const {
  const int64_t best = kernels_.arg_max(x.data(), static_cast<int64_t>(x.size()));
  CHECK(best >= 0, "a logit is not finite");
  return static_cast<size_t>(best);
}

// Returns what a logit loses on its way to a log-probability.
double Sampler::FillLogprobs(std::span<const float> logits, SampledToken& sampled) {
  const float max = logits[ArgMax(logits)];
  p_.resize(logits.size());
  const double total = kernels_.exp_sum(logits.data(), max, 1.0f, static_cast<int64_t>(logits.size()), p_.data());
  const double shift = max + std::log(total);
  std::vector<Candidate> top(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) top[i] = {static_cast<TokenId>(i), logits[i]};
  const auto count = std::min<size_t>(static_cast<size_t>(options_.top_logprobs), top.size());
  std::partial_sort(top.begin(), top.begin() + static_cast<ptrdiff_t>(count), top.end(), MoreLikely);
  for (size_t i = 0; i < count; ++i) sampled.top_logprobs.push_back({top[i].token, static_cast<float>(top[i].p - shift)});
  return shift;
}

void Sampler::Penalise(std::span<float> logits) const {
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i] == 0) continue;
    const float changed = logits[i] > 0 ? logits[i] / options_.repetition_penalty : logits[i] * options_.repetition_penalty;
    logits[i] = std::clamp(changed, -kLogitMax, kLogitMax);
  }
  for (size_t i = 0; i < answered_.size(); ++i) {
    if (answered_[i] == 0) continue;
    logits[i] -= options_.frequency_penalty * static_cast<float>(answered_[i]) + options_.presence_penalty;
  }
  for (const auto& [token, bias] : options_.logit_bias) logits[static_cast<size_t>(token)] += bias;
}

TokenId Sampler::Draw(std::span<const float> logits) {
  const size_t best = ArgMax(logits);
  if (options_.temperature == 0.0f) return static_cast<TokenId>(best);
  const float factor = std::min(1.0f / options_.temperature, kLogitMax);
  p_.resize(logits.size());
  const double total = kernels_.exp_sum(logits.data(), logits[best], factor, static_cast<int64_t>(logits.size()), p_.data());
  const double share = rng_.Uniform();
  const bool narrowed = options_.top_k > 0 || options_.typical_p < 1.0f;
  if (!narrowed && options_.top_p == 1.0f && options_.min_p == 0.0f) {  // any order will do
    return static_cast<TokenId>(FindShare(p_, share * total));
  }
  std::vector<Candidate> candidates = SortedTop(p_, options_, total);
  if (options_.typical_p < 1.0f) KeepTypical(candidates, options_.typical_p);
  // Nucleus of what top-k and typical left over; without them, of everything.
  if (options_.top_p < 1.0f) KeepTop(candidates, narrowed ? Total(candidates) : total, options_.top_p);
  if (options_.min_p > 0.0f) {
    const float least = options_.min_p * std::ranges::max(candidates, {}, &Candidate::p).p;
    std::erase_if(candidates, [&](const Candidate& c) { return c.p < least; });
  }
  return candidates[FindShare(candidates, share * Total(candidates), &Candidate::p)].token;
}

SampledToken Sampler::Next(std::span<float> logits) {
  SampledToken sampled;
  std::vector<float> original;
  double shift = 0;
  if (options_.top_logprobs >= 0) {
    shift = FillLogprobs(logits, sampled);
    original.assign(logits.begin(), logits.end());
  }
  Penalise(logits);
  sampled.token = Draw(logits);
  const auto chosen = static_cast<size_t>(sampled.token);
  if (!original.empty()) sampled.logprob = static_cast<float>(original[chosen] - shift);
  if (!seen_.empty()) seen_[chosen] = 1;
  if (!answered_.empty()) ++answered_[chosen];
  return sampled;
}

}  // namespace walchen::infer
