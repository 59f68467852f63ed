// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <gtest/gtest.h>

namespace walchen::base {
namespace {

TEST(Nearest, TakesSlipsAndRefusesStrangers) {
  const std::vector<std::string> known = {"chat", "serve", "model"};
  EXPECT_EQ(Nearest("chta", known), "chat");
  EXPECT_EQ(Nearest("sevre", known), "serve");
  EXPECT_EQ(Nearest("models", known), "model");
  EXPECT_EQ(Nearest("xyzzy", known), "");
  EXPECT_EQ(Nearest("a", known), "");
}

}  // namespace
}  // namespace walchen::base
