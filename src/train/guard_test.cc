// SPDX-License-Identifier: Apache-2.0
#include "train/guard.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace walchen::train {
namespace {

using Verdict = Guard::Verdict;

Guard Settled() {
  Guard guard{runs::GuardPlan{}};
  for (int i = 0; i < 64; ++i) EXPECT_EQ(guard.Judge(2 + 0.1 * std::sin(i), 1 + 0.05 * std::cos(i)), Verdict::kTake);
  return guard;
}

TEST(Guard, SkipsWhatIsNoNumber) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    Guard fresh{runs::GuardPlan{}};
    EXPECT_EQ(fresh.Judge(bad, 1), Verdict::kSkip);
    EXPECT_EQ(fresh.Judge(1, bad), Verdict::kSkip);
  }
}

TEST(Guard, SkipsSpikesOfLossAndGradientButNotFalls) {
  Guard guard = Settled();
  EXPECT_EQ(guard.Judge(4, 1), Verdict::kSkip);
  EXPECT_EQ(guard.Judge(2, 2), Verdict::kSkip);
  EXPECT_EQ(guard.Judge(0.1, 0.01), Verdict::kTake);
}

TEST(Guard, RewindsAfterSeveralInARow) {
  Guard guard = Settled();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(guard.Judge(1e9, 1), Verdict::kSkip);
  EXPECT_EQ(guard.Judge(1e9, 1), Verdict::kRewind);
}

TEST(Guard, JudgesTheSameAfterACheckpoint) {
  Guard guard = Settled();
  EXPECT_EQ(guard.Judge(1e9, 1), Verdict::kSkip);
  Guard resumed{runs::GuardPlan{}};
  ASSERT_TRUE(resumed.Restore(nlohmann::json::parse(guard.State().dump())));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(resumed.Judge(1e9, 1), Verdict::kSkip);
  EXPECT_EQ(resumed.Judge(1e9, 1), Verdict::kRewind);
  EXPECT_FALSE(resumed.Restore({{"losses", 3}}));
}

}  // namespace
}  // namespace walchen::train
