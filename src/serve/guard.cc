// SPDX-License-Identifier: Apache-2.0
#include "serve/guard.h"

#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/sha256.h"
#include "base/status.h"

namespace walchen::serve {
namespace {

constexpr int kCookieSeconds = 30 * 24 * 3600;

// Digests have one length, so the time says nothing about the length either.
bool SameSecret(std::string_view a, std::string_view b) {
  const base::Sha256Digest x = base::Sha256Of(base::AsBytes(a));
  const base::Sha256Digest y = base::Sha256Of(base::AsBytes(b));
  return CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

bool IsLoopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

// "name:port" without the port; an IPv6 address keeps its brackets.
std::string_view WithoutPort(std::string_view authority) {
  const size_t end = authority.starts_with('[') ? authority.find(']') : 0;
  return end == std::string_view::npos ? authority : authority.substr(0, authority.find(':', end));
}

std::string_view CookieValue(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
  }
  return {};
}

}  // namespace

Guard::Guard(std::string_view host, int port, std::string token)
    : loopback_(IsLoopback(host)),
      port_(port),
      host_(host.find(':') == std::string_view::npos ? std::string(host) : fmt::format("[{}]", host)),
      token_(std::move(token)),
      cookie_name_(fmt::format("walchen_{}", port)),
      cookie_value_(base::Sha256Hex(base::AsBytes("walchen page cookie " + token_))) {}

std::string Guard::RefuseHostOrOrigin(const Request& request) const {
  const std::string_view host = request.Find("host");
  if (request.Count("host") != 1 || host.empty()) return "expected exactly one Host header";
  if (loopback_) {
    const std::string_view name = WithoutPort(host);
    if (!EqualIgnoringCase(name, host_) && !EqualIgnoringCase(name, "localhost") && name != "127.0.0.1" &&
        name != "[::1]") {
      return fmt::format(
          "the Host header says \"{}\", but this server is http://{}:{}; open that address, or start the "
          "server with --host to serve other machines",
          host, host_, port_);
    }
  }
  if (request.Count("origin") > 0) {
    const std::string_view origin = request.Find("origin");
    const size_t scheme = origin.find("://");
    const bool same = scheme != std::string_view::npos && EqualIgnoringCase(origin.substr(scheme + 3), host);
    if (request.Count("origin") != 1 || !same) {
      return fmt::format("pages of other origins (\"{}\") may not use this server from a browser", origin);
    }
  }
  return {};
}

bool Guard::IsToken(std::string_view candidate) const { return !token_.empty() && SameSecret(candidate, token_); }

bool Guard::HasToken(const Request& request) const {
  if (token_.empty()) return true;
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view authorization = request.Find("authorization");
  if (authorization.size() > kScheme.size() && EqualIgnoringCase(authorization.substr(0, kScheme.size()), kScheme)) {
    return IsToken(authorization.substr(kScheme.size()));
  }
  const std::string_view cookie = CookieValue(request.Find("cookie"), cookie_name_);
  return !cookie.empty() && SameSecret(cookie, cookie_value_);
}

std::string Guard::Cookie() const {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict", cookie_name_, cookie_value_,
                     kCookieSeconds);
}

std::string RandomHex(int bytes) {
  std::string random(static_cast<size_t>(bytes), '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), bytes) == 1,
        "the operating system gives no random numbers");
  return base::Hex(base::AsBytes(random));
}

uint32_t RandomSeed() {
  uint32_t seed = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof(seed)) == 1,
        "the operating system gives no random numbers");
  return seed;
}

}  // namespace walchen::serve
