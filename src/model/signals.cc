// SPDX-License-Identifier: Apache-2.0
#include "model/signals.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/limits.h"

namespace walchen::model {
namespace {

// Where things stand in a token's features.
constexpr int kMaskAt = kPatchPoints;
constexpr int kPhaseAt = 2 * kPatchPoints;
constexpr int kLocationAt = kPhaseAt + 2;
constexpr int kScaleAt = kPhaseAt + 3;
constexpr int kRegisterAt = kPhaseAt + 4;

// A swing below this share of the location is rounding of the measurement, not a signal.
constexpr float kSmallestSwing = 1e-5f;

Result<void> CheckWindow(const SignalWindow& window) {
  if (window.channels.empty()) return Fail(ErrorCode::kInvalidArgument, "expected at least one channel, found none");
  const size_t length = window.channels.front().points.size();
  if (length == 0 || length % kPatchPoints != 0) {
    return Fail(ErrorCode::kInvalidArgument, "expected a multiple of {} points in a channel, found {}", kPatchPoints, length);
  }
  if (window.channels.size() * (length / kPatchPoints) > static_cast<size_t>(base::kSignalMaxPatches)) {
    return Fail(ErrorCode::kTooLarge, "{} channels of {} points are {} patches; the limit is {}", window.channels.size(),
                length, window.channels.size() * (length / kPatchPoints), base::kSignalMaxPatches);
  }
  for (size_t c = 0; c < window.channels.size(); ++c) {
    const SignalChannel& channel = window.channels[c];
    if (channel.points.size() != length || channel.observed.size() != length) {
      return Fail(ErrorCode::kInvalidArgument, "channel {}: expected {} points and marks, found {} and {}", c, length,
                  channel.points.size(), channel.observed.size());
    }
    for (size_t i = 0; i < length; ++i) {
      if (channel.observed[i] != 0 && !std::isfinite(channel.points[i])) {
        return Fail(ErrorCode::kInvalidArgument, "channel {}: point {} is marked as observed, but is no finite number", c, i);
      }
    }
  }
  return {};
}

// The row of a patch; the register comes first.
size_t RowOf(size_t channel, size_t patch, size_t patches) { return 1 + channel * patches + patch; }

void EncodePatch(const SignalWindow& window, const SignalScale& scale, size_t channel, size_t patch, float* row, float& tau) {
  const SignalChannel& from = window.channels[channel];
  bool any_observed = false;
  for (size_t i = 0; i < kPatchPoints; ++i) {
    const size_t point = patch * kPatchPoints + i;
    if (from.observed[point] == 0) continue;
    row[i] = scale.Normal(from.points[point]);
    row[kMaskAt + i] = 1;
    any_observed = true;
  }
  if (window.period > 0) {
    const double start = static_cast<double>(window.first_point) + static_cast<double>(patch * kPatchPoints);
    const double phase = 2 * std::numbers::pi * start / window.period;
    row[kPhaseAt] = static_cast<float>(std::sin(phase));
    row[kPhaseAt + 1] = static_cast<float>(std::cos(phase));
  }
  row[kLocationAt] = std::asinh(scale.location);
  row[kScaleAt] = std::log(scale.scale);
  tau = any_observed ? 1.0f : 0.0f;
}

}  // namespace

std::span<const float> SignalQuantiles() {
  static const std::vector<float> levels = [] {
    std::vector<float> all = {0.01f};
    for (int i = 1; i <= 19; ++i) all.push_back(static_cast<float>(i) * 0.05f);
    all.push_back(0.99f);
    return all;
  }();
  return levels;
}

Modality SignalsModality() {
  const std::span<const float> levels = SignalQuantiles();
  return {.name = "signals",
          .features = kSignalFeatures,
          .heads = {{.name = "quantiles", .loss = HeadLoss::kQuantiles, .values = kPatchPoints,
                     .levels = {levels.begin(), levels.end()}},
                    {.name = "values", .loss = HeadLoss::kFlow, .values = kPatchPoints, .weight = 0.5f},
                    {.name = "anomaly", .loss = HeadLoss::kLogit, .values = kPatchPoints, .weight = 0.2f}}};
}

float SignalScale::Normal(float x) const { return std::asinh((x - location) / scale); }
float SignalScale::Raw(float normal) const { return location + scale * std::sinh(normal); }

SignalScale ScaleOf(std::span<const float> points, std::span<const uint8_t> observed) {
  std::vector<float> known;
  for (size_t i = 0; i < points.size(); ++i) {
    if (observed[i] != 0) known.push_back(points[i]);
  }
  if (known.empty()) return {};
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  SignalScale scale = {.location = *middle};
  double distance = 0;
  for (const float x : known) distance += std::abs(static_cast<double>(x) - scale.location);
  scale.scale = static_cast<float>(distance / static_cast<double>(known.size()));
  // A constant channel: any unit will do, so one that keeps its numbers small.
  const float smallest = kSmallestSwing * std::abs(scale.location);
  if (!(scale.scale > smallest)) scale.scale = smallest > 0 ? smallest : 1;
  return scale;
}

Result<EncodedSignals> EncodeSignals(const SignalWindow& window) {
  TRY(CheckWindow(window));
  const size_t patches = window.channels.front().points.size() / kPatchPoints;
  EncodedSignals encoded;
  SenseTokens& tokens = encoded.tokens;
  tokens.rows = static_cast<int>(1 + window.channels.size() * patches);
  tokens.features.resize(static_cast<size_t>(tokens.rows) * kSignalFeatures);
  tokens.tau.resize(static_cast<size_t>(tokens.rows));
  tokens.extent = static_cast<int>(std::max(patches, window.channels.size())) + 1;
  tokens.features[kRegisterAt] = 1;
  tokens.tau[0] = 1;
  tokens.positions.push_back({0, 0, 0});
  for (size_t c = 0; c < window.channels.size(); ++c) {
    const SignalScale scale = ScaleOf(window.channels[c].points, window.channels[c].observed);
    encoded.scales.push_back(scale);
    for (size_t p = 0; p < patches; ++p) {
      const size_t row = RowOf(c, p, patches);
      EncodePatch(window, scale, c, p, tokens.features.data() + row * kSignalFeatures, tokens.tau[row]);
      tokens.positions.push_back({static_cast<int32_t>(1 + p), static_cast<int32_t>(c), 0});
    }
  }
  return encoded;
}

SenseTargets SignalTargets(const SignalWindow& window, const EncodedSignals& encoded, const SignalTruth& truth) {
  const auto rows = static_cast<size_t>(encoded.tokens.rows);
  const size_t patches = window.channels.front().points.size() / kPatchPoints;
  SenseTargets targets(3);
  for (HeadTargets& head : targets) {
    head.values.resize(rows * kPatchPoints);
    head.weights.resize(rows * kPatchPoints);
  }
  for (size_t c = 0; c < window.channels.size(); ++c) {
    for (size_t point = 0; point < patches * kPatchPoints; ++point) {
      const size_t at = RowOf(c, point / kPatchPoints, patches) * kPatchPoints + point % kPatchPoints;
      const float raw = truth.points[c][point];
      if (!std::isfinite(raw)) continue;
      if (window.channels[c].observed[point] == 0) {
        targets[kSignalQuantiles].values[at] = encoded.scales[c].Normal(raw);
        targets[kSignalQuantiles].weights[at] = 1;
      } else if (!truth.anomaly.empty()) {
        targets[kSignalAnomaly].values[at] = truth.anomaly[c][point] != 0 ? 1.0f : 0.0f;
        targets[kSignalAnomaly].weights[at] = 1;
      }
    }
  }
  return targets;
}

void AddSignalNoise(const SignalWindow& window, const EncodedSignals& scales, const SignalTruth& truth,
                    std::span<const float> noise, float tau, SenseTokens& tokens, SenseTargets* targets) {
  const size_t points = window.channels.front().points.size(), patches = points / kPatchPoints;
  tokens.kept = false;
  for (size_t c = 0; c < window.channels.size(); ++c) {
    for (size_t point = 0; point < points; ++point) {
      if (window.channels[c].observed[point] != 0) continue;
      const size_t row = RowOf(c, point / kPatchPoints, patches), i = point % kPatchPoints;
      const float raw = truth.points[c][point];
      const float x = std::isfinite(raw) ? scales.scales[c].Normal(raw) : 0.0f;
      tokens.features[row * kSignalFeatures + i] = MixNoise(x, noise[c * points + point], tau);
      tokens.tau[row] = tau;
      if (targets == nullptr || !std::isfinite(raw)) continue;
      HeadTargets& values = (*targets)[kSignalValues];
      values.values[row * kPatchPoints + i] = x;
      values.weights[row * kPatchPoints + i] = FlowWeight(tau);
    }
  }
}

NoisySegment UnknownPoints(const SignalWindow& window, const EncodedSignals& encoded) {
  const size_t points = window.channels.front().points.size(), patches = points / kPatchPoints;
  NoisySegment segment = {.tokens = encoded.tokens, .head = kSignalValues};
  for (size_t c = 0; c < window.channels.size(); ++c) {
    for (size_t point = 0; point < points; ++point) {
      if (window.channels[c].observed[point] != 0) continue;
      const size_t row = RowOf(c, point / kPatchPoints, patches), i = point % kPatchPoints;
      segment.inputs.push_back(row * kSignalFeatures + i);
      segment.outputs.push_back(row * kPatchPoints + i);
    }
  }
  return segment;
}

std::vector<std::vector<float>> WithTrajectory(const SignalWindow& window, const EncodedSignals& encoded,
                                               std::span<const float> trajectory) {
  std::vector<std::vector<float>> channels;
  size_t next = 0;
  for (size_t c = 0; c < window.channels.size(); ++c) {
    std::vector<float>& points = channels.emplace_back(window.channels[c].points);
    for (size_t point = 0; point < points.size(); ++point) {
      if (window.channels[c].observed[point] == 0) points[point] = encoded.scales[c].Raw(trajectory[next++]);
    }
  }
  return channels;
}

SignalForecast ForecastOf(const SignalWindow& window, const EncodedSignals& encoded, std::span<const float> head_outputs) {
  const size_t levels = SignalQuantiles().size();
  const size_t points = window.channels.front().points.size(), patches = points / kPatchPoints;
  SignalForecast forecast;
  for (size_t c = 0; c < window.channels.size(); ++c) {
    std::vector<float>& quantiles = forecast.quantiles.emplace_back(points * levels);
    // The rows of a channel lie one after the other, so its points do too.
    const std::span<const float> said = head_outputs.subspan(RowOf(c, 0, patches) * kPatchPoints * levels, points * levels);
    std::ranges::transform(said, quantiles.begin(), [&](float x) { return encoded.scales[c].Raw(x); });
    // Each level is learned on its own, so two may cross; sorted they are no worse (Chernozhukov et al. 2010).
    for (size_t point = 0; point < points; ++point) {
      const auto first = quantiles.begin() + static_cast<std::ptrdiff_t>(point * levels);
      std::sort(first, first + static_cast<std::ptrdiff_t>(levels));
    }
  }
  return forecast;
}

}  // namespace walchen::model
