// SPDX-License-Identifier: Apache-2.0
//
// The server's sockets. HttpListener accepts connections on one I/O thread and runs each as a coroutine: read a request
// within its time limits, ask the service, send the answer, again. Many thousand connections cost memory, not threads.
//
// A client that hangs up while its answer is being made is noticed at once (Interruption::kClientLeft). Requests that a
// client sends ahead of answers (pipelining) wait their turn.
#pragma once

#include <memory>
#include <string>

#include "base/limits.h"
#include "base/status.h"
#include "serve/http.h"

namespace walchen::serve {

struct ListenerOptions {
  std::string host = "127.0.0.1";  // an IP address or "localhost"; names are never looked up
  int port = 0;                    // 0: the system picks one
  int64_t max_connections = base::kHttpMaxConnections;
  // Tests shorten these.
  int64_t header_timeout_ms = base::kHttpHeaderTimeoutMs;
  int64_t body_timeout_ms = base::kHttpBodyTimeoutMs;
  int64_t write_timeout_ms = base::kHttpWriteTimeoutMs;
  int64_t idle_timeout_ms = base::kHttpIdleTimeoutMs;
  int64_t drain_ms = base::kHttpDrainMs;
  int64_t keep_alive_ms = 15'000;  // half of what proxies usually wait for
};

// Thread-safe.
class HttpListener {
 public:
  // Binds the port; clients wait until Run. `service` must outlive the listener. Errors: kInvalidArgument (not an
  // address), kUnavailable (the port is taken), kPermissionDenied (a port under 1024), kIo.
  static Result<std::unique_ptr<HttpListener>> Open(HttpService& service, const ListenerOptions& options);
  // Stops at once and waits.
  virtual ~HttpListener() = default;

  // Begins to serve. Call once.
  virtual void Run() = 0;

  virtual int port() const = 0;

  // Lets running answers finish for drain_ms while new requests still reach the service (which refuses them), then
  // interrupts what is left with kShutdown, then closes everything. Returns at once; further calls do nothing.
  virtual void Stop() = 0;
  // As Stop, but interrupts running answers now.
  virtual void StopNow() = 0;
  // Returns when everything is closed and no exchange is left.
  virtual void Wait() = 0;
};

}  // namespace walchen::serve
