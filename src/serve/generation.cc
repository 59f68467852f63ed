// SPDX-License-Identifier: Apache-2.0
#include "serve/generation.h"

namespace walchen::serve {
namespace {

// An SSE comment, which clients skip.
constexpr std::string_view kKeepAlive = ": keep-alive\n\n";

// One request's answer. Lives on the I/O thread; the engine's sinks keep it alive until the last choice has ended.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  Generation(infer::Engine& engine, const Protocol& protocol, Plan plan, ExchangePtr exchange)
      : engine_(engine), protocol_(protocol), plan_(std::move(plan)), exchange_(std::move(exchange)) {}

  void Start() {
    if (exchange_->client_left()) return;
    for (size_t choice = 0; choice < plan_.choices.size(); ++choice) {
      const auto id = engine_.Submit(std::move(plan_.choices[choice]), SinkOf(static_cast<int>(choice)));
      if (!id) return Fail(id.error());
      running_.push_back(*id);
      ++unfinished_;
    }
    exchange_->OnInterruption([self = shared_from_this()](Interruption why) { self->Interrupt(why); });
    if (plan_.format->streams()) {
      exchange_->BeginStream({.status = 200,
                              .content_type = "text/event-stream; charset=utf-8",
                              .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
                              .body = {}},
                             std::string(kKeepAlive));
      begun_ = true;
      exchange_->Write(plan_.format->Start());
    }
  }

 private:
  infer::EventSink SinkOf(int choice) {
    infer::EventSink sink;
    sink.on_piece = [self = shared_from_this(), choice](infer::PieceEvent piece) {
      self->exchange_->Post([self, choice, piece = std::move(piece)] { self->OnPiece(choice, piece); });
    };
    sink.on_end = [self = shared_from_this(), choice](infer::EndEvent end) {
      self->exchange_->Post([self, choice, end = std::move(end)] { self->OnEnd(choice, end); });
    };
    return sink;
  }

  void OnPiece(int choice, const infer::PieceEvent& piece) {
    if (!over_) exchange_->Write(plan_.format->Piece(choice, piece));
  }

  void OnEnd(int choice, const infer::EndEvent& end) {
    if (over_) return;
    if (end.reason == infer::FinishReason::kError) {
      return Fail(end.error.value_or(Error(ErrorCode::kIo, "the engine failed")));
    }
    if (end.reason == infer::FinishReason::kCancelled) {
      return Fail(Error(ErrorCode::kUnavailable, "the answer was stopped because the model is being unloaded"));
    }
    exchange_->Write(plan_.format->ChoiceEnd(choice, end));
    if (--unfinished_ > 0) return;
    over_ = true;
    if (plan_.format->streams()) {
      exchange_->Write(plan_.format->Finish());
      exchange_->End();
    } else {
      exchange_->Reply(plan_.format->Whole());
    }
  }

  void Interrupt(Interruption why) {
    if (why == Interruption::kShutdown) {
      return Fail(Error(ErrorCode::kUnavailable, "the server is stopping; send the request again in a moment"));
    }
    CancelAll();
  }

  void Fail(const Error& error) {
    CancelAll();
    if (begun_) {
      exchange_->Write(plan_.format->BrokenOff(error));
      exchange_->End();
    } else {
      exchange_->Reply(protocol_.Refusal(error));
    }
  }

  void CancelAll() {
    over_ = true;
    for (const infer::RequestId id : running_) engine_.Cancel(id);
  }

  infer::Engine& engine_;
  const Protocol& protocol_;
  Plan plan_;
  const ExchangePtr exchange_;
  std::vector<infer::RequestId> running_;
  int unfinished_ = 0;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace

void Generate(infer::Engine& engine, const Protocol& protocol, Request request, ExchangePtr exchange) {
  Exchange& on = *exchange;
  on.PostHeavy([&engine, &protocol, request = std::move(request), exchange = std::move(exchange)] {
    auto plan = std::make_shared<tl::expected<Plan, Response>>(protocol.Read(request, engine));
    exchange->Post([&engine, &protocol, plan, exchange] {
      if (*plan) {
        std::make_shared<Generation>(engine, protocol, std::move(**plan), exchange)->Start();
      } else {
        exchange->Reply(std::move(plan->error()));
      }
    });
  });
}

}  // namespace walchen::serve
