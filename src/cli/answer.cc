// SPDX-License-Identifier: Apache-2.0
#include "cli/answer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace walchen::cli {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch it");

// What the engine's thread hands to ours.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable arrived;
  std::string text;                    // not yet handed on
  std::optional<infer::EndEvent> end;

  infer::EventSink Sink() {
    return {.on_piece = [this](infer::PieceEvent piece) { Post([&] { text += piece.text; }); },
            .on_end = [this](infer::EndEvent event) { Post([&] { end = std::move(event); }); }};
  }

 private:
  template <class Change>
  void Post(const Change& change) {
    const std::lock_guard lock(mutex);
    change();
    arrived.notify_one();  // under the lock: the mailbox may be gone right after the end is seen
  }
};

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = false;
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  ::sigaction(SIGINT, &action, &previous_);
}

InterruptGuard::~InterruptGuard() { ::sigaction(SIGINT, &previous_, nullptr); }

bool InterruptGuard::Interrupted() { return interrupted; }

Result<infer::Answer> StreamAnswer(infer::Engine& engine, infer::GenerateRequest request,
                                   const std::function<void(std::string_view)>& on_text) {
  Mailbox mailbox;
  TRY_ASSIGN(const infer::RequestId id, engine.Submit(std::move(request), mailbox.Sink()));
  // A signal handler cannot notify a condition variable, so the flag is looked at this often.
  constexpr auto kLookForInterrupt = std::chrono::milliseconds(20);
  infer::Answer answer;
  bool cancelled = false;
  for (bool ended = false; !ended;) {
    std::string text;
    {
      std::unique_lock lock(mailbox.mutex);
      mailbox.arrived.wait_for(lock, kLookForInterrupt, [&] { return !mailbox.text.empty() || mailbox.end; });
      text = std::exchange(mailbox.text, {});
      ended = mailbox.end.has_value();
    }
    if (!text.empty()) on_text(text);
    answer.text += text;
    if (InterruptGuard::Interrupted() && !cancelled) {
      engine.Cancel(id);
      cancelled = true;
    }
  }
  answer.end = std::move(*mailbox.end);
  if (answer.end.error) return tl::unexpected<Error>(std::move(*answer.end.error));
  return answer;
}

}  // namespace walchen::cli
