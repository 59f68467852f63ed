// SPDX-License-Identifier: Apache-2.0
//
// From a request to the engine and back, the same for every protocol. A protocol is one translator: it turns a request
// into engine requests (Plan) and events into its own words (AnswerFormat); it knows nothing of threads, sockets or
// cancelling. Adding a protocol is a new translator and its lines in the route table.
//
// Reading and tokenizing a request can take long and runs on a worker; everything else on the I/O thread. The engine's
// events are posted there. When the client leaves, its answers are cancelled at once.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "infer/engine.h"
#include "serve/http.h"

namespace walchen::serve {

// How one answer is worded. Calls come in the engine's order: pieces of all choices mixed, each choice's end once.
class AnswerFormat {
 public:
  virtual ~AnswerFormat() = default;

  // Whether the client wants the answer in pieces. If so, what the methods return is sent at once; if not, they
  // remember and return nothing, and Whole is sent at the end.
  virtual bool streams() const = 0;
  virtual std::string Start() { return {}; }
  virtual std::string Piece(int choice, const infer::PieceEvent& piece) = 0;
  virtual std::string ChoiceEnd(int choice, const infer::EndEvent& end) = 0;
  virtual std::string Finish() { return {}; }
  // The last words of a stream that cannot go on.
  virtual std::string BrokenOff(const Error& error) = 0;
  virtual Response Whole() = 0;
};

struct Plan {
  std::vector<infer::GenerateRequest> choices;  // at least one
  std::unique_ptr<AnswerFormat> format;
};

// Immutable, thread-safe.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // On a worker thread. The failure is what the client gets.
  virtual tl::expected<Plan, Response> Read(const Request& request, const infer::Engine& engine) const = 0;
  // What the client gets when the engine does not take the request, or fails.
  virtual Response Refusal(const Error& error) const = 0;
};

// `engine` and `protocol` must live until the exchange is gone.
void Generate(infer::Engine& engine, const Protocol& protocol, Request request, ExchangePtr exchange);

}  // namespace walchen::serve
