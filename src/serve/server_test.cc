// SPDX-License-Identifier: Apache-2.0
#include "serve/server.h"

#include "base/test_folder.h"
#include "serve/json_text.h"
#include "serve/page.h"
#include "serve/test_client.h"
#include "serve/test_engine.h"

namespace walchen::serve {
namespace {

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kHello = R"({"messages":[{"role":"user","content":"Hello"}]})";
constexpr std::string_view kHelloStream = R"({"stream":true,"messages":[{"role":"user","content":"Hello"}]})";

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {.listener = {}, .token = "secret"}) {
    auto server = Server::Start(engine_, options);
    ASSERT_TRUE(server) << server.error().ToString();
    server_ = *std::move(server);
  }
  std::unique_ptr<TestClient> Client() { return std::make_unique<TestClient>(server_->port()); }
  TestAnswer Ask(std::string_view method, std::string_view target, std::string_view body = "",
                 const std::vector<Header>& headers = {{"Authorization", "Bearer secret"}}) {
    const auto client = Client();
    client->Request(method, target, body, headers);
    return client->Receive(method == "HEAD");
  }
  std::unique_ptr<TestClient> BeginStream() {
    auto client = Client();
    client->Request("POST", kChat, kHelloStream, {{"Authorization", "Bearer secret"}});
    TestAnswer head;
    EXPECT_TRUE(client->ReceiveHead(head));
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.Find("content-type"), "text/event-stream; charset=utf-8");
    return client;
  }
  static Json Parse(std::string_view text) { return Json::parse(text, nullptr, false); }

  TestEngine engine_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, SaysThatItIsWellToAnyone) {
  Start();
  EXPECT_EQ(Ask("GET", "/health", "", {}).body, R"({"status":"ok"})");
  EXPECT_EQ(Ask("GET", "/ready", "", {}).body, R"({"status":"ready"})");
  EXPECT_EQ(Ask("HEAD", "/health", "", {}).status, 200);
}

TEST_F(ServerTest, WantsItsTokenForEverythingElse) {
  Start();
  for (const char* path : {"/v1/models", "/v1/chat/completions", "/nothing", "/v1/models?token=secret"}) {
    const TestAnswer answer = Ask("GET", path, "", {});
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(answer.Find("www-authenticate"), "Bearer");
    EXPECT_EQ(Parse(answer.body)["error"]["type"], "authentication_error");
  }
  EXPECT_EQ(Ask("GET", "/v1/models", "", {{"Authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(Ask("GET", "/v1/models").status, 200);
}

TEST_F(ServerTest, GivesTheBrowserACookieForTheToken) {
  Start();
  const TestAnswer open = Ask("GET", "/?token=secret", "", {});
  EXPECT_EQ(open.status, 303);
  EXPECT_EQ(open.Find("location"), "/");
  EXPECT_EQ(open.Find("referrer-policy"), "no-referrer");
  const std::string cookie = open.Find("set-cookie");
  EXPECT_EQ(Ask("GET", "/v1/models", "", {{"Cookie", cookie.substr(0, cookie.find(';'))}}).status, 200);
  const TestAnswer wrong = Ask("GET", "/?token=wrong", "", {});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.Find("set-cookie"), "");
}

TEST_F(ServerTest, ServesThePageToItselfOnly) {
  Start();
  const TestAnswer page = Ask("GET", "/", "", {});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.Find("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.Find("cache-control"), "no-cache");
  EXPECT_NE(page.Find("content-security-policy").find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.Find("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(page.Find("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.body.find("<script>"), std::string::npos) << "no inline script";
  for (const PageFile& file : PageFiles()) {
    if (!file.path.starts_with("/assets/")) continue;
    EXPECT_NE(page.body.find(file.path), std::string::npos) << file.path;
    const TestAnswer asset = Ask("GET", file.path, "", {});
    EXPECT_EQ(asset.body, file.bytes);
    EXPECT_NE(asset.Find("cache-control").find("immutable"), std::string::npos);
  }
}

TEST_F(ServerTest, RefusesForeignHostsAndOrigins) {
  Start();
  EXPECT_EQ(Ask("GET", "/", "", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(Ask("GET", "/health", "", {{"Origin", "http://evil.example"}}).status, 403);
  const TestAnswer answer = Ask("GET", "/health", "", {{"Origin", "http://localhost"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Find("access-control-allow-origin"), "");
}

TEST_F(ServerTest, SaysWhatAPathCanDo) {
  Start();
  const TestAnswer method = Ask("DELETE", kChat);
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.Find("allow"), "POST");
  const TestAnswer path = Ask("GET", "/v2/models");
  EXPECT_EQ(path.status, 404);
  EXPECT_EQ(Parse(path.body)["error"]["message"], "there is nothing at /v2/models");
  EXPECT_EQ(Ask("GET", "/v1/models/test-model").status, 200);
  EXPECT_EQ(Ask("GET", "/v1/models/other").status, 404);
}

TEST_F(ServerTest, ShowsTrainingRunsToThoseWithTheToken) {
  const base::TestFolder folder;
  Start({.listener = {}, .token = "secret", .runs = folder.path()});
  for (const char* path : {"/walchen/runs", "/walchen/runs/a", "/walchen/runs/a?token=secret"}) {
    EXPECT_EQ(Ask("GET", path, "", {}).status, 401) << path;
  }
  EXPECT_EQ(Ask("GET", "/walchen/runs").body, R"({"object":"list","data":[],"left_out":0})");
  EXPECT_EQ(Ask("HEAD", "/walchen/runs").status, 200);
  EXPECT_EQ(Ask("POST", "/walchen/runs").status, 405);
  for (const char* name : {"a", "..", "%2e%2e", "%2e%2e%2fa", "..%2f..%2fetc", "a/log.jsonl", ""}) {
    EXPECT_EQ(Ask("GET", fmt::format("/walchen/runs/{}", name)).status, 404) << name;
  }
}

TEST_F(ServerTest, AnswersAQuestion) {
  Start();
  engine_.end.completion_tokens = 3;
  const TestAnswer answer = Ask("POST", kChat, kHello);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Find("content-type"), "application/json");
  const Json body = Parse(answer.body);
  EXPECT_EQ(body["choices"][0]["message"]["content"], "Grüß Gott!");
  EXPECT_EQ(body["usage"]["completion_tokens"], 3);
  EXPECT_EQ(WriteJson(engine_.messages()), R"([{"role":"user","content":"Hello"}])");
}

TEST_F(ServerTest, StreamsAnAnswer) {
  Start();
  const auto client = BeginStream();
  std::string text;
  std::string all;
  for (std::string chunk; client->ReceiveChunk(chunk);) all += chunk;
  EXPECT_TRUE(all.ends_with("data: [DONE]\n\n"));
  for (size_t at = 0; (at = all.find("data: {", at)) != std::string::npos; ++at) {
    const Json event = Parse(std::string_view(all).substr(at + 6, all.find("\n\n", at) - at - 6));
    text += event["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(text, "Grüß Gott!");
  client->Request("GET", "/health");
  EXPECT_EQ(client->Receive().status, 200) << "the connection goes on after a stream";
}

TEST_F(ServerTest, AnswersSeveralChoicesAtOnce) {
  Start();
  const Json body = Parse(Ask("POST", kChat, R"({"n":3,"messages":[{"role":"user","content":"x"}]})").body);
  ASSERT_EQ(body["choices"].size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(body["choices"][i]["index"], i);
    EXPECT_EQ(body["choices"][i]["message"]["content"], "Grüß Gott!");
  }
}

TEST_F(ServerTest, TellsClientsWhatIsWrong) {
  Start();
  EXPECT_EQ(Ask("POST", kChat, "{").status, 400);
  EXPECT_EQ(Parse(Ask("POST", kChat, "\xff").body)["error"]["code"], "invalid_json");
  EXPECT_EQ(
      Parse(Ask("POST", kChat, R"({"messages":[{"role":"user","content":"refuse me"}]})").body)["error"]["message"],
      "roles must alternate");
  engine_.context = 10;
  const TestAnswer context = Ask("POST", kChat, kHello);
  EXPECT_EQ(context.status, 400);
  EXPECT_EQ(Parse(context.body)["error"]["code"], "context_length_exceeded");
  EXPECT_EQ(Ask("POST", kChat, kHelloStream).status, 400) << "known before the stream begins";
  engine_.context = 4'096;
  engine_.submit_error = Error(ErrorCode::kResourceExhausted, "256 requests are waiting");
  const TestAnswer full = Ask("POST", kChat, kHello);
  EXPECT_EQ(full.status, 429);
  EXPECT_NE(full.Find("retry-after"), "");
}

TEST_F(ServerTest, TellsAStreamWhenTheEngineFails) {
  Start();
  engine_.end.reason = infer::FinishReason::kError;
  engine_.end.error = Error(ErrorCode::kIo, "a bad thing");
  EXPECT_EQ(Ask("POST", kChat, kHello).status, 500);
  const TestAnswer stream = Ask("POST", kChat, kHelloStream);
  EXPECT_NE(stream.body.find(R"("message":"a bad thing")"), std::string::npos) << stream.body;
  EXPECT_EQ(stream.body.find("[DONE]"), std::string::npos);
}

TEST_F(ServerTest, CancelsTheAnswerOfAClientThatLeaves) {
  Start();
  engine_.endless = true;
  {
    const auto stream = BeginStream();
    std::string chunk;
    EXPECT_TRUE(stream->ReceiveChunk(chunk));
  }
  EXPECT_TRUE(Eventually([&] { return engine_.cancelled() == 1; }));
  {
    const auto whole = Client();
    whole->Request("POST", kChat, R"({"n":2,"messages":[{"role":"user","content":"x"}]})",
                   {{"Authorization", "Bearer secret"}});
    EXPECT_TRUE(Eventually([&] { return engine_.running() == 2; }));
  }
  EXPECT_TRUE(Eventually([&] { return engine_.cancelled() == 3; }));
}

TEST_F(ServerTest, CancelsTheAnswerOfAClientThatDoesNotRead) {
  Start();
  engine_.endless = true;
  engine_.steps_per_s = 1'000'000;
  engine_.pieces = {std::string(20'000, 'x')};
  TestClient client(server_->port(), /*receive_buffer=*/4'096);
  client.Request("POST", kChat, kHelloStream, {{"Authorization", "Bearer secret"}});
  EXPECT_TRUE(Eventually([&] { return engine_.cancelled() == 1; }));
}

TEST_F(ServerTest, FinishesRunningAnswersBeforeItStops) {
  Start();
  engine_.steps_per_s = 20;
  const auto stream = BeginStream();
  server_->Stop();
  EXPECT_TRUE(Eventually([&] { return Ask("GET", "/ready", "", {}).status == 503; }));
  EXPECT_EQ(Ask("POST", kChat, kHello).status, 503);
  EXPECT_EQ(Ask("GET", "/health", "", {}).status, 200);
  std::string all;
  for (std::string chunk; stream->ReceiveChunk(chunk);) all += chunk;
  EXPECT_TRUE(all.ends_with("data: [DONE]\n\n")) << all;
  server_->Wait();
  EXPECT_EQ(engine_.cancelled(), 0);
}

TEST_F(ServerTest, CutsAnswersThatDoNotFinishInTimeWithAnEvent) {
  Start({.listener = {.drain_ms = 50}, .token = "secret"});
  engine_.endless = true;
  const auto stream = BeginStream();
  const auto whole = Client();
  whole->Request("POST", kChat, kHello, {{"Authorization", "Bearer secret"}});
  EXPECT_TRUE(Eventually([&] { return engine_.running() == 2; }));
  server_->Stop();
  std::string all;
  for (std::string chunk; stream->ReceiveChunk(chunk);) all += chunk;
  EXPECT_NE(all.find("the server is stopping"), std::string::npos);
  EXPECT_TRUE(stream->IsClosed());
  EXPECT_EQ(whole->Receive().status, 503);
  server_->Wait();
  EXPECT_EQ(engine_.cancelled(), 2);
}

TEST_F(ServerTest, CanBeDestroyedWhileItAnswers) {
  Start();
  engine_.endless = true;
  engine_.steps_per_s = 100;  // twenty streams of a thousand are more than a sanitizer's server can write
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(BeginStream());
  server_.reset();
  EXPECT_EQ(engine_.running(), 0);
}

TEST_F(ServerTest, ServesManyClientsAtOnce) {
  Start();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 5; ++i) {
        const TestAnswer answer = Ask("POST", kChat, thread % 2 == 0 ? kHello : kHelloStream);
        right += answer.status == 200 && answer.body.find("Gott") != std::string::npos;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
}

}  // namespace
}  // namespace walchen::serve
