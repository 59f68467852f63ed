// SPDX-License-Identifier: Apache-2.0
//
// How the learning rates change over a run: up from nothing, level, and down at the end.
#pragma once

#include <cstdint>

namespace walchen::runs {

struct Schedule {
  enum class Kind {
    kWarmupStableDecay,  // level until the last decay_share of the steps, then down in a straight line; Hu et al.,
                         // "MiniCPM", 2024 (arXiv:2404.06395)
    kCosine,             // down from the end of the warmup on half a cosine; Loshchilov and Hutter, "SGDR", 2017
                         // (arXiv:1608.03983)
  };
  Kind kind = Kind::kWarmupStableDecay;
  int64_t warmup_steps = 40;
  double decay_share = 0.6;   // of all steps; kWarmupStableDecay only
  double final_share = 0.05;  // of the rate, what is left after the last step

  bool operator==(const Schedule&) const = default;
};

// What the rates of a recipe are multiplied by in `step`, the first one being 0, of a run of total_steps (at least 1).
// In (0, 1] while the run lasts, unless final_share is 0; final_share from total_steps on. In a run too short for both,
// warmup and decay overlap and the smaller one counts.
double RateFactor(const Schedule& schedule, int64_t step, int64_t total_steps);

}  // namespace walchen::runs
