// SPDX-License-Identifier: Apache-2.0
#include "runs/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/status.h"

namespace walchen::runs {
namespace {

// The share of the way from `begin` to `end` that lies behind `step`, in [0, 1].
double Progress(double step, double begin, double end) {
  if (step >= end) return 1;
  return std::max(0.0, (step - begin) / (end - begin));
}

}  // namespace

double RateFactor(const Schedule& schedule, int64_t step, int64_t total_steps) {
  CHECK(step >= 0 && total_steps >= 1, "step {} of {}", step, total_steps);
  const auto at = static_cast<double>(step);
  const auto total = static_cast<double>(total_steps);
  const auto warmup_steps = static_cast<double>(schedule.warmup_steps);
  // The first step is no step at all with a rate of 0, so it counts as 1.
  const double warmup = step < schedule.warmup_steps ? (at + 1) / warmup_steps : 1;
  double decay = 1;
  if (schedule.kind == Schedule::Kind::kWarmupStableDecay) {
    decay = 1 - Progress(at, total * (1 - schedule.decay_share), total) * (1 - schedule.final_share);
  } else {
    const double cosine = std::cos(Progress(at, std::min(warmup_steps, total), total) * std::numbers::pi);
    decay = schedule.final_share + (1 - schedule.final_share) * (1 + cosine) / 2;
  }
  return std::min(warmup, decay);
}

}  // namespace walchen::runs
