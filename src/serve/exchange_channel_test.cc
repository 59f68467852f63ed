// SPDX-License-Identifier: Apache-2.0
#include "serve/exchange_channel.h"

#include "base/limits.h"

namespace walchen::serve {
namespace {

TEST(ExchangeChannel, SendsAWholeAnswer) {
  int woken = 0;
  ExchangeChannel channel({}, [&] { ++woken; });
  EXPECT_FALSE(channel.begun());
  channel.Reply({.status = 200, .content_type = "text/plain", .body = "hello"});
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(channel.reusable());
  const std::string bytes = channel.TakePending();
  EXPECT_NE(bytes.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\n\r\nhello"));
  EXPECT_FALSE(channel.has_pending());
}

TEST(ExchangeChannel, SendsNoBodyToHead) {
  ExchangeChannel channel({.head_only = true}, nullptr);
  channel.Reply({.status = 200, .content_type = "text/plain", .body = "hello"});
  const std::string bytes = channel.TakePending();
  EXPECT_NE(bytes.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n"));
}

TEST(ExchangeChannel, StreamsInChunks) {
  ExchangeChannel channel({}, nullptr);
  channel.BeginStream({}, ": ping");
  EXPECT_NE(channel.TakePending().find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_FALSE(channel.reusable());
  channel.Write("abc");
  channel.Write("");
  channel.KeepAlive();
  channel.End();
  EXPECT_EQ(channel.TakePending(), "3\r\nabc\r\n6\r\n: ping\r\n0\r\n\r\n");
  EXPECT_TRUE(channel.reusable());
}

TEST(ExchangeChannel, StreamsToHttp10UntilTheConnectionCloses) {
  ExchangeChannel channel({.http11 = false}, nullptr);
  channel.BeginStream({}, "");
  EXPECT_NE(channel.TakePending().find("Connection: close"), std::string::npos);
  channel.Write("abc");
  channel.End();
  EXPECT_EQ(channel.TakePending(), "abc");
  EXPECT_FALSE(channel.reusable());
}

TEST(ExchangeChannel, DropsWhatComesAfterTheEnd) {
  ExchangeChannel channel({}, nullptr);
  channel.BeginStream({}, "");
  channel.End();
  channel.TakePending();
  channel.Write("late");
  channel.KeepAlive();
  channel.End();
  EXPECT_FALSE(channel.has_pending());
}

TEST(ExchangeChannel, TellsTheHandlerOnceThatItsClientLeft) {
  ExchangeChannel channel({}, nullptr);
  int calls = 0;
  channel.OnInterruption([&](Interruption why) {
    EXPECT_EQ(why, Interruption::kClientLeft);
    ++calls;
  });
  channel.Interrupt(Interruption::kClientLeft);
  channel.Interrupt(Interruption::kClientLeft);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(channel.client_left());
  channel.Reply({});
  channel.BeginStream({}, "");
  EXPECT_FALSE(channel.has_pending());
}

TEST(ExchangeChannel, LetsTheHandlerSayALastWordOnShutdown) {
  ExchangeChannel channel({}, nullptr);
  channel.BeginStream({}, "");
  channel.TakePending();
  channel.OnInterruption([&](Interruption) {
    channel.Write("bye");
    channel.End();
  });
  channel.CloseAfterwards();
  channel.Interrupt(Interruption::kShutdown);
  EXPECT_EQ(channel.TakePending(), "3\r\nbye\r\n0\r\n\r\n");
  EXPECT_FALSE(channel.reusable());
}

TEST(ExchangeChannel, NoticesAClientThatDoesNotRead) {
  ExchangeChannel channel({}, nullptr);
  channel.BeginStream({}, "");
  const std::string piece(1'000'000, 'x');
  for (int i = 0; i < 10; ++i) channel.Write(piece);
  EXPECT_TRUE(channel.overflowed());
  EXPECT_LE(std::ssize(channel.TakePending()), base::kHttpMaxUnsentBytes + 1'000);
}

TEST(ExchangeChannel, ForgetsTheHandlerWhenTheAnswerIsComplete) {
  const auto handler = std::make_shared<int>(0);
  ExchangeChannel channel({}, nullptr);
  channel.OnInterruption([handler](Interruption) {});
  EXPECT_EQ(handler.use_count(), 2);
  channel.Reply({});
  EXPECT_EQ(handler.use_count(), 1);
}

}  // namespace
}  // namespace walchen::serve
