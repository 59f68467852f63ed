// SPDX-License-Identifier: Apache-2.0
//
// The door of this library: the HTTP server with its APIs and the web page, in front of one engine. docs/api.md
// describes what clients see.
//
// Binds loopback by default and checks Host, Origin and token (guard.h). Everything from outside is bounded
// (base/limits.h, kHttp...). Errors of clients are answered, never fatal.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "infer/engine.h"
#include "serve/connection.h"

namespace walchen::serve {

struct ServerOptions {
  ListenerOptions listener = {.host = "127.0.0.1", .port = 1924};
  std::string token;                    // empty: no check
  std::string fingerprint = "walchen";  // what computes the answers, with its version
  base::Path runs = {};                 // the folder of training runs to show; empty: none
  base::Clock* clock = &base::Clock::Os();
};

// Thread-safe.
class Server {
 public:
  // Listens when it returns. `engine` must outlive the server. Errors: those of CheckAdapterNames and
  // HttpListener::Open.
  static Result<std::unique_ptr<Server>> Start(infer::Engine& engine, const ServerOptions& options);
  // Stops at once and waits.
  ~Server();

  int port() const;

  // Begins to stop: /ready says 503, new requests too, running answers have kHttpDrainMs to finish, then are cut off
  // with an error event. Returns at once.
  void Stop();
  // As Stop, without the time to finish.
  void StopNow();
  // Returns when the server has stopped.
  void Wait();

 private:
  class Service;
  Server() = default;

  std::unique_ptr<Service> service_;
  std::unique_ptr<HttpListener> listener_;
};

}  // namespace walchen::serve
