// SPDX-License-Identifier: Apache-2.0
#include "model/motion.h"

#include <limits>

#include <gtest/gtest.h>

namespace walchen::model {
namespace {

TEST(Motion, StatesAndActionsHaveTheirOwnColumns) {
  const MotionSteps steps = {.width = 2, .values = {0.1f, 0.2f, 0.3f, 0.4f}, .padding = {}};
  const SenseTokens states = EncodeStates(steps), actions = EncodeActions(steps, 1, {});
  EXPECT_EQ(states.features[kMotionFeatures + 1], 0.4f);
  EXPECT_EQ(states.features[kMotionFeatures + kMotionValues + 1], 1) << "its mask";
  EXPECT_EQ(actions.features[kMotionFeatures + 1], 0);
  EXPECT_EQ(actions.features[kMotionFeatures + 2 * kMotionValues + 1], 0.4f);
  EXPECT_EQ(states.positions[1], (Position{1, 0, 0}));
  EXPECT_EQ(actions.positions[1], (Position{1, 1, 0}));
}

TEST(Motion, PaddedStepsAndColumnsAreNoTarget) {
  const MotionSteps steps = {.width = 2, .values = {0.1f, 0.2f, 0.3f, 0.4f}, .padding = {0, 1}};
  const SenseTargets targets = ActionTargets(steps, 0.5f);
  float weight = 0;
  for (const float w : targets[0].weights) weight += w;
  EXPECT_FLOAT_EQ(weight, 2 * 4);
  EXPECT_EQ(targets[0].values[1], 0.2f);
}

TEST(Motion, RefusesStepsThatAreNone) {
  EXPECT_FALSE(CheckMotion({.width = 33, .values = std::vector<float>(33), .padding = {}}, "actions"));
  EXPECT_FALSE(CheckMotion({.width = 2, .values = {}, .padding = {}}, "actions"));
  EXPECT_FALSE(CheckMotion({.width = 2, .values = {1, 2, 3}, .padding = {}}, "actions"));
  const auto bad = CheckMotion({.width = 1, .values = {std::numeric_limits<float>::infinity()}, .padding = {}}, "actions");
  EXPECT_NE(bad.error().message().find("actions: expected finite numbers"), std::string::npos);
  EXPECT_TRUE(CheckMotion({.width = 1, .values = {1}, .padding = {}}, "actions"));
}

TEST(Motion, ASamplersTokensAreThoseOfTraining) {
  const MotionSteps actions = {.width = 2, .values = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f}, .padding = {}};
  const SenseTokens trained = EncodeActions(actions, 0.5f, std::vector<float>(6, 1.0f));
  NoisySegment segment = UnknownActions(3, 2).value();
  std::vector<float> z;
  for (const float action : actions.values) z.push_back(MixNoise(action, 1.0f, 0.5f));
  segment.Put(z, 0.5f);
  EXPECT_EQ(segment.tokens.features, trained.features);
  EXPECT_EQ(segment.tokens.tau, trained.tau);
  EXPECT_EQ(segment.tokens.positions, trained.positions);
  EXPECT_EQ(segment.Clean(ActionTargets(actions, 0.5f)[0].values), actions.values);
  EXPECT_EQ(UnknownActions(0, 2).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(UnknownActions(16, 33).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(UnknownActions(1'000'000, 2).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::model
