// SPDX-License-Identifier: Apache-2.0
#include "model/flow.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/rng.h"

namespace walchen::model {

Result<TauGrid> TauGrid::Uniform(int steps) {
  if (steps <= 0 || steps > base::kFlowMaxSteps) {
    return Fail(ErrorCode::kInvalidArgument, "expected 1 to {} steps of a sampler, found {}", base::kFlowMaxSteps, steps);
  }
  std::vector<float> levels;
  for (int i = 0; i <= steps; ++i) levels.push_back(static_cast<float>(i) / static_cast<float>(steps));
  return TauGrid(std::move(levels));
}

Result<TauGrid> TauGrid::Of(std::vector<float> levels) {
  if (levels.size() < 2 || levels.size() - 1 > static_cast<size_t>(base::kFlowMaxSteps)) {
    return Fail(ErrorCode::kInvalidArgument, "expected 2 to {} noise levels, found {}", base::kFlowMaxSteps + 1, levels.size());
  }
  if (levels.front() != 0 || levels.back() != 1) {
    return Fail(ErrorCode::kInvalidArgument, "expected noise levels from 0 to 1, found {} to {}", levels.front(), levels.back());
  }
  for (size_t i = 1; i < levels.size(); ++i) {
    if (levels[i] > levels[i - 1]) continue;  // NaN is not
    return Fail(ErrorCode::kInvalidArgument, "expected ascending noise levels, found {} after {}", levels[i], levels[i - 1]);
  }
  return TauGrid(std::move(levels));
}

size_t NetworkCalls(const TauGrid& grid, FlowSolver solver) {
  return solver == FlowSolver::kHeun ? 2 * grid.steps() - 1 : grid.steps();
}

std::vector<float> FlowVelocity(std::span<const float> clean, std::span<const float> z, float tau) {
  const float noise = std::max(1 - tau, kSmallestNoise);
  std::vector<float> velocity(z.size());
  for (size_t i = 0; i < z.size(); ++i) velocity[i] = (clean[i] - z[i]) / noise;
  return velocity;
}

Result<std::vector<float>> SolveFlow(std::vector<float> z, const TauGrid& grid, FlowSolver solver, const PredictClean& predict) {
  for (size_t step = 0; step + 1 < grid.steps(); ++step) {
    const float tau = grid[step], next_tau = grid[step + 1], length = next_tau - tau;
    TRY_ASSIGN(const std::vector<float> clean, predict(z, tau));
    const std::vector<float> velocity = FlowVelocity(clean, z, tau);
    std::vector<float> next(z.size());
    for (size_t i = 0; i < z.size(); ++i) next[i] = z[i] + length * velocity[i];
    if (solver == FlowSolver::kHeun) {
      TRY_ASSIGN(const std::vector<float> next_clean, predict(next, next_tau));
      const std::vector<float> next_velocity = FlowVelocity(next_clean, next, next_tau);
      for (size_t i = 0; i < z.size(); ++i) next[i] = z[i] + length * 0.5f * (velocity[i] + next_velocity[i]);
    }
    z = std::move(next);
  }
  return predict(z, grid[grid.steps() - 1]);
}

PredictClean Guided(PredictClean with, PredictClean without, const Guidance& guidance) {
  return [with = std::move(with), without = std::move(without), guidance](std::span<const float> z,
                                                                          float tau) -> Result<std::vector<float>> {
    TRY_ASSIGN(std::vector<float> clean, with(z, tau));
    if (!guidance.IsOn(tau)) return clean;
    TRY_ASSIGN(const std::vector<float> away_from, without(z, tau));
    for (size_t i = 0; i < clean.size(); ++i) clean[i] = away_from[i] + guidance.scale * (clean[i] - away_from[i]);
    return clean;
  };
}

std::vector<float> FlowNoise(uint64_t seed, size_t count) {
  base::Rng rng(seed);
  std::vector<float> noise(count);
  for (float& value : noise) value = static_cast<float>(rng.Normal());
  return noise;
}

}  // namespace walchen::model
