// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the body of a chat request: an error that can be sent back, or a request whose every field is in its range.
#include "base/limits.h"
#include "serve/openai_chat_request.h"

using namespace walchen;

namespace {

constexpr serve::ChatLimits kLimits = {.context_tokens = 4'096, .vocabulary_size = 50'000};

void CheckRequest(const serve::ChatRequest& request) {
  const infer::SamplingOptions& sampling = request.sampling;
  CHECK(request.choices >= 1 && request.choices <= base::kChoicesMax);
  CHECK(request.max_tokens >= 0 && request.max_tokens <= kLimits.context_tokens);
  CHECK(sampling.temperature >= 0 && sampling.temperature <= 5);
  CHECK(sampling.top_p > 0 && sampling.top_p <= 1);
  CHECK(sampling.top_k >= 0 && sampling.top_k <= kLimits.vocabulary_size);
  CHECK(sampling.min_p >= 0 && sampling.min_p <= 1);
  CHECK(sampling.typical_p > 0 && sampling.typical_p <= 1);
  CHECK(sampling.repetition_penalty > 0 && sampling.repetition_penalty <= 10);
  CHECK(sampling.top_logprobs >= -1 && sampling.top_logprobs <= base::kTopLogprobsMax);
  for (const auto& [token, bias] : sampling.logit_bias) CHECK(token >= 0 && token < kLimits.vocabulary_size);
  for (const std::string& stop : request.stop) CHECK(!stop.empty() && std::ssize(stop) <= base::kStopMaxBytes);
  CHECK(request.messages.is_array() && !request.messages.empty());
  for (const serve::Json& message : request.messages) {
    CHECK(message.at("role").is_string() && message.at("content").is_string());
  }
  CHECK(serve::ParseJson(serve::WriteJson(request.messages)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto request = serve::ReadChatRequest({reinterpret_cast<const char*>(data), size}, kLimits);
  if (request) {
    CheckRequest(*request);
  } else {
    CHECK(request.error().status == 400 && !request.error().message.empty());
    CHECK(serve::ParseJson(serve::ErrorResponse(request.error()).body).has_value());
  }
  return 0;
}
