// SPDX-License-Identifier: Apache-2.0
//
// Errors as OpenAI's clients expect them: {"error": {"message", "type", "param", "code"}} and a status.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/http.h"
#include "serve/json_text.h"

namespace walchen::serve {

struct OpenAiError {
  int status = 400;
  std::string message;
  std::string param;  // the field that is wrong; empty: null
  std::string code;   // for programs: "context_length_exceeded"; empty: null
};

Json ErrorJson(const OpenAiError& error);
Response ErrorResponse(const OpenAiError& error);

// What an error of the engine or of a model's chat template is to a client: what it asked for that cannot be is 400, a
// full queue 429 with Retry-After, a stopping server 503, everything else 500.
OpenAiError FromError(const Error& error);

}  // namespace walchen::serve
