// SPDX-License-Identifier: Apache-2.0
//
// One request inside the engine: its tokens, how far they are computed, and what it tells its sink. Engine thread only.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "infer/cpu_model.h"
#include "infer/engine.h"
#include "infer/kv_cache.h"
#include "infer/sampler.h"
#include "infer/text_stream.h"

namespace walchen::infer {

class RunningRequest {
 public:
  // `adapter` is the place of the request's adapter in the model's list, -1 for none.
  RunningRequest(RequestId id, const CpuModel& model, int adapter, GenerateRequest request, EventSink sink);

  RequestId id() const { return id_; }
  int adapter() const { return adapter_; }
  std::span<const TokenId> prompt() const { return std::span(tokens_).first(static_cast<size_t>(prompt_tokens_)); }
  // What it may need at most: the last token of an answer is never computed.
  int64_t most_tokens() const { return prompt_tokens_ + request_.max_tokens - 1; }

  // Admission: from now on it takes part in steps.
  void Start(KvCache::Sequence pages);
  KvCache::Sequence& sequence() { return sequence_; }
  KvPages& pages() { return sequence_.pages; }

  // Tokens whose keys and values are in the cache, and those that are known but not yet.
  int64_t computed() const { return computed_; }
  std::span<const TokenId> computed_tokens() const { return std::span(tokens_).first(static_cast<size_t>(computed_)); }
  std::span<const TokenId> pending() const { return std::span(tokens_).subspan(static_cast<size_t>(computed_)); }
  bool reads_prompt() const { return computed_ < prompt_tokens_; }
  void Advance(int64_t rows) { computed_ += rows; }

  // The next token from its logits (overwritten); says so when that ended the answer, kError if they are no numbers.
  std::optional<FinishReason> Sample(std::span<float> logits);

  // Tells the sink. Exactly once.
  void End(FinishReason reason);
  bool ended() const { return ended_; }
  int completion_tokens() const { return completion_tokens_; }
  int64_t computed_prompt_tokens() const { return std::min<int64_t>(computed_, prompt_tokens_) - sequence_.cached_tokens; }

 private:
  void Show(std::string text);

  const RequestId id_;
  const CpuModel& model_;
  const int adapter_;
  const GenerateRequest request_;
  const EventSink sink_;
  const int64_t prompt_tokens_;
  std::vector<TokenId> tokens_;  // prompt, then answer
  KvCache::Sequence sequence_;
  int64_t computed_ = 0;
  int completion_tokens_ = 0;
  int64_t cached_tokens_ = 0;
  bool ended_ = false;
  Sampler sampler_;
  TextStream text_;
  PieceEvent unseen_;            // tokens whose text is still held back
  std::optional<Error> error_;
  const int64_t submitted_ns_;
  int64_t started_ns_ = 0, first_token_ns_ = 0, last_token_ns_ = 0;
};

}  // namespace walchen::infer
