// SPDX-License-Identifier: Apache-2.0
//
// The signals modality: channels of a machine, cut into patches of 16 points.
//
// A token is one patch of one channel: 16 values | 16 marks of what was observed | phase (sin, cos) of a known period,
// asinh(loc), log(scale) | whether it is the register. Location and scale come from observed points only; points that are
// to be predicted never touch an input. After Das et al. 2024 (TimesFM, patches), Ansari et al. 2025 (Chronos-2: asinh,
// masks, a register token) and Cohen et al. 2025 (Toto).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/modality.h"

namespace walchen::model {

constexpr int kPatchPoints = 16;
constexpr int kSignalFeatures = 2 * kPatchPoints + 5;

// .01, .05, .10, .15, ... .95, .99
std::span<const float> SignalQuantiles();
Modality SignalsModality();
// The places of its heads.
enum SignalHead : size_t { kSignalQuantiles, kSignalValues, kSignalAnomaly };

// Where a channel lies and how far it swings: the median of the observed points, and their mean distance from it.
struct SignalScale {
  float location = 0;
  float scale = 1;
  float Normal(float x) const;     // asinh((x - location) / scale)
  float Raw(float normal) const;   // its inverse
};
// Of the observed points; {0, 1} if there are none. Points that are no finite number must not be marked as observed.
SignalScale ScaleOf(std::span<const float> points, std::span<const uint8_t> observed);

// One channel as it is read: `observed[i]` is 0 where the point is unknown, whatever `points` holds there.
struct SignalChannel {
  std::vector<float> points;
  std::vector<uint8_t> observed;
};
struct SignalWindow {
  std::vector<SignalChannel> channels;  // of one length, a multiple of kPatchPoints
  double period = 0;                    // in points, of a known cycle; 0: none
  int64_t first_point = 0;              // the number of the first point, which sets the phase
};

struct EncodedSignals {
  SenseTokens tokens;  // the register, then channel by channel, patch by patch
  std::vector<SignalScale> scales;
};
// Errors: kInvalidArgument (no channel, different or wrong lengths, NaN marked as observed), kTooLarge.
Result<EncodedSignals> EncodeSignals(const SignalWindow& window);

// For training: `truth` holds every point of the channels of a window. Quantiles are asked for at points that were not
// observed, anomalies (1 or 0 for each point) at those that were. Points that are no finite number are no target.
struct SignalTruth {
  std::vector<std::vector<float>> points;
  std::vector<std::vector<uint8_t>> anomaly;  // empty: unknown
};
SenseTargets SignalTargets(const SignalWindow& window, const EncodedSignals& encoded, const SignalTruth& truth);

// Puts noisy values at the points that were not observed, for sampling trajectories: z = tau x + (1 - tau) noise, in asinh
// space; those patches get this tau. `noise` and `x` are [channel][point]; `targets`, if not null, gets the weights.
void AddSignalNoise(const SignalWindow& window, const EncodedSignals& scales, const SignalTruth& truth,
                    std::span<const float> noise, float tau, SenseTokens& tokens, SenseTargets* targets);

// The points of a window that were not observed, channel by channel, in asinh space: a trajectory to be sampled.
NoisySegment UnknownPoints(const SignalWindow& window, const EncodedSignals& encoded);
// The window's points with a sampled trajectory at those that were not observed, in the unit of their channel.
std::vector<std::vector<float>> WithTrajectory(const SignalWindow& window, const EncodedSignals& encoded,
                                               std::span<const float> trajectory);

// [channel][point][level], ascending over the levels, in the unit of the channel; also at points that were observed.
struct SignalForecast {
  std::vector<std::vector<float>> quantiles;
  float At(size_t channel, size_t point, size_t level) const {
    return quantiles[channel][point * SignalQuantiles().size() + level];
  }
};
// What the quantiles' head said of the segment, [rows, head.outputs()].
SignalForecast ForecastOf(const SignalWindow& window, const EncodedSignals& encoded, std::span<const float> head_outputs);

}  // namespace walchen::model
