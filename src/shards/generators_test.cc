// SPDX-License-Identifier: Apache-2.0
#include "shards/generators.h"

#include <cmath>

#include <gtest/gtest.h>

namespace walchen::shards {
namespace {

TEST(Generators, SayTheSameForTheSameNumbers) {
  for (uint64_t n = 0; n < 20; ++n) {
    base::Rng a(7, n), b(7, n);
    EXPECT_EQ(MakeSentence(a), MakeSentence(b));
    EXPECT_EQ(MakeShape(a, 16).picture.values, MakeShape(b, 16).picture.values);
    EXPECT_EQ(MakeWaves(a, 2, 64, true).points, MakeWaves(b, 2, 64, true).points);
    EXPECT_EQ(MakeReach(a, 16).actions.values, MakeReach(b, 16).actions.values);
  }
}

TEST(Generators, MarkTheFaultsTheyMake) {
  int faulty_windows = 0;
  for (uint64_t n = 0; n < 100; ++n) {
    base::Rng rng(1, n);
    const Waves waves = MakeWaves(rng, 2, 64, true);
    int marked = 0;
    for (const auto& channel : waves.faulty) {
      for (const uint8_t mark : channel) marked += mark;
    }
    faulty_windows += marked > 0 ? 1 : 0;
    EXPECT_LE(marked, 16);
  }
  EXPECT_GT(faulty_windows, 30);
  EXPECT_LT(faulty_windows, 70);
}

TEST(Generators, ShapesLieWhereTheirCaptionSays) {
  for (uint64_t n = 0; n < 40; ++n) {
    base::Rng rng(2, n);
    const ShapePicture shape = MakeShape(rng, 32);
    const bool right = shape.caption.find("right") != std::string::npos, bottom = shape.caption.find("bottom") != std::string::npos;
    const auto at = [&](int x, int y) { return shape.picture.values[static_cast<size_t>(y * 32 + x)]; };
    const int x = right ? 24 : 8, y = bottom ? 24 : 8;
    const bool differs = std::abs(at(x, y) - at(31 - x, 31 - y)) > 0.05f ||
                         std::abs(shape.picture.values[static_cast<size_t>(1024 + y * 32 + x)] - at(31 - x, 31 - y)) > 0.05f ||
                         std::abs(shape.picture.values[static_cast<size_t>(2048 + y * 32 + x)] - at(31 - x, 31 - y)) > 0.05f;
    EXPECT_TRUE(differs) << shape.caption;
  }
}

TEST(Generators, ActionsStayInRangeAndLeadToTheTarget) {
  double before = 0, after = 0;
  for (uint64_t n = 0; n < 50; ++n) {
    base::Rng rng(3, n);
    const Reach reach = MakeReach(rng, 32);
    ASSERT_EQ(reach.states.steps(), 2);
    ASSERT_EQ(reach.actions.steps(), 32);
    double x = reach.states.values[6], y = reach.states.values[7];
    const double target_x = reach.states.values[8], target_y = reach.states.values[9];
    before += std::hypot(target_x - x, target_y - y);
    for (size_t i = 0; i < 32; ++i) {
      EXPECT_LE(std::hypot(reach.actions.values[2 * i], reach.actions.values[2 * i + 1]), 1.0001);
      x += 0.08 * reach.actions.values[2 * i];
      y += 0.08 * reach.actions.values[2 * i + 1];
    }
    after += std::hypot(target_x - x, target_y - y);
  }
  EXPECT_LT(after, 0.4 * before);
}

}  // namespace
}  // namespace walchen::shards
