// SPDX-License-Identifier: Apache-2.0
//
// The samplers beside flows whose ends are known in closed form.
#include "model/flow.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace walchen::model {
namespace {

constexpr FlowSolver kSolvers[] = {FlowSolver::kEuler, FlowSolver::kHeun};

// Data that are all the same point.
TEST(Flow, EveryGridLandsOnAPointMassExactly) {
  const std::vector<float> point = {3, -0.25f, 0};
  const PredictClean predict = [&](std::span<const float>, float) -> Result<std::vector<float>> { return point; };
  for (const FlowSolver solver : kSolvers) {
    for (const int steps : {1, 2, 10, 25, 100}) {
      EXPECT_EQ(SolveFlow({1, 2, -7}, TauGrid::Uniform(steps).value(), solver, predict).value(), point) << steps;
    }
    EXPECT_EQ(SolveFlow({1, 2, -7}, TauGrid::Of({0, 0.1f, 0.97f, 1}).value(), solver, predict).value(), point);
  }
}

TEST(Flow, AStepGoesStraightToThePoint) {
  std::vector<float> seen;
  const PredictClean predict = [&](std::span<const float> z, float) -> Result<std::vector<float>> {
    seen.push_back(z[0]);
    return std::vector<float>{2};
  };
  ASSERT_TRUE(SolveFlow({-2}, TauGrid::Uniform(4).value(), FlowSolver::kEuler, predict));
  EXPECT_EQ(seen, (std::vector<float>{-2, -1, 0, 1}));
}

// Data from N(mean, deviation^2): the best x' is E[x | z], and the flow carries e to mean + deviation e.
struct Gaussian {
  double mean, deviation;
  std::vector<float> Clean(std::span<const float> z, float tau) const {
    const double variance = deviation * deviation, noise = 1 - static_cast<double>(tau);
    const double gain = tau * variance / (tau * variance * tau + noise * noise);
    std::vector<float> x;
    for (const float value : z) x.push_back(static_cast<float>(mean + gain * (value - tau * mean)));
    return x;
  }
  double ErrorAfter(int steps, FlowSolver solver, double noise) const {
    const PredictClean predict = [&](std::span<const float> z, float tau) -> Result<std::vector<float>> { return Clean(z, tau); };
    const auto end = SolveFlow({static_cast<float>(noise)}, TauGrid::Uniform(steps).value(), solver, predict).value();
    return std::abs(end[0] - (mean + deviation * noise));
  }
};

// At most 16 steps: there no velocity but the last is bounded, and a float's rounding is far below the error.
TEST(Flow, HeunConvergesWithOrderTwoAndEulerWithOrderOne) {
  for (const Gaussian& data : {Gaussian{0.5, 0.6}, Gaussian{-1, 1.7}}) {
    for (const double noise : {-1.5, 0.8}) {
      const double euler = std::log2(data.ErrorAfter(8, FlowSolver::kEuler, noise) / data.ErrorAfter(16, FlowSolver::kEuler, noise));
      EXPECT_NEAR(euler, 1, 0.25) << data.deviation << ", " << noise;
      const double heun = std::log2(data.ErrorAfter(8, FlowSolver::kHeun, noise) / data.ErrorAfter(16, FlowSolver::kHeun, noise));
      EXPECT_NEAR(heun, 2, 0.3) << data.deviation << ", " << noise;
      EXPECT_LT(data.ErrorAfter(16, FlowSolver::kHeun, noise), data.ErrorAfter(16, FlowSolver::kEuler, noise) / 4);
    }
  }
}

// Finer than the bound of the velocity, which keeps back a part of the last steps' way: less than the noise at .95.
TEST(Flow, ManyStepsStayNearTheEndOfTheFlow) {
  const Gaussian data = {0.5, 0.6};
  for (const FlowSolver solver : kSolvers) EXPECT_LT(data.ErrorAfter(200, solver, 1.2), kSmallestNoise * 1.2);
}

TEST(Flow, CallsTheNetworkAsOftenAsItSaysAndNeverAtTheEnd) {
  for (const FlowSolver solver : kSolvers) {
    for (const int steps : {1, 2, 25}) {
      size_t calls = 0;
      float last = -1;
      const PredictClean predict = [&](std::span<const float> z, float tau) -> Result<std::vector<float>> {
        ++calls;
        EXPECT_GE(tau, last);
        EXPECT_LT(tau, 1);
        last = tau;
        return std::vector<float>(z.begin(), z.end());
      };
      const TauGrid grid = TauGrid::Uniform(steps).value();
      ASSERT_TRUE(SolveFlow({0}, grid, solver, predict));
      EXPECT_EQ(calls, NetworkCalls(grid, solver));
    }
  }
}

TEST(Flow, VelocityIsBoundedWhereNoiseIsNearlyGone) {
  const std::vector<float> clean = {1}, z = {0};
  EXPECT_FLOAT_EQ(FlowVelocity(clean, z, 0.5f)[0], 2);
  EXPECT_FLOAT_EQ(FlowVelocity(clean, z, 0.99f)[0], 20);
  EXPECT_FLOAT_EQ(FlowVelocity(clean, z, 1)[0], 20);
}

TEST(Flow, GuidanceLeadsAwayFromTheUnconditionalInsideItsInterval) {
  const auto constant = [](float x, int& calls) {
    return [x, &calls](std::span<const float>, float) -> Result<std::vector<float>> {
      ++calls;
      return std::vector<float>{x};
    };
  };
  int with = 0, without = 0;
  const PredictClean guided = Guided(constant(1, with), constant(0.5f, without), {.scale = 3, .from = 0.2f, .to = 0.8f});
  const std::vector<float> z = {0};
  EXPECT_EQ(guided(z, 0.1f).value()[0], 1);
  EXPECT_EQ(without, 0);
  EXPECT_EQ(guided(z, 0.2f).value()[0], 2);
  EXPECT_EQ(guided(z, 0.5f).value()[0], 2);
  EXPECT_EQ(guided(z, 0.8f).value()[0], 1);
  EXPECT_EQ(with, 4);
  EXPECT_EQ(without, 2);
}

TEST(Flow, AnErrorOfTheNetworkEndsTheSampling) {
  int calls = 0;
  const PredictClean predict = [&](std::span<const float> z, float) -> Result<std::vector<float>> {
    if (++calls == 3) return Fail(ErrorCode::kTooLarge, "no room");
    return std::vector<float>(z.begin(), z.end());
  };
  const auto ended = SolveFlow({0}, TauGrid::Uniform(10).value(), FlowSolver::kHeun, predict);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message(), "no room");
  EXPECT_EQ(calls, 3);
}

TEST(TauGrid, RefusesWhatDoesNotLeadFromNoiseToData) {
  EXPECT_FALSE(TauGrid::Uniform(0));
  EXPECT_FALSE(TauGrid::Uniform(base::kFlowMaxSteps + 1));
  for (const std::vector<float>& levels : {std::vector<float>{}, {0}, {0, 0.5f}, {0.1f, 1}, {0, 0.5f, 0.5f, 1}, {0, NAN, 1}}) {
    EXPECT_EQ(TauGrid::Of(levels).error().code(), ErrorCode::kInvalidArgument);
  }
  const TauGrid grid = TauGrid::Uniform(4).value();
  EXPECT_EQ(grid.steps(), 4u);
  EXPECT_EQ(grid[1], 0.25f);
  EXPECT_EQ(grid[4], 1);
}

TEST(FlowNoise, IsAFunctionOfTheSeed) {
  const std::vector<float> noise = FlowNoise(7, 1'000);
  EXPECT_EQ(FlowNoise(7, 1'000), noise);
  EXPECT_NE(FlowNoise(8, 1'000), noise);
  EXPECT_EQ(FlowNoise(7, 10), std::vector<float>(noise.begin(), noise.begin() + 10));
  double sum = 0, squares = 0;
  for (const float value : noise) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  EXPECT_NEAR(sum / 1'000, 0, 0.1);
  EXPECT_NEAR(squares / 1'000, 1, 0.15);
}

}  // namespace
}  // namespace walchen::model
