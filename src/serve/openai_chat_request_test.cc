// SPDX-License-Identifier: Apache-2.0
#include "serve/openai_chat_request.h"

#include "base/limits.h"

namespace walchen::serve {
namespace {

constexpr ChatLimits kLimits = {.context_tokens = 4'096, .vocabulary_size = 1'000};

// A body with one user message and these fields beside it.
std::string Body(std::string_view fields) {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"Hi"}}]{}{}}})", fields.empty() ? "" : ",", fields);
}

ChatRequest Read(std::string_view body) {
  auto request = ReadChatRequest(body, kLimits);
  EXPECT_TRUE(request) << body << ": " << (request ? "" : request.error().message);
  return request ? *request : ChatRequest();
}

OpenAiError Refusal(std::string_view body) {
  const auto request = ReadChatRequest(body, kLimits);
  EXPECT_FALSE(request) << body;
  return request ? OpenAiError() : request.error();
}

TEST(OpenAiChatRequest, LeavesTheModelAloneByDefault) {
  const ChatRequest request = Read(Body(""));
  EXPECT_EQ(request.choices, 1);
  EXPECT_FALSE(request.stream);
  EXPECT_EQ(request.max_tokens, 0);
  EXPECT_FALSE(request.seed);
  EXPECT_EQ(request.sampling.temperature, 1.0f);
  EXPECT_EQ(request.sampling.top_p, 1.0f);
  EXPECT_EQ(request.sampling.top_logprobs, -1);
  EXPECT_TRUE(request.stop.empty());
  EXPECT_TRUE(request.tools.is_null());
}

TEST(OpenAiChatRequest, ReadsEveryField) {
  const ChatRequest request = Read(
      Body(R"("model":"m","max_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,"typical_p":0.8,)"
           R"("repetition_penalty":1.1,"frequency_penalty":-1,"presence_penalty":2,"seed":42,"stop":["a","bc"],"n":3,)"
           R"("logit_bias":{"5":-100,"999":1.5},"logprobs":true,"top_logprobs":4,"stream":true,)"
           R"("stream_options":{"include_usage":true},"tools":[{"type":"function"}],"tool_choice":"auto")"));
  EXPECT_EQ(request.model, "m");
  EXPECT_EQ(request.max_tokens, 7);
  EXPECT_EQ(request.sampling.temperature, 0.5f);
  EXPECT_EQ(request.sampling.top_p, 0.9f);
  EXPECT_EQ(request.sampling.top_k, 40);
  EXPECT_EQ(request.sampling.min_p, 0.05f);
  EXPECT_EQ(request.sampling.typical_p, 0.8f);
  EXPECT_EQ(request.sampling.repetition_penalty, 1.1f);
  EXPECT_EQ(request.sampling.frequency_penalty, -1.0f);
  EXPECT_EQ(request.sampling.presence_penalty, 2.0f);
  EXPECT_EQ(request.seed, 42u);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "bc"}));
  EXPECT_EQ(request.choices, 3);
  const std::vector<std::pair<infer::TokenId, float>> bias = {{5, -100.0f}, {999, 1.5f}};
  EXPECT_EQ(request.sampling.logit_bias, bias);
  EXPECT_EQ(request.sampling.top_logprobs, 4);
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
  EXPECT_EQ(request.tools.size(), 1u);
}

TEST(OpenAiChatRequest, NullMeansNotGiven) {
  const ChatRequest request = Read(Body(
      R"("temperature":null,"max_tokens":null,"stop":null,"seed":null,"n":null,"stream":null,"stream_options":null,)"
      R"("logit_bias":null,"tools":null,"tool_choice":null,"response_format":null,"top_logprobs":null)"));
  EXPECT_EQ(request.sampling.temperature, 1.0f);
  EXPECT_EQ(request.choices, 1);
}

TEST(OpenAiChatRequest, IgnoresWhatItDoesNotKnow) {
  Read(Body(R"("user":"u","store":false,"metadata":{"a":1},"parallel_tool_calls":true,"reasoning_effort":"low",)"
            R"("service_tier":"auto","response_format":{"type":"text"},"modalities":["text"],"x_y":[1])"));
}

TEST(OpenAiChatRequest, NamesTheFieldTheRangeAndWhatItFound) {
  struct Case {
    const char* fields;
    const char* param;
    const char* message;
  };
  const Case cases[] = {
      {R"("temperature":7)", "temperature", "temperature: expected a number of at least 0 and at most 5, found 7"},
      {R"("temperature":-0.1)", "temperature", "found -0.1"},
      {R"("temperature":"hot")", "temperature", "found \"hot\""},
      {R"("top_p":1.5)", "top_p", "at most 1, found 1.5"},
      {R"("typical_p":0)", "typical_p", "a number above 0 and at most 1, found 0"},
      {R"("repetition_penalty":0)", "repetition_penalty", "above 0 and at most 10"},
      {R"("top_k":-1)", "top_k", "a whole number from 0 to 1000, found -1"},
      {R"("max_tokens":0)", "max_tokens", "a whole number from 1 to"},
      {R"("max_tokens":1.5)", "max_tokens", "found 1.5"},
      {R"("max_tokens":18446744073709551615)", "max_tokens", "found 18446744073709551615"},
      {R"("max_completion_tokens":-3)", "max_completion_tokens", "found -3"},
      {R"("n":17)", "n", "a whole number from 1 to 16, found 17"},
      {R"("seed":0.5)", "seed", "a whole number of 64 bits, found 0.5"},
      {R"("stream":"yes")", "stream", "true or false, found \"yes\""},
      {R"("stream_options":1)", "stream_options", "an object"},
      {R"("stream_options":{"include_usage":1})", "stream_options.include_usage", "true or false"},
      {R"("stop":"")", "stop", "each of 1 to 1024 bytes, found \"\""},
      {R"("stop":[1])", "stop", "found a list of 1"},
      {R"("logit_bias":{"1000":1})", "logit_bias", "token ids (0 to 999)"},
      {R"("logit_bias":{"-1":1})", "logit_bias", "token ids"},
      {R"("logit_bias":{"1x":1})", "logit_bias", "token ids"},
      {R"("logit_bias":{"1":101})", "logit_bias", "numbers from -100 to 100"},
      {R"("logit_bias":[1])", "logit_bias", "an object"},
      {R"("top_logprobs":3)", "top_logprobs", "\"logprobs\": true beside it"},
      {R"("logprobs":true,"top_logprobs":21)", "top_logprobs", "from 0 to 20, found 21"},
      {R"("tools":{})", "tools", "a list of tools"},
      {R"("model":5)", "model", "a text, found 5"},
  };
  for (const Case& expected : cases) {
    const OpenAiError error = Refusal(Body(expected.fields));
    EXPECT_EQ(error.status, 400) << expected.fields;
    EXPECT_EQ(error.param, expected.param) << expected.fields;
    EXPECT_NE(error.message.find(expected.message), std::string::npos) << expected.fields << ": " << error.message;
  }
}

TEST(OpenAiChatRequest, RefusesWhatItCannotHonour) {
  for (const char* fields :
       {R"("response_format":{"type":"json_object"})", R"("response_format":{"type":"json_schema","json_schema":{}})",
        R"("response_format":"text")", R"("tool_choice":"required")",
        R"("tool_choice":{"type":"function","function":{"name":"f"}})", R"("functions":[{"name":"f"}])",
        R"("modalities":["text","audio"])"}) {
    EXPECT_EQ(Refusal(Body(fields)).code, "unsupported_value") << fields;
  }
}

TEST(OpenAiChatRequest, PassesToolsOnUnlessTheChoiceIsNone) {
  EXPECT_EQ(Read(Body(R"("tools":[{"type":"function"}])")).tools.size(), 1u);
  EXPECT_TRUE(Read(Body(R"("tools":[{"type":"function"}],"tool_choice":"none")")).tools.is_null());
  EXPECT_TRUE(Read(Body(R"("tools":[])")).tools.is_null());
}

TEST(OpenAiChatRequest, TakesNoMoreTokensThanTheContextHas) {
  EXPECT_EQ(Read(Body(R"("max_tokens":100000)")).max_tokens, kLimits.context_tokens);
  EXPECT_EQ(Read(Body(R"("max_tokens":5,"max_completion_tokens":9)")).max_tokens, 9);
}

TEST(OpenAiChatRequest, ReadsSeedsOfBothSigns) {
  EXPECT_EQ(Read(Body(R"("seed":18446744073709551615)")).seed, UINT64_MAX);
  EXPECT_EQ(Read(Body(R"("seed":-1)")).seed, UINT64_MAX);
}

TEST(OpenAiChatRequest, TreatsATopPOfZeroAsTheMostLikelyToken) {
  const float top_p = Read(Body(R"("top_p":0)")).sampling.top_p;
  EXPECT_GT(top_p, 0.0f);
  EXPECT_LT(top_p, 1e-6f);
}

TEST(OpenAiChatRequest, ReadsMessagesOfEveryRole) {
  const ChatRequest request = Read(R"({"messages":[
      {"role":"developer","content":"Be brief."},
      {"role":"user","name":"anna","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
      {"role":"assistant","content":null,"tool_calls":[
          {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": [1, 2]}"}},
          {"id":"c2","type":"function","function":{"name":"g","arguments":"not json"}}]},
      {"role":"tool","tool_call_id":"c1","content":"42"},
      {"role":"assistant","content":"","extra":"dropped"}]})");
  EXPECT_EQ(WriteJson(request.messages),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"one\ntwo","name":"anna"},)"
            R"({"role":"assistant","content":"","tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":{"x":[1,2]}}},)"
            R"({"id":"c2","type":"function","function":{"name":"g","arguments":"not json"}}]},)"
            R"({"role":"tool","content":"42","tool_call_id":"c1"},{"role":"assistant","content":""}])");
}

TEST(OpenAiChatRequest, SaysWhichMessageIsWrong) {
  struct Case {
    const char* messages;
    const char* param;
  };
  const Case cases[] = {
      {R"([])", "messages"},
      {R"("hi")", "messages"},
      {R"(null)", "messages"},
      {R"([{"role":"user","content":"a"},5])", "messages[1]"},
      {R"([{"role":"user","content":"a"},{"content":"a"}])", "messages[1].role"},
      {R"([{"role":"king","content":"a"}])", "messages[0].role"},
      {R"([{"role":7,"content":"a"}])", "messages[0].role"},
      {R"([{"role":"user"}])", "messages[0].content"},
      {R"([{"role":"user","content":null}])", "messages[0].content"},
      {R"([{"role":"user","content":3}])", "messages[0].content"},
      {R"([{"role":"user","content":["a"]}])", "messages[0].content"},
      {R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}])", "messages[0].content"},
      {R"([{"role":"user","content":"a","name":[]}])", "messages[0].name"},
      {R"([{"role":"assistant","tool_calls":{}}])", "messages[0].tool_calls"},
  };
  for (const Case& expected : cases) {
    const OpenAiError error = Refusal(fmt::format(R"({{"messages":{}}})", expected.messages));
    EXPECT_EQ(error.status, 400) << expected.messages;
    EXPECT_EQ(error.param, expected.param) << expected.messages << ": " << error.message;
  }
}

TEST(OpenAiChatRequest, RefusesABodyThatIsNoObject) {
  EXPECT_EQ(Refusal("[1]").code, "invalid_value");
  EXPECT_EQ(Refusal("{}").param, "messages");
  const OpenAiError error = Refusal(R"({"messages": [}])");
  EXPECT_EQ(error.code, "invalid_json");
  EXPECT_NE(error.message.find("at byte 14"), std::string::npos) << error.message;
}

TEST(OpenAiChatRequest, BoundsTheNumberOfMessagesAndStops) {
  std::string messages = R"({"role":"user","content":"a"})";
  const std::string one = messages;
  for (int64_t i = 1; i < base::kChatMaxMessages; ++i) messages += "," + one;
  Read(R"({"messages":[)" + messages + "]}");
  EXPECT_EQ(Refusal(R"({"messages":[)" + messages + "," + one + "]}").param, "messages");

  const std::string longest(base::kStopMaxBytes, 'a');
  Read(Body(fmt::format(R"("stop":"{}")", longest)));
  EXPECT_EQ(Refusal(Body(fmt::format(R"("stop":"{}a")", longest))).param, "stop");
}

}  // namespace
}  // namespace walchen::serve
