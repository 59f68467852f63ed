// SPDX-License-Identifier: Apache-2.0
//
// The one seam to time. Timeouts and measurements use the steady clock, which never jumps; wall time is for people.
#pragma once

#include <cstdint>
#include <string>

namespace walchen::base {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  static Clock& Os();

  // Nanoseconds since some fixed moment; never goes back.
  virtual int64_t SteadyNs() = 0;
  // Seconds since 1970-01-01 UTC; may jump either way.
  virtual int64_t WallSeconds() = 0;
  // The same in milliseconds, as fine as the clock is.
  virtual int64_t WallMs() { return WallSeconds() * 1'000; }
};

// Milliseconds that passed since it was made or restarted.
class Stopwatch {
 public:
  explicit Stopwatch(Clock& clock = Clock::Os()) : clock_(clock), start_ns_(clock.SteadyNs()) {}
  double Ms() const { return static_cast<double>(clock_.SteadyNs() - start_ns_) * 1e-6; }
  void Restart() { start_ns_ = clock_.SteadyNs(); }

 private:
  Clock& clock_;
  int64_t start_ns_;
};

// "2026-11-21T23:13:47Z"
std::string Iso8601(int64_t wall_seconds);

}  // namespace walchen::base
