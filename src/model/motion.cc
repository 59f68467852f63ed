// SPDX-License-Identifier: Apache-2.0
#include "model/motion.h"

#include <cmath>

#include "base/limits.h"

namespace walchen::model {
namespace {

// Where actions stand in a token's features, behind states and their mask.
constexpr int kActionsAt = 2 * kMotionValues;

// `first` is where the values stand in a token's features; the mask follows 32 later.
SenseTokens Encode(const MotionSteps& steps, std::span<const float> values, int first, int32_t row, float tau) {
  SenseTokens tokens = {.rows = steps.steps(),
                        .features = std::vector<float>(static_cast<size_t>(steps.steps()) * kMotionFeatures),
                        .tau = std::vector<float>(static_cast<size_t>(steps.steps()), tau),
                        .extent = steps.steps() + 1,
                        .kept = tau == 1};
  for (int step = 0; step < steps.steps(); ++step) {
    float* features = tokens.features.data() + int64_t{step} * kMotionFeatures + first;
    const float* from = values.data() + int64_t{step} * steps.width;
    for (int i = 0; i < steps.width; ++i) {
      features[i] = from[i];
      features[kMotionValues + i] = 1;
    }
    tokens.positions.push_back({step, row, 0});
  }
  return tokens;
}

}  // namespace

Modality MotionModality() {
  return {.name = "motion",
          .features = kMotionFeatures,
          .heads = {{.name = "actions", .loss = HeadLoss::kFlow, .values = kMotionValues}}};
}

Result<void> CheckMotion(const MotionSteps& steps, std::string_view what) {
  if (steps.width <= 0 || steps.width > kMotionValues || steps.values.empty() ||
      steps.values.size() % static_cast<size_t>(steps.width) != 0) {
    return Fail(ErrorCode::kInvalidArgument, "{}: expected steps of 1 to {} numbers, found {} numbers in steps of {}", what,
                kMotionValues, steps.values.size(), steps.width);
  }
  for (const float value : steps.values) {
    if (!std::isfinite(value)) return Fail(ErrorCode::kInvalidArgument, "{}: expected finite numbers, found {}", what, value);
  }
  return {};
}

SenseTokens EncodeStates(const MotionSteps& states) { return Encode(states, states.values, 0, 0, 1); }

SenseTokens EncodeActions(const MotionSteps& actions, float tau, std::span<const float> noise) {
  std::vector<float> z = actions.values;
  for (size_t i = 0; i < z.size() && tau < 1; ++i) z[i] = MixNoise(z[i], noise[i], tau);
  return Encode(actions, z, kActionsAt, 1, tau);
}

SenseTargets ActionTargets(const MotionSteps& actions, float tau) {
  HeadTargets targets;
  targets.values.resize(static_cast<size_t>(actions.steps()) * kMotionValues);
  targets.weights.resize(targets.values.size());
  for (size_t step = 0; step < static_cast<size_t>(actions.steps()); ++step) {
    if (!actions.padding.empty() && actions.padding[step] != 0) continue;
    for (size_t i = 0; i < static_cast<size_t>(actions.width); ++i) {
      targets.values[step * kMotionValues + i] = actions.values[step * static_cast<size_t>(actions.width) + i];
      targets.weights[step * kMotionValues + i] = FlowWeight(tau);
    }
  }
  return {targets};
}

Result<NoisySegment> UnknownActions(int steps, int width) {
  if (steps <= 0 || width <= 0 || width > kMotionValues) {
    return Fail(ErrorCode::kInvalidArgument, "expected a chunk of actions of 1 to {} numbers, found {} of {}", kMotionValues,
                steps, width);
  }
  if (steps > base::kMotionMaxSteps) {
    return Fail(ErrorCode::kTooLarge, "expected a chunk of at most {} actions, found {}", base::kMotionMaxSteps, steps);
  }
  const auto rows = static_cast<size_t>(steps), columns = static_cast<size_t>(width);
  const MotionSteps nothing = {.width = width, .values = std::vector<float>(rows * columns), .padding = {}};
  NoisySegment segment = {.tokens = Encode(nothing, nothing.values, kActionsAt, 1, 0)};
  for (size_t step = 0; step < rows; ++step) {
    for (size_t i = 0; i < columns; ++i) {
      segment.inputs.push_back(step * kMotionFeatures + kActionsAt + i);
      segment.outputs.push_back(step * kMotionValues + i);
    }
  }
  return segment;
}

}  // namespace walchen::model
