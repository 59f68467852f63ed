// SPDX-License-Identifier: Apache-2.0
//
// A client for this library's tests that can also behave badly: it sends any bytes, when the test says so.
#pragma once

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/status.h"
#include "serve/http.h"

namespace walchen::serve {

struct TestAnswer {
  int status = 0;  // 0: the connection closed before a whole answer came
  std::vector<Header> headers;
  std::string body;

  std::string Find(std::string_view name) const {
    for (const Header& header : headers) {
      if (EqualIgnoringCase(header.name, name)) return header.value;
    }
    return {};
  }
};

class TestClient {
 public:
  static constexpr int kPatienceMs = 20'000;  // a test that waits longer has failed

  explicit TestClient(int port, int receive_buffer = 0) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    // Set before connecting, or the window is already open.
    if (receive_buffer > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { Close(); }

  bool connected() const { return connected_; }
  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // A request line, the headers given and those every request needs.
  bool Request(std::string_view method, std::string_view target, std::string_view body = "",
               const std::vector<Header>& headers = {}) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\n", method, target);
    std::string host = "localhost";
    for (const Header& header : headers) {
      if (EqualIgnoringCase(header.name, "host")) {
        host = header.value;
      } else {
        text += fmt::format("{}: {}\r\n", header.name, header.value);
      }
    }
    return Send(text + fmt::format("Host: {}\r\nContent-Length: {}\r\n\r\n{}", host, body.size(), body));
  }

  // The next answer with its whole body. `head_only`: it answers HEAD, so that no body follows.
  TestAnswer Receive(bool head_only = false) {
    TestAnswer answer;
    if (!ReceiveHead(answer) || head_only) return answer;
    if (answer.Find("transfer-encoding") == "chunked") {
      for (std::string chunk; ReceiveChunk(chunk);) answer.body += chunk;
    } else if (const std::string length = answer.Find("content-length"); !length.empty()) {
      const size_t size = static_cast<size_t>(std::stoul(length));
      while (buffer_.size() < size && Fill()) {
      }
      if (buffer_.size() < size) answer.status = 0;
      answer.body = Take(std::min(size, buffer_.size()));
    } else {
      while (Fill()) {
      }
      answer.body = Take(buffer_.size());
    }
    return answer;
  }

  bool ReceiveHead(TestAnswer& answer) {
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!Fill()) return false;
    }
    std::string head = Take(end + 4);
    answer.status = std::atoi(head.c_str() + 9);
    for (size_t line = head.find("\r\n") + 2; line + 2 < head.size();) {
      const size_t next = head.find("\r\n", line);
      const size_t colon = head.find(": ", line);
      answer.headers.push_back({head.substr(line, colon - line), head.substr(colon + 2, next - colon - 2)});
      line = next + 2;
    }
    return true;
  }

  // False: the last chunk, or the connection broke.
  bool ReceiveChunk(std::string& chunk) {
    size_t end;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!Fill()) return false;
    }
    const size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
    while (buffer_.size() < end + 2 + size + 2) {
      if (!Fill()) return false;
    }
    Take(end + 2);
    chunk = Take(size);
    Take(2);
    return size > 0;
  }

  // Whether the server has closed, or does so soon, with nothing more to read.
  bool IsClosed() { return buffer_.empty() && !Fill() && !timed_out_; }

 private:
  bool Fill() {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    timed_out_ = poll(&wait, 1, kPatienceMs) <= 0;
    if (timed_out_) return false;
    char bytes[65'536];
    const ssize_t received = recv(socket_, bytes, sizeof(bytes), 0);
    if (received <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(received));
    return true;
  }
  std::string Take(size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  int socket_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string buffer_;
};

// Waits for something that another thread brings about.
template <class Condition> bool Eventually(Condition condition) {
  for (int ms = 0; ms < TestClient::kPatienceMs; ms += 2) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace walchen::serve
