// SPDX-License-Identifier: Apache-2.0
#include "serve/guard.h"

namespace walchen::serve {
namespace {

Request With(std::vector<Header> headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(Guard, OnLoopbackServesItsOwnNamesOnly) {
  const Guard guard("127.0.0.1", 1924, "secret");
  // The last one is an ssh tunnel's.
  for (const char* host : {"127.0.0.1:1924", "localhost:1924", "LOCALHOST", "[::1]:1924", "127.0.0.1:8080"}) {
    EXPECT_EQ(guard.RefuseHostOrOrigin(With({{"Host", host}})), "") << host;
  }
  for (const char* host : {"evil.example", "evil.example:1924", "127.0.0.1.evil.example", "127.0.0.2:1924", "[::1",
                           "localhost.evil.example", "0.0.0.0:1924", "::1"}) {
    EXPECT_NE(guard.RefuseHostOrOrigin(With({{"Host", host}})), "") << host;
  }
}

TEST(Guard, WantsExactlyOneHost) {
  const Guard guard("127.0.0.1", 1924, "");
  EXPECT_NE(guard.RefuseHostOrOrigin(With({})), "");
  EXPECT_NE(guard.RefuseHostOrOrigin(With({{"Host", ""}})), "");
  EXPECT_NE(guard.RefuseHostOrOrigin(With({{"Host", "localhost"}, {"Host", "localhost"}})), "");
}

TEST(Guard, ServesAnyNameWhenOtherMachinesMayCome) {
  const Guard guard("0.0.0.0", 1924, "secret");
  EXPECT_EQ(guard.RefuseHostOrOrigin(With({{"Host", "walchen.firma.example:1924"}})), "");
}

TEST(Guard, KnowsAnIpv6AddressInBrackets) {
  const Guard guard("::1", 1924, "");
  EXPECT_EQ(guard.RefuseHostOrOrigin(With({{"Host", "[::1]:1924"}})), "");
}

TEST(Guard, RefusesOtherOrigins) {
  const Guard guard("127.0.0.1", 1924, "secret");
  const auto refusal = [&](const char* origin) {
    return guard.RefuseHostOrOrigin(With({{"Host", "127.0.0.1:1924"}, {"Origin", origin}}));
  };
  EXPECT_EQ(refusal("http://127.0.0.1:1924"), "");
  for (const char* origin : {"null", "", "http://localhost:1924", "http://127.0.0.1:3000", "http://127.0.0.1",
                             "https://evil.example", "http://127.0.0.1:1924.evil.example"}) {
    EXPECT_NE(refusal(origin), "") << origin;
  }
}

TEST(Guard, TakesTheTokenFromTheAuthorizationHeader) {
  const Guard guard("127.0.0.1", 1924, "secret");
  EXPECT_TRUE(guard.HasToken(With({{"Authorization", "Bearer secret"}})));
  EXPECT_TRUE(guard.HasToken(With({{"authorization", "bearer secret"}})));
  for (const char* value : {"", "secret", "Bearer", "Bearer ", "Bearer Secret", "Bearer secret ", "Basic secret"}) {
    EXPECT_FALSE(guard.HasToken(With({{"Authorization", value}}))) << value;
  }
  EXPECT_FALSE(guard.HasToken(With({})));
}

TEST(Guard, TakesTheCookieItGave) {
  const Guard guard("127.0.0.1", 1924, "secret");
  const std::string cookie = guard.Cookie();
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
  EXPECT_EQ(cookie.find("secret"), std::string::npos) << "the cookie must not hold the token";
  const std::string pair = cookie.substr(0, cookie.find(';'));
  EXPECT_TRUE(guard.HasToken(With({{"Cookie", "theme=dark; " + pair + "; a=b"}})));
  EXPECT_FALSE(guard.HasToken(With({{"Cookie", pair + "0"}})));
  EXPECT_FALSE(guard.HasToken(With({{"Cookie", "walchen_1924=secret"}})));
  EXPECT_FALSE(guard.HasToken(With({{"Cookie", "walchen_1924="}})));
  EXPECT_FALSE(Guard("127.0.0.1", 1924, "other").HasToken(With({{"Cookie", pair}})));
}

TEST(Guard, WithoutATokenChecksNone) {
  const Guard guard("127.0.0.1", 1924, "");
  EXPECT_TRUE(guard.HasToken(With({})));
  EXPECT_FALSE(guard.IsToken(""));
}

TEST(Guard, RandomTokensDiffer) {
  EXPECT_EQ(RandomHex(16).size(), 32u);
  EXPECT_NE(RandomHex(16), RandomHex(16));
}

}  // namespace
}  // namespace walchen::serve
