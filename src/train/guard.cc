// SPDX-License-Identifier: Apache-2.0
#include "train/guard.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace walchen::train {
namespace {

// With fewer steps the deviation says little, and at the start losses fall fast.
constexpr size_t kFewestSteps = 16;
// A history that hardly moves must not make every step a spike.
constexpr double kSmallestDeviation = 0.02;  // of the mean

}  // namespace

bool Guard::IsSpike(const std::deque<double>& history, double value) const {
  if (history.size() < kFewestSteps) return false;
  double sum = 0, squares = 0;
  for (const double old : history) sum += old;
  const double mean = sum / static_cast<double>(history.size());
  for (const double old : history) squares += (old - mean) * (old - mean);
  const double deviation = std::max(std::sqrt(squares / static_cast<double>(history.size())), kSmallestDeviation * std::abs(mean));
  return value > mean + plan_.sigma * deviation;
}

Guard::Verdict Guard::Judge(double loss, double gradient_norm) {
  const bool bad = !std::isfinite(loss) || !std::isfinite(gradient_norm) || IsSpike(losses_, loss) || IsSpike(norms_, gradient_norm);
  if (bad) return ++skipped_in_row_ >= plan_.rewind_after ? Verdict::kRewind : Verdict::kSkip;
  skipped_in_row_ = 0;
  for (auto* history : {&losses_, &norms_}) {
    history->push_back(history == &losses_ ? loss : gradient_norm);
    if (history->size() > static_cast<size_t>(plan_.window)) history->pop_front();
  }
  return Verdict::kTake;
}

nlohmann::json Guard::State() const {
  return {{"losses", losses_}, {"norms", norms_}, {"skipped_in_row", skipped_in_row_}};
}

Result<void> Guard::Restore(const nlohmann::json& state) {
  try {
    losses_ = state.at("losses").get<std::deque<double>>();
    norms_ = state.at("norms").get<std::deque<double>>();
    skipped_in_row_ = state.at("skipped_in_row").get<int>();
  } catch (const nlohmann::json::exception& error) {
    return Fail(ErrorCode::kCorrupt, "the guard's state in the checkpoint: {}", error.what());
  }
  return {};
}

}  // namespace walchen::train
