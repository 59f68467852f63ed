// SPDX-License-Identifier: Apache-2.0
#include "data/extract_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace walchen::data {
namespace {

Result<void> SendBytes(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    // No signal where the other end is gone: that is an answer like others.
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      return Fail(ErrorCode::kIo, "the other end of a worker's socket is gone: {}",
                  std::generic_category().message(errno));
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

}  // namespace

Result<void> SendFrame(int socket, std::string_view frame) {
  const uint64_t size = frame.size();
  TRY(SendBytes(socket, {reinterpret_cast<const char*>(&size), sizeof(size)}));
  return SendBytes(socket, frame);
}

}  // namespace walchen::data
