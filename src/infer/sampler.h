// SPDX-License-Identifier: Apache-2.0
//
// Logits to the next token.
//
// A draw depends on the seed and on how many tokens were drawn before it, on nothing else, so a stored seed reproduces an
// answer. Temperature 0 takes the first of the highest logits.
#pragma once

#include <span>
#include <vector>

#include "base/rng.h"
#include "infer/engine.h"
#include "tensor/kernels/kernels.h"

namespace walchen::infer {

struct SampledToken {
  TokenId token = 0;
  float logprob = 0;                          // of the model's own distribution, before any of the options
  std::vector<TokenLogprob> top_logprobs;     // likewise; as many as asked for, most likely first
};

// One request's state. Not thread-safe.
class Sampler {
 public:
  // The kernels outlive it; `prompt` counts for the repetition penalty. The options are valid (Validate).
  Sampler(const tensor::KernelTable& kernels, const SamplingOptions& options, std::span<const TokenId> prompt, int vocabulary_size);

  // Chooses and remembers the next token. `logits` (finite, one per vocabulary entry) are overwritten.
  SampledToken Next(std::span<float> logits);

 private:
  size_t ArgMax(std::span<const float> x) const;
  double FillLogprobs(std::span<const float> logits, SampledToken& sampled);
  void Penalise(std::span<float> logits) const;
  TokenId Draw(std::span<const float> logits);

  const tensor::KernelTable& kernels_;
  SamplingOptions options_;
  base::Rng rng_;
  std::vector<uint8_t> seen_;       // in prompt or answer, if the repetition penalty needs it
  std::vector<int32_t> answered_;   // how often in the answer, if a penalty needs it
  std::vector<float> p_;            // e^(logit - largest): space, made with the first token, not in the queue
};

}  // namespace walchen::infer
