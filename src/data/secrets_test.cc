// SPDX-License-Identifier: Apache-2.0
#include "data/secrets.h"

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

std::vector<std::pair<std::string, std::string>> Found(std::string_view text) {
  std::vector<Finding> findings;
  FindSecrets(text, SplitWords(text), findings);
  std::vector<std::pair<std::string, std::string>> found;
  for (const Finding& finding : findings) {
    found.emplace_back(FindingName(finding.kind), text.substr(finding.begin, finding.size()));
  }
  return found;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Shapes only: none of these was ever valid. Assembled, so that no scanner takes this file for a leak.
const std::string kAws = std::string("AK") + "IAQ7Z3XW5LMB2YTRC4";
const std::string kGithub = std::string("gh") + "p_a8F3kQ9zL2mN7pR4sT6vX1bC5dE0gH2jK4wY";
const std::string kSlack = std::string("xo") + "xb-204817361925-a8F3kQ9zL2mN7pR4sT6v";
const std::string kJwt = std::string("ey") + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";

TEST(Secrets, FindsTokensOfKnownShapes) {
  for (const std::string& token : {kAws, kGithub, kSlack, kJwt}) {
    EXPECT_EQ(Found("der Zugang ist " + token + ", bitte löschen."), (Pairs{{"access_token", token}}));
    EXPECT_EQ(Found("export KEY=\"" + token + "\"").size(), 1) << token;
  }
  EXPECT_TRUE(Found("Donaudampfschifffahrtsgesellschaftskapitän").empty());
  EXPECT_TRUE(Found(kGithub.substr(0, 20)).empty());
}

TEST(Secrets, FindsPrivateKeysWhole) {
  const std::string key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nq83uZ==\n-----END RSA PRIVATE KEY-----";
  EXPECT_EQ(Found("vorher\n" + key + "\nnachher"), (Pairs{{"private_key", key}}));
  EXPECT_EQ(Found("-----BEGIN PRIVATE KEY-----\nMIIE").size(), 1);  // cut off
  EXPECT_TRUE(Found("Keep your private key in a safe place.").empty());
  EXPECT_TRUE(Found("-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----").empty());
}

TEST(Secrets, FindsAssignedValuesThatLookDrawn) {
  EXPECT_EQ(Found("password = \"hV7#kq92LmZx4t\""), (Pairs{{"secret_value", "hV7#kq92LmZx4t"}}));
  EXPECT_EQ(Found("API_KEY: 9f8e7d6c5b4a39281706f5e4"), (Pairs{{"secret_value", "9f8e7d6c5b4a39281706f5e4"}}));
  EXPECT_EQ(Found("{\"client_secret\": \"Zk93jfQpL0sd8Vn2\"}").size(), 1);
  EXPECT_EQ(Found("Passwort: t4Kw9zQx1Lm7Rb").size(), 1);
}

TEST(Secrets, StaysLinearWhereEveryWordBeginsLikeOne) {
  std::string text;
  while (text.size() < 2'000'000) text += "private key aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb.";
  EXPECT_TRUE(Found(text).empty());
}

TEST(Secrets, LeavesWordsAndPlaceholders) {
  for (const std::string_view text :
       {"password: string", "Das Passwort: bitte beim Administrator erfragen", "token = next_token(stream)", "secret = ${SECRET_FROM_1PASSWORD}",
        "api_key = \"your-api-key-0123456789\"", "password = os.environ[\"PASSWORD_1234567\"]", "The token: 12"}) {
    EXPECT_TRUE(Found(text).empty()) << text;
  }
}

}  // namespace
}  // namespace walchen::data
