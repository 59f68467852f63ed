// SPDX-License-Identifier: Apache-2.0
//
// The motion modality: one token for each state and each action of a robot, up to 32 numbers in [-1, 1] with a mask, so that
// robots with different joints share the weights (Black et al. 2024, "pi0"; chunks: Zhao et al. 2023, "ALOHA").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/modality.h"

namespace walchen::model {

constexpr int kMotionValues = 32;
// States and actions have their own columns in the features, hence their own weights.
constexpr int kMotionFeatures = 4 * kMotionValues;

Modality MotionModality();

// Steps of a robot, each of `width` <= 32 numbers in [-1, 1].
struct MotionSteps {
  int width = 0;
  std::vector<float> values;       // [steps, width]
  std::vector<uint8_t> padding;    // [steps]; 1: before the start or after the end of the episode; empty: none
  int steps() const { return width == 0 ? 0 : static_cast<int>(values.size()) / width; }
};
// Errors: kInvalidArgument (no numbers, too many, not finite).
Result<void> CheckMotion(const MotionSteps& steps, std::string_view what);

// Observed states.
SenseTokens EncodeStates(const MotionSteps& states);
// Actions at noise level tau; `noise` has a number for each value, and may be empty at tau = 1.
SenseTokens EncodeActions(const MotionSteps& actions, float tau, std::span<const float> noise);
// Padded steps are no target.
SenseTargets ActionTargets(const MotionSteps& actions, float tau);
// A chunk of actions of which nothing is known; its values are [steps, width]. Errors: kInvalidArgument, kTooLarge.
Result<NoisySegment> UnknownActions(int steps, int width);

}  // namespace walchen::model
