// SPDX-License-Identifier: Apache-2.0
#include "cli/answer.h"

#include <csignal>
#include <thread>

#include <gtest/gtest.h>

namespace walchen::cli {
namespace {

using infer::EndEvent;
using infer::FinishReason;

// Says "one two " from a thread of its own, then ends, or waits to be cancelled.
class SpeakingEngine : public infer::Engine {
 public:
  explicit SpeakingEngine(bool endless) : endless_(endless) {}
  ~SpeakingEngine() override {
    if (speaker_.joinable()) speaker_.join();
  }

  Result<infer::RequestId> Submit(infer::GenerateRequest request, infer::EventSink sink) override {
    if (request.prompt.empty()) return Fail(ErrorCode::kInvalidArgument, "expected at least one token");
    speaker_ = std::thread([this, sink = std::move(sink)] {
      sink.on_piece({.text = "one ", .tokens = {}, .logprobs = {}, .top_logprobs = {}});
      sink.on_piece({.text = "two ", .tokens = {}, .logprobs = {}, .top_logprobs = {}});
      if (endless_) cancelled_.wait(false);
      EndEvent end;
      end.reason = cancelled_ ? FinishReason::kCancelled : FinishReason::kStop;
      if (fails) end.error = Error(ErrorCode::kResourceExhausted, "no memory");
      sink.on_end(end);
    });
    return infer::RequestId{7};
  }
  void Cancel(infer::RequestId request) override {
    EXPECT_EQ(request, 7u);
    cancelled_ = true;
    cancelled_.notify_all();
  }
  const infer::ModelFile& model() const override { std::abort(); }
  int context_tokens() const override { return 0; }
  infer::EngineStats Stats() const override { return {}; }

  bool fails = false;

 private:
  const bool endless_;
  std::atomic<bool> cancelled_ = false;
  std::thread speaker_;
};

infer::GenerateRequest Request() {
  infer::GenerateRequest request;
  request.prompt = {1};
  return request;
}

TEST(StreamAnswer, HandsOnEveryPieceInOrder) {
  SpeakingEngine engine(/*endless=*/false);
  std::string seen;
  const auto answer = StreamAnswer(engine, Request(), [&](std::string_view text) { seen += text; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(seen, "one two ");
  EXPECT_EQ(answer->text, "one two ");
  EXPECT_EQ(answer->end.reason, FinishReason::kStop);
}

TEST(StreamAnswer, IsCancelledBySigintAndTheProcessLives) {
  SpeakingEngine engine(/*endless=*/true);
  const InterruptGuard guard;
  const auto answer = StreamAnswer(engine, Request(), [](std::string_view) { std::raise(SIGINT); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->end.reason, FinishReason::kCancelled);
}

TEST(StreamAnswer, PassesOnErrorsOfSubmitAndOfTheEnd) {
  SpeakingEngine engine(/*endless=*/false);
  engine.fails = true;
  EXPECT_EQ(StreamAnswer(engine, {}, [](std::string_view) {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(StreamAnswer(engine, Request(), [](std::string_view) {}).error().message(), "no memory");
}

TEST(InterruptGuard, ForgetsAnEarlierInterruptAndPutsTheOldHandlerBack) {
  std::signal(SIGINT, SIG_IGN);
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
    EXPECT_TRUE(InterruptGuard::Interrupted());
  }
  {
    const InterruptGuard guard;
    EXPECT_FALSE(InterruptGuard::Interrupted());
  }
  EXPECT_EQ(std::signal(SIGINT, SIG_DFL), SIG_IGN);
}

}  // namespace
}  // namespace walchen::cli
