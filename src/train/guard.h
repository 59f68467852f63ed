// SPDX-License-Identifier: Apache-2.0
//
// Keeps steps that would harm the weights away from them: a loss or gradient that is no finite number, or that lies far
// outside what the last steps had (as the z-score in llm.c's outlier detector, here acted on by default).
#pragma once

#include <cstdint>
#include <deque>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "runs/recipe.h"

namespace walchen::train {

class Guard {
 public:
  explicit Guard(const runs::GuardPlan& plan) : plan_(plan) {}

  enum class Verdict {
    kTake,
    kSkip,
    kRewind,  // so many skipped in a row that the weights themselves must be at fault
  };
  // Once per step, before its update.
  Verdict Judge(double loss, double gradient_norm);

  // For checkpoints: a resumed run judges as the uninterrupted one.
  nlohmann::json State() const;
  Result<void> Restore(const nlohmann::json& state);

 private:
  bool IsSpike(const std::deque<double>& history, double value) const;

  runs::GuardPlan plan_;
  std::deque<double> losses_, norms_;  // of the last steps that were taken
  int skipped_in_row_ = 0;
};

}  // namespace walchen::train
