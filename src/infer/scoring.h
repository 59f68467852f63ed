// SPDX-License-Identifier: Apache-2.0
//
// Logits of given tokens, without sampling: for evaluation, for tests, and for comparing with other engines.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "infer/model_file.h"
#include "tensor/kv_type.h"

namespace walchen::infer {

struct ScoringOptions {
  int threads = 0;
  tensor::KvType kv_type = tensor::KvType::kF16;
  int chunk_tokens = 512;
  bool last_only = false;  // logits of the last position alone
  std::string adapter = {};  // of ModelFile::adapters(); empty: none
};

// Runs the tokens through the model as one sequence from position 0. on_logits(position, logits) is called for each
// position in order (for the last alone with last_only); the span lives during the call; false stops.
// Errors: kInvalidArgument (no token, one outside the vocabulary, no such adapter), kTooLarge (longer than the model's context),
// kResourceExhausted.
Result<void> Score(const ModelFile& model, std::span<const formats::TokenId> tokens, const ScoringOptions& options,
                   const std::function<bool(int64_t position, std::span<const float> logits)>& on_logits);

struct Perplexity {
  double perplexity = 0;
  int64_t tokens = 0;  // that were predicted
};

// exp of the mean negative log-likelihood of a text that is cut into windows of `window_tokens`; in each window the
// second half alone is counted (every counted token has at least half a window of context), as llama.cpp and others do.
// A text shorter than one window is counted from its second token on. Errors: those of Score.
Result<Perplexity> MeasurePerplexity(const ModelFile& model, std::span<const formats::TokenId> tokens, int window_tokens,
                                     const ScoringOptions& options);

// -log p(token) under these logits.
double NegativeLogLikelihood(std::span<const float> logits, formats::TokenId token);

}  // namespace walchen::infer
