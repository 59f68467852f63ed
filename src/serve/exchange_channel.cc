// SPDX-License-Identifier: Apache-2.0
#include "serve/exchange_channel.h"

#include "base/limits.h"
#include "base/status.h"

namespace walchen::serve {

void ExchangeChannel::Reply(Response response) {
  if (client_left_) return;
  CHECK(!begun_, "a second answer to one request");
  begun_ = ended_ = true;
  on_interruption_ = nullptr;
  pending_ = SerializeHead(response, Framing::kLength, wire_.keep_alive);
  if (!wire_.head_only) pending_ += response.body;
  Wake();
}

void ExchangeChannel::BeginStream(Response head, std::string keep_alive) {
  if (client_left_) return;
  CHECK(!begun_, "a second answer to one request");
  begun_ = streams_ = true;
  if (!wire_.http11) wire_.keep_alive = false;
  keep_alive_text_ = std::move(keep_alive);
  pending_ = SerializeHead(head, wire_.http11 ? Framing::kChunks : Framing::kClose, wire_.keep_alive);
  Wake();
}

void ExchangeChannel::Write(std::string_view bytes) {
  // An empty chunk would end the answer.
  if (client_left_ || !streams_ || ended_ || overflowed_ || bytes.empty() || wire_.head_only) return;
  if (pending_.size() + bytes.size() > static_cast<size_t>(base::kHttpMaxUnsentBytes)) {
    overflowed_ = true;
  } else if (wire_.http11) {
    pending_ += SerializeChunk(bytes);
  } else {
    pending_ += bytes;
  }
  Wake();
}

void ExchangeChannel::End() {
  if (client_left_ || !streams_ || ended_) return;
  ended_ = true;
  on_interruption_ = nullptr;
  if (wire_.http11 && !wire_.head_only) pending_ += kLastChunk;
  Wake();
}

void ExchangeChannel::OnInterruption(std::function<void(Interruption)> callback) {
  if (!client_left_ && !ended_) on_interruption_ = std::move(callback);
}

void ExchangeChannel::Interrupt(Interruption why) {
  if (why == Interruption::kClientLeft) client_left_ = true;
  if (const auto callback = std::exchange(on_interruption_, nullptr)) callback(why);
}

}  // namespace walchen::serve
