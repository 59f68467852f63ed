// SPDX-License-Identifier: Apache-2.0
#include "serve/openai_error.h"

#include <nlohmann/json.hpp>

namespace walchen::serve {
namespace {

std::string_view TypeOf(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    case 503: return "unavailable_error";
    default: return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

}  // namespace

Json ErrorJson(const OpenAiError& error) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"error",
           {{"message", error.message},
            {"type", TypeOf(error.status)},
            {"param", text_or_null(error.param)},
            {"code", text_or_null(error.code)}}}};
}

Response ErrorResponse(const OpenAiError& error) {
  Response response;
  response.status = error.status;
  response.headers.push_back({"Cache-Control", "no-store"});
  if (error.status == 429 || error.status == 503) response.headers.push_back({"Retry-After", "2"});
  if (error.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  response.body = WriteJson(ErrorJson(error));
  return response;
}

OpenAiError FromError(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnsupported: return {400, error.ToString(), "", ""};
    case ErrorCode::kTooLarge: return {400, error.ToString(), "messages", "context_length_exceeded"};
    case ErrorCode::kResourceExhausted: return {429, error.ToString(), "", "queue_full"};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled: return {503, error.ToString(), "", "unavailable"};
    default: return {500, error.ToString(), "", std::string(base::ErrorCodeName(error.code()))};
  }
}

}  // namespace walchen::serve
