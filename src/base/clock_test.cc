// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

namespace walchen::base {
namespace {

class HandClock : public Clock {
 public:
  int64_t SteadyNs() override { return now_ns; }
  int64_t WallSeconds() override { return 0; }
  int64_t now_ns = 5;
};

TEST(Clock, TheSteadyClockNeverGoesBack) {
  int64_t last = Clock::Os().SteadyNs();
  for (int i = 0; i < 10'000; ++i) {
    const int64_t now = Clock::Os().SteadyNs();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, TheWallClockIsPastTheYearThisWasWritten) { EXPECT_GT(Clock::Os().WallSeconds(), 1'760'000'000); }

TEST(Stopwatch, MeasuresInMilliseconds) {
  HandClock clock;
  Stopwatch watch(clock);
  clock.now_ns += 2'500'000;
  EXPECT_DOUBLE_EQ(watch.Ms(), 2.5);
  watch.Restart();
  EXPECT_DOUBLE_EQ(watch.Ms(), 0);
}

TEST(Iso8601, WritesUtc) {
  EXPECT_EQ(Iso8601(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Iso8601(951'782'400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(Iso8601(1'795'302'827), "2026-11-21T23:13:47Z");
  EXPECT_EQ(Iso8601(-1), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace walchen::base
