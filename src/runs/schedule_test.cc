// SPDX-License-Identifier: Apache-2.0
#include "runs/schedule.h"

#include <gtest/gtest.h>

namespace walchen::runs {
namespace {

TEST(RateFactor, RisesStaysAndFalls) {
  const Schedule schedule{.warmup_steps = 10, .decay_share = 0.5, .final_share = 0.1};
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 0, 100), 0.1);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 4, 100), 0.5);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 9, 100), 1.0);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 50, 100), 1.0);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 75, 100), 0.55);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 100, 100), 0.1);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 1'000'000, 100), 0.1);
}

TEST(RateFactor, OfACosineIsHalfWayDownInTheMiddle) {
  const Schedule schedule{.kind = Schedule::Kind::kCosine, .warmup_steps = 20, .final_share = 0.2};
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 20, 100), 1.0);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 60, 100), 0.6);
  EXPECT_DOUBLE_EQ(RateFactor(schedule, 100, 100), 0.2);
}

TEST(RateFactor, StaysWithinBoundsForEveryLengthOfRun) {
  for (const auto kind : {Schedule::Kind::kWarmupStableDecay, Schedule::Kind::kCosine}) {
    for (const double decay_share : {0.0, 0.6, 1.0}) {
      const Schedule schedule{.kind = kind, .warmup_steps = 40, .decay_share = decay_share, .final_share = 0.05};
      for (const int64_t total : {1, 2, 39, 40, 41, 1000}) {
        for (int64_t step = 0; step <= total + 1; ++step) {
          const double factor = RateFactor(schedule, step, total);
          ASSERT_TRUE(factor > 0 && factor <= 1) << step << " of " << total << ": " << factor;
        }
      }
    }
  }
}

TEST(RateFactor, WithoutWarmupBeginsAtTheTop) {
  EXPECT_DOUBLE_EQ(RateFactor({.warmup_steps = 0}, 0, 100), 1.0);
}

}  // namespace
}  // namespace walchen::runs
