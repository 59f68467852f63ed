// SPDX-License-Identifier: Apache-2.0
//
// The body of POST /v1/chat/completions, read and checked. docs/api.md lists the fields.
//
// Three kinds of fields: known ones are checked strictly (an error names field, value and range); ones whose meaning
// this version cannot honour (response_format with a schema, a forced tool call, pictures) are refused, never ignored;
// everything else is ignored, because clients send a lot.
// Source: OpenAI API reference, chat completions.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "infer/engine.h"
#include "serve/json_text.h"
#include "serve/openai_error.h"

namespace walchen::serve {

struct ChatRequest {
  std::string model;  // as asked for; may be empty
  Json messages;      // for the template: role and content as plain text, tool calls with their arguments parsed
  Json tools;         // an array, or null
  int choices = 1;
  bool stream = false;
  bool include_usage = false;
  bool logprobs = false;
  int max_tokens = 0;  // 0: as many as fit
  infer::SamplingOptions sampling;
  std::vector<std::string> stop;
  std::optional<uint64_t> seed;
};

// What the bounds of some fields depend on.
struct ChatLimits {
  int context_tokens = 0;
  int vocabulary_size = 0;
};

tl::expected<ChatRequest, OpenAiError> ReadChatRequest(std::string_view body, const ChatLimits& limits);

}  // namespace walchen::serve
