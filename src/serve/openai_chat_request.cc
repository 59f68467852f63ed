// SPDX-License-Identifier: Apache-2.0
#include "serve/openai_chat_request.h"

#include <charconv>

#include "base/limits.h"
#include "serve/json_fields.h"

namespace walchen::serve {
namespace {

// Content is a text, or parts of type "text", which are put together line by line.
std::string ReadContent(JsonFields& message) {
  const Json* const content = message.Find("content");
  if (!content) return {};
  if (content->is_string()) return content->get_ref<const std::string&>();
  std::string text;
  if (!content->is_array()) {
    message.Refuse("content", "a text or a list of parts", *content);
    return text;
  }
  for (const Json& part : *content) {
    const std::string type = part.is_object() ? part.value("type", Json()).dump() : "";
    if (type != "\"text\"" || !part.contains("text") || !part["text"].is_string()) {
      message.Refuse("content", "parts {\"type\": \"text\", \"text\": ...} (this model reads text only)", part,
                     "unsupported_content");
      return text;
    }
    if (!text.empty()) text += '\n';
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

// Templates print arguments themselves, as JSON; OpenAI sends them as a text that holds JSON.
Json ReadToolCalls(const Json& calls) {
  Json read = Json::array();
  for (const Json& call : calls) {
    Json copy = call;
    if (call.is_object() && call.contains("function") && call["function"].is_object() &&
        call["function"].contains("arguments") && call["function"]["arguments"].is_string()) {
      auto arguments = ParseJson(call["function"]["arguments"].get_ref<const std::string&>());
      if (arguments && arguments->is_object()) copy["function"]["arguments"] = *std::move(arguments);
    }
    read.push_back(std::move(copy));
  }
  return read;
}

std::optional<OpenAiError> ReadMessage(const Json& message, size_t index, Json& messages) {
  const std::string path = fmt::format("messages[{}]", index);
  if (!message.is_object()) {
    return OpenAiError{400, fmt::format("{}: expected an object, found {}", path, Excerpt(message)), path,
                       "invalid_value"};
  }
  JsonFields fields(message, path);
  std::string role;
  fields.Text("role", role);
  const bool known = role == "system" || role == "developer" || role == "user" || role == "assistant" || role == "tool";
  if (!known) {
    fields.Refuse("role", "system, developer, user, assistant or tool", message.value("role", Json()));
    return fields.error();
  }
  Json read;
  // "developer" is OpenAI's newer word for "system", which is the one that templates know.
  read["role"] = role == "developer" ? "system" : role;
  read["content"] = ReadContent(fields);
  const Json* const calls = fields.Find("tool_calls");
  if (calls && !calls->is_array()) fields.Refuse("tool_calls", "a list", *calls);
  if (role != "assistant" && !fields.Find("content")) fields.Refuse("content", "a text", Json());
  for (const char* name : {"name", "tool_call_id"}) {
    std::string text;
    fields.Text(name, text);
    if (!text.empty()) read[name] = text;
  }
  if (fields.error()) return fields.error();
  if (calls && !calls->empty()) read["tool_calls"] = ReadToolCalls(*calls);
  messages.push_back(std::move(read));
  return std::nullopt;
}

void ReadMessages(JsonFields& fields, Json& messages) {
  messages = Json::array();
  const Json* const list = fields.Find("messages");
  if (!list || !list->is_array() || list->empty() || std::ssize(*list) > base::kChatMaxMessages) {
    return fields.Refuse("messages", fmt::format("a list of 1 to {} messages", base::kChatMaxMessages),
                         list ? *list : Json(), list ? "invalid_value" : "missing_required_parameter");
  }
  for (size_t i = 0; i < list->size(); ++i) {
    if (auto error = ReadMessage((*list)[i], i, messages)) return fields.Refuse(*std::move(error));
  }
}

void ReadStop(JsonFields& fields, std::vector<std::string>& stop) {
  const Json* const field = fields.Find("stop");
  if (!field) return;
  const Json list = field->is_array() ? *field : Json::array({*field});
  bool good = std::ssize(list) <= base::kStopMaxStrings;
  for (const Json& item : list) {
    const auto* const text = item.get_ptr<const std::string*>();
    good = good && text && !text->empty() && std::ssize(*text) <= base::kStopMaxBytes;
    if (good) stop.push_back(*text);
  }
  if (!good) {
    fields.Refuse(
        "stop",
        fmt::format("a text or at most {} texts, each of 1 to {} bytes", base::kStopMaxStrings, base::kStopMaxBytes),
        *field);
  }
}

void ReadLogitBias(JsonFields& fields, int vocabulary_size, std::vector<std::pair<infer::TokenId, float>>& bias) {
  const Json* const field = fields.Find("logit_bias");
  if (!field) return;
  bool good = field->is_object() && std::ssize(*field) <= base::kLogitBiasMaxTokens;
  for (auto item = field->begin(); good && item != field->end(); ++item) {
    const std::string& key = item.key();
    infer::TokenId token = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    const double value = item->is_number() ? item->get<double>() : 1e9;
    good = error == std::errc() && end == key.data() + key.size() && token >= 0 && token < vocabulary_size &&
           value >= -100 && value <= 100;
    if (good) bias.emplace_back(token, static_cast<float>(value));
  }
  if (!good) {
    fields.Refuse("logit_bias",
                  fmt::format("an object of at most {} token ids (0 to {}) with numbers from -100 to 100",
                              base::kLogitBiasMaxTokens, vocabulary_size - 1),
                  *field);
  }
}

void ReadSampling(JsonFields& fields, int vocabulary_size, ChatRequest& request) {
  infer::SamplingOptions& sampling = request.sampling;
  fields.Number("temperature", {0, 5}, sampling.temperature);
  fields.Number("top_p", {0, 1}, sampling.top_p);
  // OpenAI allows 0 and means the most likely token, which any share above nothing does as well.
  sampling.top_p = std::max(sampling.top_p, 1e-9f);
  fields.Integer("top_k", 0, vocabulary_size, sampling.top_k);
  fields.Number("min_p", {0, 1}, sampling.min_p);
  fields.Number("typical_p", {0, 1, true}, sampling.typical_p);
  fields.Number("repetition_penalty", {0, 10, true}, sampling.repetition_penalty);
  fields.Number("frequency_penalty", {-2, 2}, sampling.frequency_penalty);
  fields.Number("presence_penalty", {-2, 2}, sampling.presence_penalty);
  fields.Seed("seed", request.seed);
  ReadLogitBias(fields, vocabulary_size, sampling.logit_bias);

  fields.Boolean("logprobs", request.logprobs);
  int top_logprobs = 0;
  fields.Integer("top_logprobs", 0, base::kTopLogprobsMax, top_logprobs);
  if (top_logprobs > 0 && !request.logprobs) {
    fields.Refuse("top_logprobs", "\"logprobs\": true beside it", Json(top_logprobs));
  }
  sampling.top_logprobs = request.logprobs ? top_logprobs : -1;
}

void ReadTools(JsonFields& fields, Json& tools) {
  const Json* const list = fields.Find("tools");
  if (list && !list->is_array()) return fields.Refuse("tools", "a list of tools", *list);
  std::string choice = "auto";
  const Json* const wanted = fields.Find("tool_choice");
  if (wanted && wanted->is_string()) choice = wanted->get<std::string>();
  if (wanted && choice != "none" && (choice != "auto" || !wanted->is_string())) {
    return fields.Refuse("tool_choice", "\"auto\" or \"none\" (this version cannot force a tool call)", *wanted,
                         "unsupported_value");
  }
  if (list && !list->empty() && choice != "none") tools = *list;
}

void RefuseWhatCannotBeHonoured(JsonFields& fields) {
  if (const Json* const format = fields.Find("response_format")) {
    if (!format->is_object() || format->value("type", Json()) != Json("text")) {
      fields.Refuse("response_format", "{\"type\": \"text\"} (this version cannot force a format)", *format,
                    "unsupported_value");
    }
  }
  if (const Json* const functions = fields.Find("functions")) {
    fields.Refuse("functions", "\"tools\" instead", *functions, "unsupported_value");
  }
  if (const Json* const modalities = fields.Find("modalities")) {
    if (*modalities != Json::array({"text"})) {
      fields.Refuse("modalities", "[\"text\"]", *modalities, "unsupported_value");
    }
  }
}

}  // namespace

tl::expected<ChatRequest, OpenAiError> ReadChatRequest(std::string_view body, const ChatLimits& limits) {
  auto json = ParseJson(body);
  if (!json) {
    return tl::unexpected(
        OpenAiError{400, "the body is not valid JSON: " + json.error().ToString(), "", "invalid_json"});
  }
  if (!json->is_object()) {
    return tl::unexpected(
        OpenAiError{400, "the body: expected a JSON object, found " + Excerpt(*json), "", "invalid_value"});
  }
  ChatRequest request;
  JsonFields fields(*json);
  fields.Text("model", request.model);
  ReadMessages(fields, request.messages);
  fields.Integer("max_tokens", 1, base::kContextMaxTokens, request.max_tokens);
  fields.Integer("max_completion_tokens", 1, base::kContextMaxTokens, request.max_tokens);
  request.max_tokens = std::min(request.max_tokens, limits.context_tokens);
  fields.Integer("n", 1, base::kChoicesMax, request.choices);
  fields.Boolean("stream", request.stream);
  if (const Json* const options = fields.Find("stream_options")) {
    JsonFields inner(*options, "stream_options");
    if (options->is_object()) inner.Boolean("include_usage", request.include_usage);
    if (!options->is_object()) fields.Refuse("stream_options", "an object", *options);
    if (inner.error()) fields.Refuse(*inner.error());
  }
  ReadSampling(fields, limits.vocabulary_size, request);
  ReadStop(fields, request.stop);
  ReadTools(fields, request.tools);
  RefuseWhatCannotBeHonoured(fields);
  if (fields.error()) return tl::unexpected(*fields.error());
  return request;
}

}  // namespace walchen::serve
