// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

namespace walchen::base {
namespace {

class HandClock : public Clock {
 public:
  int64_t SteadyNs() override { return now_ns; }
  int64_t WallSeconds() override { return wall_s; }
  int64_t now_ns = 5;
  int64_t wall_s = 0;
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

TEST(Clock, MillisecondsOfTheWallClockAreThoseOfItsSeconds) {
  const int64_t before_s = Clock::Os().WallSeconds();
  const int64_t now_ms = Clock::Os().WallMs();
  EXPECT_GE(now_ms / 1'000, before_s - 1);  // the clock may be set between the two
  EXPECT_LE(now_ms / 1'000, Clock::Os().WallSeconds() + 1);
  HandClock clock;
  clock.wall_s = 7;
  EXPECT_EQ(clock.WallMs(), 7'000);
}

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
