// SPDX-License-Identifier: Apache-2.0
#include "infer/running_request.h"

#include <utility>

#include "model/llama_config.h"

namespace walchen::infer {
namespace {

int64_t Now() { return base::Clock::Os().SteadyNs(); }

double Ms(int64_t from_ns, int64_t to_ns) { return from_ns > 0 && to_ns > from_ns ? double(to_ns - from_ns) * 1e-6 : 0; }

}  // namespace

RunningRequest::RunningRequest(RequestId id, const CpuModel& model, int adapter, GenerateRequest request, EventSink sink)
    : id_(id),
      model_(model),
      adapter_(adapter),
      request_(std::move(request)),
      sink_(std::move(sink)),
      prompt_tokens_(static_cast<int64_t>(request_.prompt.size())),
      tokens_(request_.prompt),
      sampler_(model.kernels(), request_.sampling, request_.prompt, model.config().vocabulary),
      text_(request_.stop),
      submitted_ns_(Now()) {}

void RunningRequest::Start(KvCache::Sequence pages) {
  sequence_ = std::move(pages);
  cached_tokens_ = sequence_.cached_tokens;
  computed_ = cached_tokens_;
  started_ns_ = Now();
}

void RunningRequest::Show(std::string text) {
  if (text.empty()) return;
  PieceEvent piece = std::exchange(unseen_, {});
  piece.text = std::move(text);
  sink_.on_piece(std::move(piece));
}

std::optional<FinishReason> RunningRequest::Sample(std::span<float> logits) {
  // Weights are checked when they are loaded, but large ones can still overflow on the way.
  if (model_.kernels().arg_max(logits.data(), static_cast<int64_t>(logits.size())) < 0) {
    error_ = Error(ErrorCode::kCorrupt, "the model computed a logit that is no finite number: its weights are damaged");
    return FinishReason::kError;
  }
  SampledToken sampled = sampler_.Next(logits);
  last_token_ns_ = Now();
  if (first_token_ns_ == 0) first_token_ns_ = last_token_ns_;
  ++completion_tokens_;
  if (!request_.ignore_end_of_generation && model_.tokenizer().EndsGeneration(sampled.token)) {
    return FinishReason::kStop;
  }
  tokens_.push_back(sampled.token);
  unseen_.tokens.push_back(sampled.token);
  if (request_.sampling.top_logprobs >= 0) {
    unseen_.logprobs.push_back({sampled.token, sampled.logprob});
    unseen_.top_logprobs.push_back(std::move(sampled.top_logprobs));
  }
  const formats::Tokenizer& tokenizer = model_.tokenizer();
  Show(text_.Add(tokenizer.IsSpecial(sampled.token) ? std::string_view() : tokenizer.Bytes(sampled.token)));
  if (text_.stopped()) return FinishReason::kStop;
  if (completion_tokens_ >= request_.max_tokens) return FinishReason::kLength;
  return std::nullopt;
}

void RunningRequest::End(FinishReason reason) {
  ended_ = true;
  Show(text_.Finish());
  sink_.on_end({.reason = reason,
                .error = std::move(error_),
                .prompt_tokens = static_cast<int>(prompt_tokens_),
                .cached_tokens = static_cast<int>(cached_tokens_),
                .completion_tokens = completion_tokens_,
                .prompt_ms = Ms(started_ns_, first_token_ns_),
                .decode_ms = Ms(first_token_ns_, last_token_ns_),
                .queue_ms = Ms(submitted_ns_, started_ns_)});
}

}  // namespace walchen::infer
