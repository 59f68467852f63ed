// SPDX-License-Identifier: Apache-2.0
//
// One answer, from the question to its last word, that Ctrl-C stops without ending the process.
#pragma once

#include <signal.h>

#include <functional>
#include <string_view>

#include "base/status.h"
#include "infer/engine.h"

namespace walchen::cli {

// While one of these lives, SIGINT sets a flag instead of ending the process. May be nested; the newest one starts with
// the flag unset.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

  // Whether SIGINT came since this was made. Async-signal-safe and thread-safe.
  static bool Interrupted();

 private:
  struct sigaction previous_;
};

// Submits the request and calls on_text, on this thread, with each piece as it comes. SIGINT under an InterruptGuard
// cancels it, also while the prompt is still being read; the answer then ends with FinishReason::kCancelled.
// Errors: those of Engine::Submit, and the error of an answer that ended with one.
Result<infer::Answer> StreamAnswer(infer::Engine& engine, infer::GenerateRequest request,
                                   const std::function<void(std::string_view)>& on_text);

}  // namespace walchen::cli
