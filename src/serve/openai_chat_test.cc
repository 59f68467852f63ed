// SPDX-License-Identifier: Apache-2.0
#include "serve/openai_chat.h"

#include "serve/json_text.h"
#include "serve/test_engine.h"

namespace walchen::serve {
namespace {

class FixedClock final : public base::Clock {
 public:
  int64_t SteadyNs() override { return 0; }
  int64_t WallSeconds() override { return 1'700'000'000; }
};

class OpenAiChatTest : public testing::Test {
 protected:
  Plan Read(std::string_view fields) {
    auto plan = TryRead(fields);
    EXPECT_TRUE(plan) << (plan ? "" : plan.error().body);
    return plan ? *std::move(plan) : Plan();
  }
  tl::expected<Plan, Response> TryRead(std::string_view fields) {
    Request request;
    request.body = fmt::format(R"({{"messages":[{{"role":"user","content":"Hi"}}]{}}})", fields);
    return chat_.Read(request, engine_);
  }
  static Json Parse(std::string_view text) { return Json::parse(text, nullptr, false); }
  // The data of each event.
  static std::vector<std::string> Events(std::string_view stream) {
    std::vector<std::string> events;
    while (!stream.empty()) {
      const size_t end = stream.find("\n\n");
      EXPECT_NE(end, std::string_view::npos) << stream;
      EXPECT_TRUE(stream.starts_with("data: ")) << stream;
      events.emplace_back(stream.substr(6, end - 6));
      stream.remove_prefix(std::min(end + 2, stream.size()));
    }
    return events;
  }
  static infer::PieceEvent Piece(std::string text, std::vector<infer::TokenLogprob> logprobs = {}) {
    infer::PieceEvent piece;
    piece.text = std::move(text);
    for (const infer::TokenLogprob& token : logprobs) piece.top_logprobs.push_back({token, {'z', -8.0f}});
    piece.logprobs = std::move(logprobs);
    return piece;
  }
  static infer::EndEvent End(infer::FinishReason reason, int tokens) {
    infer::EndEvent end;
    end.reason = reason;
    end.prompt_tokens = 20;
    end.cached_tokens = 8;
    end.completion_tokens = tokens;
    end.prompt_ms = 6;
    end.decode_ms = 100;
    return end;
  }

  FixedClock clock_;
  TestEngine engine_;
  const OpenAiChat chat_{"walchen 9.9", clock_};
};

TEST_F(OpenAiChatTest, AsksTheEngineOncePerChoiceWithSeedsInARow) {
  const Plan plan = Read(R"(,"n":3,"seed":10,"max_tokens":5,"stop":"x","temperature":0.5)");
  ASSERT_EQ(plan.choices.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(plan.choices[i].sampling.seed, 10 + i);
    EXPECT_EQ(plan.choices[i].sampling.temperature, 0.5f);
    EXPECT_EQ(plan.choices[i].max_tokens, 5);
    EXPECT_EQ(plan.choices[i].stop, (std::vector<std::string>{"x"}));
    EXPECT_FALSE(plan.choices[i].prompt.empty());
  }
}

TEST_F(OpenAiChatTest, ChoosesASeedAndSaysIt) {
  Plan plan = Read("");
  plan.format->ChoiceEnd(0, End(infer::FinishReason::kStop, 1));
  EXPECT_EQ(Parse(plan.format->Whole().body)["seed"], plan.choices[0].sampling.seed);
  EXPECT_NE(Read("").choices[0].sampling.seed, plan.choices[0].sampling.seed);
}

TEST_F(OpenAiChatTest, WordsAWholeAnswer) {
  const Plan plan = Read(R"(,"seed":7)");
  EXPECT_FALSE(plan.format->streams());
  EXPECT_EQ(plan.format->Piece(0, Piece("Grüß")), "");
  EXPECT_EQ(plan.format->Piece(0, Piece(" Gott")), "");
  EXPECT_EQ(plan.format->ChoiceEnd(0, End(infer::FinishReason::kLength, 11)), "");
  const Response response = plan.format->Whole();
  Json body = Parse(response.body);
  EXPECT_TRUE(body["id"].get<std::string>().starts_with("chatcmpl-"));
  body.erase("id");
  EXPECT_EQ(body, Parse(R"({
      "object": "chat.completion", "created": 1700000000, "model": "test-model", "seed": 7,
      "system_fingerprint": "walchen 9.9",
      "choices": [{"index": 0, "message": {"role": "assistant", "content": "Grüß Gott", "refusal": null},
                   "logprobs": null, "finish_reason": "length"}],
      "usage": {"prompt_tokens": 20, "completion_tokens": 11, "total_tokens": 31,
                "prompt_tokens_details": {"cached_tokens": 8}},
      "timings": {"queue_ms": 0.0, "prompt_ms": 6.0, "decode_ms": 100.0, "prompt_tokens_per_s": 2000.0,
                  "decode_tokens_per_s": 100.0}})"));
}

TEST_F(OpenAiChatTest, WordsAStream) {
  const Plan plan = Read(R"(,"stream":true)");
  ASSERT_TRUE(plan.format->streams());
  const std::string stream = plan.format->Start() + plan.format->Piece(0, Piece("Hi")) +
                             plan.format->ChoiceEnd(0, End(infer::FinishReason::kStop, 1)) + plan.format->Finish();
  const std::vector<std::string> events = Events(stream);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[3], "[DONE]");
  const auto choice = [&](size_t event) { return Parse(events[event])["choices"]; };
  EXPECT_EQ(choice(0), Parse(R"([{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,
                                  "finish_reason":null}])"));
  EXPECT_EQ(choice(1), Parse(R"([{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}])"));
  EXPECT_EQ(choice(2), Parse(R"([{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}])"));
  for (size_t event = 0; event < 3; ++event) {
    const Json chunk = Parse(events[event]);
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["id"], Parse(events[0])["id"]);
    EXPECT_FALSE(chunk.contains("usage"));
  }
}

TEST_F(OpenAiChatTest, AddsTheUsageToAStreamThatAsksForIt) {
  const Plan plan = Read(R"(,"stream":true,"n":2,"stream_options":{"include_usage":true})");
  const std::vector<std::string> start = Events(plan.format->Start());
  ASSERT_EQ(start.size(), 2u);
  EXPECT_TRUE(Parse(start[1])["usage"].is_null());
  EXPECT_EQ(Parse(start[1])["choices"][0]["index"], 1);
  plan.format->ChoiceEnd(0, End(infer::FinishReason::kStop, 5));
  plan.format->ChoiceEnd(1, End(infer::FinishReason::kStop, 6));
  const std::vector<std::string> events = Events(plan.format->Finish());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(Parse(events[0])["choices"], Json::array());
  EXPECT_EQ(Parse(events[0])["usage"]["completion_tokens"], 11);
  EXPECT_EQ(Parse(events[0])["usage"]["total_tokens"], 31);
}

TEST_F(OpenAiChatTest, WritesLogProbabilitiesWithTheirBytes) {
  const Plan plan = Read(R"(,"logprobs":true,"top_logprobs":2)");
  // Two tokens that are one character together.
  plan.format->Piece(0, Piece("ü", {{0xc3, -0.25f}, {0xbc, -std::numeric_limits<float>::infinity()}}));
  plan.format->ChoiceEnd(0, End(infer::FinishReason::kStop, 2));
  const Json logprobs = Parse(plan.format->Whole().body)["choices"][0]["logprobs"];
  ASSERT_EQ(logprobs["content"].size(), 2u);
  EXPECT_EQ(logprobs["content"][0], Parse(R"({"token":"\ufffd","logprob":-0.25,"bytes":[195],"top_logprobs":[
      {"token":"\ufffd","logprob":-0.25,"bytes":[195]},{"token":"z","logprob":-8.0,"bytes":[122]}]})"));
  EXPECT_EQ(logprobs["content"][1]["logprob"], -9999.0);
}

TEST_F(OpenAiChatTest, KnowsTheModelByItsName) {
  for (const char* model : {"test-model", "TEST-model", "default", ""}) {
    EXPECT_TRUE(TryRead(fmt::format(R"(,"model":"{}")", model))) << model;
  }
  const auto plan = TryRead(R"(,"model":"gpt-9")");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().status, 404);
  EXPECT_EQ(Parse(plan.error().body)["error"]["code"], "model_not_found");
  EXPECT_EQ(ModelByName(engine_, 5, "gpt-9").status, 404);
  EXPECT_EQ(Parse(ModelByName(engine_, 5, "test-model").body)["id"], "test-model");
  EXPECT_EQ(Parse(ModelList(engine_, 5).body), Parse(R"({"object":"list","data":[{"id":"test-model","object":"model",
      "created":5,"owned_by":"walchen","root":"test-model","parent":null,"context_length":4096}]})"));
}

TEST_F(OpenAiChatTest, AnAdapterIsAModelOfItsOwnWithTheBaseAsParent) {
  TestEngine engine({"cards", "Verse"});
  const auto read = [&](std::string_view model) {
    Request request;
    request.body = fmt::format(R"({{"messages":[{{"role":"user","content":"Hi"}}],"model":"{}"}})", model);
    return chat_.Read(request, engine);
  };
  for (const auto& [model, adapter] : {std::pair("cards", "cards"), std::pair("Verse", "Verse"), std::pair("default", ""),
                                       std::pair("", ""), std::pair("Test-Model", "")}) {
    const auto plan = read(model);
    ASSERT_TRUE(plan) << model;
    EXPECT_EQ(plan->choices.at(0).adapter, adapter);
    const std::string name = *adapter == '\0' ? "test-model" : adapter;
    plan->format->ChoiceEnd(0, End(infer::FinishReason::kStop, 1));
    EXPECT_EQ(Parse(plan->format->Whole().body)["model"], name);
  }
  const auto unknown = read("verse");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().status, 404);
  EXPECT_EQ(Parse(unknown.error().body)["error"]["message"],
            R"(there is no model "verse"; this server has "test-model", "cards", "Verse")");

  const Json models = Parse(ModelList(engine, 5).body)["data"];
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0]["id"], "test-model");
  EXPECT_EQ(models[2], Parse(R"({"id":"Verse","object":"model","created":5,"owned_by":"walchen","root":"test-model",
      "parent":"test-model","context_length":4096})"));
  EXPECT_EQ(Parse(ModelByName(engine, 5, "Verse").body), models[2]);
}

TEST_F(OpenAiChatTest, RefusesAdaptersWhoseNameMeansTheBase) {
  for (const char* name : {"default", "test-model", "TEST-MODEL"}) {
    const auto checked = CheckAdapterNames(TestModel({"cards", name}));
    ASSERT_FALSE(checked) << name;
    EXPECT_NE(checked.error().message().find(name), std::string::npos) << checked.error().message();
  }
  EXPECT_TRUE(CheckAdapterNames(TestModel({"cards", "defaults"})));
}

TEST_F(OpenAiChatTest, SaysWhatTheTemplateDoesNotLike) {
  const auto plan = TryRead(R"(,"tools":[{"name":"refuse me"}])");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().status, 400);
  EXPECT_EQ(Parse(plan.error().body)["error"]["message"], "roles must alternate");
}

TEST_F(OpenAiChatTest, WordsTheEnginesErrors) {
  struct Case {
    ErrorCode code;
    int status;
    const char* type;
    Json openai_code;
  };
  const Case cases[] = {
      {ErrorCode::kInvalidArgument, 400, "invalid_request_error", nullptr},
      {ErrorCode::kTooLarge, 400, "invalid_request_error", "context_length_exceeded"},
      {ErrorCode::kResourceExhausted, 429, "rate_limit_error", "queue_full"},
      {ErrorCode::kUnavailable, 503, "unavailable_error", "unavailable"},
      {ErrorCode::kIo, 500, "server_error", "io"},
  };
  for (const Case& expected : cases) {
    const Response response = chat_.Refusal(Error(expected.code, "9 of 8 tokens"));
    const Json error = Parse(response.body)["error"];
    EXPECT_EQ(response.status, expected.status);
    EXPECT_EQ(error["type"], expected.type);
    EXPECT_EQ(error["code"], expected.openai_code);
    EXPECT_EQ(error["message"], "9 of 8 tokens");
    const bool retry = std::any_of(response.headers.begin(), response.headers.end(),
                                   [](const Header& header) { return header.name == "Retry-After"; });
    EXPECT_EQ(retry, expected.status == 429 || expected.status == 503);
  }
}

TEST_F(OpenAiChatTest, EndsABrokenStreamWithAnErrorEvent) {
  const Plan plan = Read(R"(,"stream":true)");
  const std::vector<std::string> events = Events(plan.format->BrokenOff(Error(ErrorCode::kUnavailable, "stopping")));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(Parse(events[0])["error"]["message"], "stopping");
}

}  // namespace
}  // namespace walchen::serve
