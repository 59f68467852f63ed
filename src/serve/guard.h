// SPDX-License-Identifier: Apache-2.0
//
// Who may ask: the checks every request passes before its body is read.
//
//   Host    On a loopback address it must name that address, so that a web page whose name suddenly resolves to
//   127.0.0.1
//           (DNS rebinding) gets nothing. Its port may be another one: that of an ssh tunnel.
//   Origin  Browsers send it with what a page's script does; it must be this server itself. No CORS header is ever
//   sent. Token   "Authorization: Bearer <token>", or the cookie that the page got for "?token=<token>". Compared by
//   digest in
//           constant time. The cookie holds a digest, not the token, and its name the port, because cookies do not know
//           ports and two servers on one machine are two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace walchen::serve {

class Guard {
 public:
  // An empty token switches that check off.
  Guard(std::string_view host, int port, std::string token);

  // Why the request may not go on, for a person; empty if it may. 403.
  std::string RefuseHostOrOrigin(const Request& request) const;

  // 401 if not.
  bool HasToken(const Request& request) const;
  bool IsToken(std::string_view candidate) const;
  bool needs_token() const { return !token_.empty(); }
  // The value of Set-Cookie for a browser that knows the token.
  std::string Cookie() const;

 private:
  const bool loopback_;
  const int port_;
  const std::string host_;
  const std::string token_;
  const std::string cookie_name_;
  const std::string cookie_value_;
};

// Hexadecimal digits of `bytes` random bytes from the operating system.
std::string RandomHex(int bytes);
// 32 random bits from the operating system: short enough to be typed again.
uint32_t RandomSeed();

}  // namespace walchen::serve
