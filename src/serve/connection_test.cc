// SPDX-License-Identifier: Apache-2.0
#include "serve/connection.h"

#include <atomic>

#include "serve/test_client.h"

namespace walchen::serve {
namespace {

// Answers with what it was asked. Paths: /hold keeps the exchange open, /drop forgets it, /throw throws, /stream sends
// three pieces, /worker answers from a worker thread.
class EchoService final : public HttpService {
 public:
  std::optional<Response> Refuse(const Request& head) override {
    if (head.path == "/refused") return ErrorResponse(403, "no");
    return std::nullopt;
  }

  void Serve(Request request, ExchangePtr exchange) override {
    ++served;
    if (request.path == "/drop") return;
    if (request.path == "/throw") throw std::runtime_error("out of luck");
    if (request.path == "/hold") {
      exchange->OnInterruption([this, exchange](Interruption why) {
        ++(why == Interruption::kClientLeft ? left : shut_down);
        exchange->Reply(ErrorResponse(503, "held"));
      });
      return;
    }
    if (request.path == "/worker") {
      exchange->PostHeavy([exchange] { exchange->Post([exchange] { exchange->Reply({.body = "worked"}); }); });
      return;
    }
    if (request.path == "/worker-throws") {
      exchange->PostHeavy([exchange] { throw std::bad_alloc(); });
      return;
    }
    if (request.path == "/flood") {
      exchange->OnInterruption([this](Interruption) { ++left; });
      exchange->BeginStream({}, "");
      return Flood(exchange);
    }
    if (request.path == "/stream" || request.path == "/slow") {
      exchange->BeginStream({.content_type = "text/plain"}, "~");
      if (request.path == "/slow") return Keep(exchange);
      for (const char* piece : {"a", "b", "c"}) exchange->Write(piece);
      return exchange->End();
    }
    Response response;
    response.body = fmt::format("{} {} {}", request.method, request.path, request.body);
    exchange->Reply(std::move(response));
  }

  Response ErrorResponse(int status, std::string_view message) override {
    Response response;
    response.status = status;
    response.body = message;
    return response;
  }

  std::atomic<int> served = 0;
  std::atomic<int> left = 0;
  std::atomic<int> shut_down = 0;

 private:
  static void Keep(const ExchangePtr& exchange) {
    if (!exchange->client_left()) exchange->OnInterruption([exchange](Interruption) { exchange->End(); });
  }
  // As fast as the server can, until the client is gone.
  static void Flood(const ExchangePtr& exchange) {
    if (exchange->client_left()) return;
    exchange->Write(std::string(100'000, 'x'));
    exchange->Post([exchange] { Flood(exchange); });
  }
};

class ConnectionTest : public testing::Test {
 protected:
  void Start(ListenerOptions options = {}) {
    auto listener = HttpListener::Open(service_, options);
    ASSERT_TRUE(listener) << listener.error().ToString();
    listener_ = *std::move(listener);
    listener_->Run();
  }
  std::unique_ptr<TestClient> Client(int receive_buffer = 0) {
    return std::make_unique<TestClient>(listener_->port(), receive_buffer);
  }
  // The answer to these bytes on a fresh connection, which the server must close afterwards.
  TestAnswer Refused(std::string_view bytes) {
    TestClient client(listener_->port());
    client.Send(bytes);
    TestAnswer answer = client.Receive();
    EXPECT_TRUE(client.IsClosed()) << bytes.substr(0, 100);
    return answer;
  }

  EchoService service_;
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(ConnectionTest, ServesManyRequestsOnOneConnection) {
  Start();
  const auto client = Client();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client->Request("POST", fmt::format("/echo/{}", i), std::string(static_cast<size_t>(i) * 100, 'b')));
    const TestAnswer answer = client->Receive();
    ASSERT_EQ(answer.status, 200);
    ASSERT_EQ(answer.body, fmt::format("POST /echo/{} {}", i, std::string(static_cast<size_t>(i) * 100, 'b')));
  }
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsInOrder) {
  Start();
  const auto client = Client();
  std::string requests;
  for (const char* path : {"/one", "/worker", "/stream", "/refused", "/two"}) {
    requests += fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path);
  }
  ASSERT_TRUE(client->Send(requests));
  EXPECT_EQ(client->Receive().body, "GET /one ");
  EXPECT_EQ(client->Receive().body, "worked");
  EXPECT_EQ(client->Receive().body, "abc");
  EXPECT_EQ(client->Receive().status, 403);
  EXPECT_EQ(client->Receive().body, "GET /two ");
}

TEST_F(ConnectionTest, ReadsARequestHoweverItIsCut) {
  Start();
  const auto client = Client();
  for (const char byte : std::string_view("POST /a%20b?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz")) {
    ASSERT_TRUE(client->Send({&byte, 1}));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  EXPECT_EQ(client->Receive().body, "POST /a b xyz");
}

TEST_F(ConnectionTest, ReadsAChunkedBody) {
  Start();
  const auto client = Client();
  client->Send(
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client->Receive().body, "POST /x abcde");
  client->Request("GET", "/next");
  EXPECT_EQ(client->Receive().body, "GET /next ");
}

TEST_F(ConnectionTest, SaysContinueToThoseWhoAsk) {
  Start();
  const auto client = Client();
  client->Send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  TestAnswer proceed;
  ASSERT_TRUE(client->ReceiveHead(proceed));
  EXPECT_EQ(proceed.status, 100);
  client->Send("ok");
  EXPECT_EQ(client->Receive().body, "POST /x ok");
}

TEST_F(ConnectionTest, ServesHttp10AndClosesWhenAsked) {
  Start();
  TestClient old(listener_->port());
  old.Send("GET /stream HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(old.Receive().body, "abc");
  EXPECT_TRUE(old.IsClosed());
  EXPECT_EQ(Refused("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").body, "GET /x ");
}

TEST_F(ConnectionTest, AnswersHeadWithoutABody) {
  Start();
  const auto client = Client();
  client->Request("HEAD", "/x");
  const TestAnswer answer = client->Receive(/*head_only=*/true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Find("content-length"), "8");
  client->Request("HEAD", "/stream");
  EXPECT_EQ(client->Receive(/*head_only=*/true).status, 200);
  client->Request("GET", "/x");
  EXPECT_EQ(client->Receive().body, "GET /x ");
}

TEST_F(ConnectionTest, RefusesWhatIsNotHttp) {
  Start();
  const std::string_view cases[] = {
      "hello\r\n\r\n",
      "GET / HTTP/1.1\r\nHost a\r\n\r\n",
      "GET / HTTP/1.1\r\nBad\x01Name: a\r\n\r\n",
      "GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n",
      "GET  / HTTP/1.1\r\n\r\n",
      "GET relative HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
  };
  for (const std::string_view bytes : cases) EXPECT_EQ(Refused(bytes).status, 400) << bytes;
  EXPECT_EQ(Refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n").status, 505);
  EXPECT_EQ(service_.served, 0);
}

TEST_F(ConnectionTest, BoundsTheHeader) {
  Start();
  const std::string huge(20'000, 'a');
  EXPECT_EQ(Refused("GET / HTTP/1.1\r\nA: " + huge + "\r\n\r\n").status, 431);
  EXPECT_EQ(Refused("GET /" + huge).status, 431);
  EXPECT_EQ(Refused("GET /" + huge.substr(0, 9'000) + " HTTP/1.1\r\nHost: a\r\n\r\n").status, 414);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) many += fmt::format("H{}: 1\r\n", i);
  EXPECT_EQ(Refused(many + "\r\n").status, 431);
  EXPECT_EQ(service_.served, 0);
}

TEST_F(ConnectionTest, RefusesALargeBodyBeforeItComes) {
  Start();
  const auto at = [](int64_t size) {
    return fmt::format("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", size);
  };
  EXPECT_EQ(Refused(at(base::kHttpMaxBodyBytes + 1)).status, 413);
  EXPECT_EQ(Refused(at(INT64_MAX)).status, 413);
  const auto client = Client();
  client->Send(at(base::kHttpMaxBodyBytes) + std::string(base::kHttpMaxBodyBytes, 'x'));
  EXPECT_EQ(client->Receive().body.size(), static_cast<size_t>(base::kHttpMaxBodyBytes) + 8);
}

TEST_F(ConnectionTest, GetHasNoBody) {
  Start();
  EXPECT_EQ(Refused("GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\n").status, 400);
  EXPECT_EQ(Refused("HEAD /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").status, 400);
  EXPECT_EQ(service_.served, 0);
  const auto client = Client();
  client->Send("GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client->Receive().status, 200);
}

TEST_F(ConnectionTest, LetsAClientThatSendsTooMuchReadWhy) {
  Start();
  const std::string body(base::kHttpMaxBodyBytes + 1, 'x');
  const std::string head = "POST /x HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Refused(head + fmt::format("Content-Length: {}\r\n\r\n", body.size()) + body).status, 413);
  EXPECT_EQ(Refused(head + fmt::format("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.size()) + body).status, 413);
  EXPECT_EQ(Refused("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + body).status, 403);
}

TEST_F(ConnectionTest, BoundsAllBodiesTogether) {
  Start();
  std::vector<std::unique_ptr<TestClient>> uploads;
  const int64_t fit = base::kHttpMaxBodiesBytes / base::kHttpMaxBodyBytes;
  for (int64_t i = 0; i < fit; ++i) {
    uploads.push_back(Client());
    uploads.back()->Send(fmt::format(
        "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n", base::kHttpMaxBodyBytes));
    TestAnswer proceed;
    ASSERT_TRUE(uploads.back()->ReceiveHead(proceed));
  }
  const TestAnswer refused = Refused("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(refused.status, 503);
  uploads.clear();
  EXPECT_TRUE(Eventually([&] {
    const auto client = Client();
    client->Request("POST", "/x", "body");
    return client->Receive().status == 200;
  }));
}

TEST_F(ConnectionTest, CutsOffClientsThatSendTooSlowly) {
  Start({.header_timeout_ms = 60, .body_timeout_ms = 60, .idle_timeout_ms = 60});
  EXPECT_EQ(Refused("GET / HTT").status, 408);
  EXPECT_EQ(Refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").status, 408);
  EXPECT_EQ(Refused("").status, 0) << "who asked nothing gets no answer";
  TestClient idle(listener_->port());
  idle.Request("GET", "/x");
  EXPECT_EQ(idle.Receive().status, 200);
  EXPECT_TRUE(idle.IsClosed());

  // A byte now and then does not help.
  TestClient trickle(listener_->port());
  bool open = true;
  for (int i = 0; open && i < 1'000; ++i) {
    open = trickle.Send(i == 0 ? "GET /" : "a");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_FALSE(open);
}

TEST_F(ConnectionTest, NoticesAHangUpWhileTheAnswerIsBeingMade) {
  Start();
  for (int i = 1; i <= 5; ++i) {
    const auto client = Client();
    client->Request("GET", "/hold");
    ASSERT_TRUE(Eventually([&] { return service_.served == i; }));
    client->Close();
    EXPECT_TRUE(Eventually([&] { return service_.left == i; }));
  }
}

TEST_F(ConnectionTest, NoticesAHangUpBehindPipelinedRequests) {
  Start();
  const auto client = Client();
  client->Request("GET", "/hold");
  client->Request("GET", "/later");
  ASSERT_TRUE(Eventually([&] { return service_.served == 1; }));
  client->Close();
  EXPECT_TRUE(Eventually([&] { return service_.left == 1; }));
  EXPECT_EQ(service_.served, 1) << "nobody is there for the second answer";
}

TEST_F(ConnectionTest, CutsOffAClientThatDoesNotRead) {
  Start();
  const auto client = Client(/*receive_buffer=*/4'096);
  client->Request("GET", "/flood");
  EXPECT_TRUE(Eventually([&] { return service_.left == 1; })) << "the unsent bytes are bounded";
}

TEST_F(ConnectionTest, CutsOffAClientThatStopsReadingAWholeAnswer) {
  Start({.write_timeout_ms = 100});
  const auto client = Client(/*receive_buffer=*/4'096);
  client->Request("POST", "/x", std::string(base::kHttpMaxBodyBytes, 'x'));
  ASSERT_TRUE(Eventually([&] { return service_.served == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(client->Receive().status, 0) << "more came than fits into the buffers";
}

TEST_F(ConnectionTest, KeepsASilentStreamAlive) {
  Start({.keep_alive_ms = 10});
  const auto client = Client();
  client->Request("GET", "/slow");
  TestAnswer answer;
  ASSERT_TRUE(client->ReceiveHead(answer));
  for (int i = 0; i < 3; ++i) {
    std::string chunk;
    ASSERT_TRUE(client->ReceiveChunk(chunk));
    EXPECT_EQ(chunk, "~");
  }
}

TEST_F(ConnectionTest, AnswersForHandlersThatFail) {
  Start();
  const auto client = Client();
  for (const char* path : {"/drop", "/throw", "/worker-throws"}) {
    client->Request("GET", path);
    EXPECT_EQ(client->Receive().status, 500) << path;
  }
  client->Request("GET", "/x");
  EXPECT_EQ(client->Receive().status, 200);
}

TEST_F(ConnectionTest, RefusesConnectionsAboveItsBound) {
  Start({.max_connections = 3});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Client());
    clients.back()->Request("GET", "/x");
    EXPECT_EQ(clients.back()->Receive().status, 200);
  }
  EXPECT_EQ(Refused("").status, 503);
  clients.clear();
  EXPECT_TRUE(Eventually([&] {
    const auto client = Client();
    client->Request("GET", "/x");
    return client->Receive().status == 200;
  }));
}

TEST_F(ConnectionTest, ServesOthersBesideIdleConnections) {
  Start();
  std::vector<std::unique_ptr<TestClient>> idle;
  for (int i = 0; i < 400; ++i) idle.push_back(Client());
  const auto client = Client();
  for (int i = 0; i < 100; ++i) {
    client->Request("GET", "/x");
    ASSERT_EQ(client->Receive().status, 200);
  }
}

TEST_F(ConnectionTest, StopsAtOnceWhenNothingRuns) {
  Start();
  const auto idle = Client();
  idle->Request("GET", "/x");
  EXPECT_EQ(idle->Receive().status, 200);
  listener_->Stop();
  listener_->Wait();
  EXPECT_TRUE(idle->IsClosed());
  EXPECT_FALSE(Client()->connected());
}

TEST_F(ConnectionTest, LetsRunningAnswersFinishThenInterruptsThem) {
  Start({.drain_ms = 200});
  const auto held = Client();
  held->Request("GET", "/hold");
  ASSERT_TRUE(Eventually([&] { return service_.served == 1; }));
  listener_->Stop();
  // Meanwhile new requests still reach the service, which says what it thinks of them.
  const auto late = Client();
  late->Request("GET", "/x");
  EXPECT_EQ(late->Receive().status, 200);
  EXPECT_EQ(service_.shut_down, 0);
  EXPECT_EQ(held->Receive().body, "held");
  EXPECT_EQ(service_.shut_down, 1);
  listener_->Wait();
}

TEST_F(ConnectionTest, StopsNowInTheMiddleOfEverything) {
  Start();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (const char* path : {"/hold", "/slow", "/flood", "/worker"}) {
    clients.push_back(Client());
    clients.back()->Request("GET", path);
  }
  clients.push_back(Client());
  clients.back()->Send("GET / HT");
  ASSERT_TRUE(Eventually([&] { return service_.served == 4; }));
  listener_.reset();
}

TEST_F(ConnectionTest, SaysWhyItCannotListen) {
  Start();
  const auto taken = HttpListener::Open(service_, {.port = listener_->port()});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(taken.error().message().find("--port"), std::string::npos);
  const auto named = HttpListener::Open(service_, {.host = "example.org"});
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().code(), ErrorCode::kInvalidArgument);
  const auto foreign = HttpListener::Open(service_, {.host = "192.0.2.1"});
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace walchen::serve
