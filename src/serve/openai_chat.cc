// SPDX-License-Identifier: Apache-2.0
#include "serve/openai_chat.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "serve/guard.h"
#include "serve/openai_chat_request.h"
#include "serve/openai_error.h"

namespace walchen::serve {
namespace {

// JSON has no infinities; OpenAI writes this for a probability of nothing.
constexpr float kLeastLogprob = -9999.0f;

struct ChatHead {
  std::string id;
  std::string model;
  std::string fingerprint;
  int64_t created = 0;
  uint64_t seed = 0;
};

class ChatFormat final : public AnswerFormat {
 public:
  ChatFormat(ChatHead head, const ChatRequest& request, const formats::Tokenizer& tokenizer)
      : head_(std::move(head)),
        tokenizer_(tokenizer),
        stream_(request.stream),
        include_usage_(request.include_usage),
        logprobs_(request.logprobs),
        choices_(static_cast<size_t>(request.choices)) {}

  bool streams() const override { return stream_; }

  std::string Start() override {
    std::string events;
    for (size_t choice = 0; choice < choices_.size(); ++choice) {
      events += Chunk(static_cast<int>(choice), {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
    }
    return events;
  }

  std::string Piece(int choice, const infer::PieceEvent& piece) override {
    Json logprobs = LogprobsJson(piece);
    if (stream_) return Chunk(choice, {{"content", piece.text}}, std::move(logprobs), nullptr);
    Choice& remembered = choices_[static_cast<size_t>(choice)];
    remembered.text += piece.text;
    for (Json& token : logprobs) remembered.logprobs.push_back(std::move(token));
    return {};
  }

  std::string ChoiceEnd(int choice, const infer::EndEvent& end) override {
    Choice& remembered = choices_[static_cast<size_t>(choice)];
    remembered.end = end;
    remembered.finish_reason = end.reason == infer::FinishReason::kLength ? "length" : "stop";
    return stream_ ? Chunk(choice, Json::object(), nullptr, remembered.finish_reason) : "";
  }

  std::string Finish() override {
    std::string events;
    if (include_usage_) {
      Json chunk = Head("chat.completion.chunk");
      chunk["choices"] = Json::array();
      AddMeasurements(chunk);
      events = Event(chunk);
    }
    return events + "data: [DONE]\n\n";
  }

  std::string BrokenOff(const Error& error) override { return Event(ErrorJson(FromError(error))); }

  Response Whole() override {
    Json body = Head("chat.completion");
    body["choices"] = Json::array();
    for (size_t i = 0; i < choices_.size(); ++i) {
      Choice& choice = choices_[i];
      body["choices"].push_back(
          {{"index", i},
           {"message", {{"role", "assistant"}, {"content", std::move(choice.text)}, {"refusal", nullptr}}},
           {"logprobs", Wrapped(std::move(choice.logprobs))},
           {"finish_reason", choice.finish_reason}});
    }
    AddMeasurements(body);
    Response response;
    response.headers.push_back({"Cache-Control", "no-store"});
    response.body = WriteJson(body);
    return response;
  }

 private:
  struct Choice {
    std::string text;
    Json logprobs = Json::array();
    std::string finish_reason;
    infer::EndEvent end;
  };

  static std::string Event(const Json& data) { return "data: " + WriteJson(data) + "\n\n"; }

  Json Head(std::string_view object) const {
    return {{"id", head_.id},       {"object", object},   {"created", head_.created},
            {"model", head_.model}, {"seed", head_.seed}, {"system_fingerprint", head_.fingerprint}};
  }

  std::string Chunk(int choice, Json delta, Json logprobs, Json finish_reason) const {
    Json chunk = Head("chat.completion.chunk");
    chunk["choices"] = Json::array({{{"index", choice},
                                     {"delta", std::move(delta)},
                                     {"logprobs", Wrapped(std::move(logprobs))},
                                     {"finish_reason", std::move(finish_reason)}}});
    if (include_usage_) chunk["usage"] = nullptr;
    return Event(chunk);
  }

  Json Wrapped(Json tokens) const {
    if (!logprobs_ || !tokens.is_array()) return nullptr;
    return {{"content", std::move(tokens)}, {"refusal", nullptr}};
  }

  Json TokenJson(const infer::TokenLogprob& token) const {
    const std::string_view bytes = tokenizer_.Bytes(token.token);
    Json numbers = Json::array();
    for (const char byte : bytes) numbers.push_back(static_cast<uint8_t>(byte));
    return {{"token", bytes}, {"logprob", std::max(token.logprob, kLeastLogprob)}, {"bytes", std::move(numbers)}};
  }

  Json LogprobsJson(const infer::PieceEvent& piece) const {
    Json tokens = Json::array();
    if (!logprobs_) return tokens;
    for (size_t i = 0; i < piece.logprobs.size(); ++i) {
      Json token = TokenJson(piece.logprobs[i]);
      token["top_logprobs"] = Json::array();
      if (i < piece.top_logprobs.size()) {
        for (const infer::TokenLogprob& other : piece.top_logprobs[i])
          token["top_logprobs"].push_back(TokenJson(other));
      }
      tokens.push_back(std::move(token));
    }
    return tokens;
  }

  void AddMeasurements(Json& json) const {
    const infer::EndEvent& first = choices_.front().end;
    int completion_tokens = 0;
    double decode_ms = 0;
    for (const Choice& choice : choices_) {
      completion_tokens += choice.end.completion_tokens;
      decode_ms = std::max(decode_ms, choice.end.decode_ms);
    }
    json["usage"] = {{"prompt_tokens", first.prompt_tokens},
                     {"completion_tokens", completion_tokens},
                     {"total_tokens", first.prompt_tokens + completion_tokens},
                     {"prompt_tokens_details", {{"cached_tokens", first.cached_tokens}}}};
    // The first token of each answer comes out of the prompt's pass.
    const int decoded = completion_tokens - static_cast<int>(choices_.size());
    json["timings"] = {{"queue_ms", first.queue_ms},
                       {"prompt_ms", first.prompt_ms},
                       {"decode_ms", decode_ms},
                       {"prompt_tokens_per_s", PerSecond(first.prompt_tokens - first.cached_tokens, first.prompt_ms)},
                       {"decode_tokens_per_s", PerSecond(decoded, decode_ms)}};
  }

  static double PerSecond(int count, double ms) { return ms > 0 && count > 0 ? 1000.0 * count / ms : 0.0; }

  const ChatHead head_;
  const formats::Tokenizer& tokenizer_;
  const bool stream_;
  const bool include_usage_;
  const bool logprobs_;
  std::vector<Choice> choices_;
};

// What a request's "model" means: the base, or one of its adapters.
struct NamedModel {
  std::string name;
  std::string adapter;  // empty: the base
};

// "default" is for programs that do not care.
bool NamesBase(std::string_view asked, const infer::ModelFile& model) {
  return asked.empty() || asked == "default" || EqualIgnoringCase(asked, model.name());
}

std::optional<NamedModel> FindNamed(std::string_view asked, const infer::ModelFile& model) {
  if (NamesBase(asked, model)) return NamedModel{model.name(), ""};
  const auto found = std::ranges::find(model.adapters(), asked);
  if (found == model.adapters().end()) return std::nullopt;
  return NamedModel{*found, *found};
}

// An adapter names its base as vLLM does it.
Json ModelJson(const infer::Engine& engine, int64_t created, const NamedModel& model) {
  const std::string& base = engine.model().name();
  return {{"id", model.name},
          {"object", "model"},
          {"created", created},
          {"owned_by", "walchen"},
          {"root", base},
          {"parent", model.adapter.empty() ? Json() : Json(base)},
          {"context_length", engine.context_tokens()}};
}

OpenAiError NoSuchModel(std::string_view asked, const infer::ModelFile& model) {
  std::string there_are = fmt::format("\"{}\"", model.name());
  for (const std::string& adapter : model.adapters()) there_are += fmt::format(", \"{}\"", adapter);
  return {404, fmt::format("there is no model \"{}\"; this server has {}", asked, there_are), "model", "model_not_found"};
}

}  // namespace

tl::expected<Plan, Response> OpenAiChat::Read(const Request& request, const infer::Engine& engine) const {
  const infer::ModelFile& model = engine.model();
  auto chat = ReadChatRequest(request.body, {.context_tokens = engine.context_tokens(),
                                             .vocabulary_size = model.tokenizer().vocabulary_size()});
  if (!chat) return tl::unexpected(ErrorResponse(chat.error()));
  const auto named = FindNamed(chat->model, model);
  if (!named) return tl::unexpected(ErrorResponse(NoSuchModel(chat->model, model)));
  auto prompt = model.EncodeChat(chat->messages, chat->tools);
  if (!prompt) {
    OpenAiError error = FromError(prompt.error());
    // The template ran out of its bounds on this conversation, which is no full queue.
    if (error.status == 429) error = {400, error.message, "messages", ""};
    return tl::unexpected(ErrorResponse(error));
  }

  if (std::ssize(*prompt) >= engine.context_tokens()) {  // before it is copied for every choice
    return tl::unexpected(ErrorResponse(FromError(Error(
        ErrorCode::kTooLarge, fmt::format("the conversation has {} tokens, but the context holds {} with the answer; send a "
                                          "shorter one, or start the server with a larger --context",
                                          prompt->size(), engine.context_tokens())))));
  }
  infer::GenerateRequest choice;
  choice.prompt = *std::move(prompt);
  choice.max_tokens = chat->max_tokens;
  choice.sampling = chat->sampling;
  choice.stop = chat->stop;
  choice.adapter = named->adapter;
  const uint64_t seed = chat->seed.value_or(RandomSeed());
  Plan plan;
  for (int i = 0; i < chat->choices; ++i) {
    choice.sampling.seed = seed + static_cast<uint64_t>(i);
    plan.choices.push_back(choice);
  }
  ChatHead head{.id = "chatcmpl-" + RandomHex(12),
                .model = named->name,
                .fingerprint = fingerprint_,
                .created = clock_.WallSeconds(),
                .seed = seed};
  plan.format = std::make_unique<ChatFormat>(std::move(head), *chat, model.tokenizer());
  return plan;
}

Response OpenAiChat::Refusal(const Error& error) const { return ErrorResponse(FromError(error)); }

Result<void> CheckAdapterNames(const infer::ModelFile& model) {
  for (const std::string& adapter : model.adapters()) {
    if (!NamesBase(adapter, model)) continue;
    return Fail(ErrorCode::kInvalidArgument, "the adapter's name {} already means {} itself; expected another one", adapter,
                model.name());
  }
  return {};
}

Response ModelList(const infer::Engine& engine, int64_t created) {
  const infer::ModelFile& model = engine.model();
  Json models = Json::array({ModelJson(engine, created, {model.name(), ""})});
  for (const std::string& adapter : model.adapters()) models.push_back(ModelJson(engine, created, {adapter, adapter}));
  Response response;
  response.body = WriteJson({{"object", "list"}, {"data", std::move(models)}});
  return response;
}

Response ModelByName(const infer::Engine& engine, int64_t created, std::string_view name) {
  const auto named = FindNamed(name, engine.model());
  if (!named) return ErrorResponse(NoSuchModel(name, engine.model()));
  Response response;
  response.body = WriteJson(ModelJson(engine, created, *named));
  return response;
}

}  // namespace walchen::serve
