// SPDX-License-Identifier: Apache-2.0
//
// What lies between a handler and its connection: the bytes that wait to be sent, already framed, and the signals in
// both directions. Lives on the I/O thread; knows no sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "serve/http.h"

namespace walchen::serve {

class ExchangeChannel {
 public:
  struct Wire {
    bool http11 = true;      // else no chunks: the answer ends with the connection
    bool keep_alive = true;  // what the client wants
    bool head_only = false;  // HEAD
  };
  ExchangeChannel(Wire wire, std::function<void()> wake) : wire_(wire), wake_(std::move(wake)) {}

  // The handler's side.
  void Reply(Response response);
  void BeginStream(Response head, std::string keep_alive);
  void Write(std::string_view bytes);
  void End();
  void OnInterruption(std::function<void(Interruption)> callback);
  bool client_left() const { return client_left_; }

  // The connection's side.
  std::string TakePending() { return std::exchange(pending_, {}); }
  bool has_pending() const { return !pending_.empty(); }
  bool begun() const { return begun_; }
  bool ended() const { return ended_; }
  bool overflowed() const { return overflowed_; }
  // Whether the connection may carry another request after this answer.
  bool reusable() const { return wire_.keep_alive && ended_; }
  void KeepAlive() { Write(keep_alive_text_); }
  void CloseAfterwards() { wire_.keep_alive = false; }
  void Interrupt(Interruption why);

 private:
  void Wake() {
    if (wake_) wake_();
  }

  Wire wire_;
  std::function<void()> wake_;
  std::function<void(Interruption)> on_interruption_;
  std::string pending_;
  std::string keep_alive_text_;
  bool begun_ = false;
  bool ended_ = false;
  bool streams_ = false;
  bool client_left_ = false;
  bool overflowed_ = false;
};

}  // namespace walchen::serve
