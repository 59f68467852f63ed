// SPDX-License-Identifier: Apache-2.0
#include "model/signals.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace walchen::model {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

SignalWindow Window(int channels, int points, int known) {
  SignalWindow window;
  base::Rng rng(1);
  for (int c = 0; c < channels; ++c) {
    SignalChannel channel;
    for (int i = 0; i < points; ++i) {
      channel.points.push_back(static_cast<float>(10 * c + 3 * rng.Normal()));
      channel.observed.push_back(i < known ? 1 : 0);
    }
    window.channels.push_back(std::move(channel));
  }
  return window;
}

SignalTruth TruthOf(const SignalWindow& window) {
  SignalTruth truth;
  for (const SignalChannel& channel : window.channels) truth.points.push_back(channel.points);
  return truth;
}

TEST(Signals, WhatIsUnknownNeverReachesAnInput) {
  SignalWindow window = Window(2, 64, 40);
  const EncodedSignals before = EncodeSignals(window).value();
  for (SignalChannel& channel : window.channels) {
    for (size_t i = 40; i < 64; ++i) channel.points[i] = i % 2 == 0 ? 1e6f : kNaN;
  }
  const EncodedSignals after = EncodeSignals(window).value();
  EXPECT_EQ(before.tokens.features, after.tokens.features);
  EXPECT_EQ(before.tokens.tau, after.tokens.tau);
  for (size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(before.scales[c].location, after.scales[c].location);
    EXPECT_EQ(before.scales[c].scale, after.scales[c].scale);
  }
}

TEST(Signals, ARegisterAndAPatchOfEveryChannelHaveTheirPlaces) {
  const EncodedSignals encoded = EncodeSignals(Window(2, 48, 48)).value();
  ASSERT_EQ(encoded.tokens.rows, 1 + 2 * 3);
  EXPECT_EQ(encoded.tokens.positions[0], (Position{0, 0, 0}));
  EXPECT_EQ(encoded.tokens.positions[1], (Position{1, 0, 0}));
  EXPECT_EQ(encoded.tokens.positions[6], (Position{3, 1, 0}));
  EXPECT_EQ(encoded.tokens.extent, 4);
}

TEST(Signals, NormalAndRawAreInverse) {
  const std::vector<float> points = {1, 2, 3, 4, 100};
  const SignalScale scale = ScaleOf(points, std::vector<uint8_t>{1, 1, 1, 1, 0});
  EXPECT_EQ(scale.location, 3);
  EXPECT_FLOAT_EQ(scale.scale, 1);
  for (const float x : {-20.0f, 0.0f, 3.0f, 250.0f}) EXPECT_NEAR(scale.Raw(scale.Normal(x)), x, 1e-3);
}

TEST(Signals, AConstantChannelHasAScaleThatDividesWell) {
  for (const float value : {0.0f, 1e-20f, 7.0f, -3e8f}) {
    const std::vector<float> points(16, value);
    const SignalScale scale = ScaleOf(points, std::vector<uint8_t>(16, 1));
    EXPECT_GT(scale.scale, 0);
    EXPECT_EQ(scale.Normal(value), 0);
    EXPECT_TRUE(std::isfinite(scale.Normal(value * 1.01f + 0.01f)));
  }
}

TEST(Signals, ForecastsAreAskedForAtUnknownPointsAndAnomaliesAtKnownOnes) {
  const SignalWindow window = Window(1, 32, 20);
  SignalTruth truth = TruthOf(window);
  truth.points[0][25] = kNaN;
  truth.anomaly = {std::vector<uint8_t>(32)};
  truth.anomaly[0][3] = 1;
  const SenseTargets targets = SignalTargets(window, EncodeSignals(window).value(), truth);
  float forecasts = 0, anomalies = 0;
  for (const float weight : targets[kSignalQuantiles].weights) forecasts += weight;
  for (const float weight : targets[kSignalAnomaly].weights) anomalies += weight;
  EXPECT_EQ(forecasts, 11) << "12 unknown points, one of them no number";
  EXPECT_EQ(anomalies, 20);
  EXPECT_EQ(targets[kSignalAnomaly].values[kPatchPoints + 3], 1);
}

TEST(Signals, NoiseStandsOnlyWhereNothingWasObserved) {
  const SignalWindow window = Window(1, 32, 20);
  const EncodedSignals encoded = EncodeSignals(window).value();
  SenseTokens tokens = encoded.tokens;
  SenseTargets targets = SignalTargets(window, encoded, TruthOf(window));
  AddSignalNoise(window, encoded, TruthOf(window), std::vector<float>(32, 2.0f), 0.25f, tokens, &targets);
  for (size_t i = 0; i < 32; ++i) {
    const size_t at = (1 + i / 16) * kSignalFeatures + i % 16;
    const float x = encoded.scales[0].Normal(window.channels[0].points[i]);
    if (i < 20) {
      EXPECT_EQ(tokens.features[at], encoded.tokens.features[at]);
    } else {
      EXPECT_FLOAT_EQ(tokens.features[at], 0.25f * x + 0.75f * 2.0f);
    }
  }
  EXPECT_FALSE(tokens.kept);
  EXPECT_EQ(tokens.tau[1], 1);
  EXPECT_EQ(tokens.tau[2], 0.25f);
}

TEST(Signals, RefusesWindowsThatAreNone) {
  SignalWindow window;
  EXPECT_EQ(EncodeSignals(window).error().code(), ErrorCode::kInvalidArgument);
  window = Window(1, 20, 20);
  EXPECT_NE(EncodeSignals(window).error().message().find("multiple of 16 points in a channel, found 20"), std::string::npos);
  window = Window(2, 32, 32);
  window.channels[1].observed.pop_back();
  EXPECT_EQ(EncodeSignals(window).error().code(), ErrorCode::kInvalidArgument);
  window = Window(1, 32, 32);
  window.channels[0].points[5] = kNaN;
  EXPECT_NE(EncodeSignals(window).error().message().find("point 5"), std::string::npos);
  EXPECT_EQ(EncodeSignals(Window(64, 16 * 65, 1)).error().code(), ErrorCode::kTooLarge);
}

TEST(Signals, AWindowWithoutAnyKnownPointIsEncoded) {
  const EncodedSignals encoded = EncodeSignals(Window(1, 16, 0)).value();
  EXPECT_EQ(encoded.tokens.tau[1], 0);
  EXPECT_EQ(encoded.scales[0].scale, 1);
}

TEST(Signals, ASamplersTokensAreThoseOfTraining) {
  const SignalWindow window = Window(2, 32, 20);
  const EncodedSignals encoded = EncodeSignals(window).value();
  SenseTokens trained = encoded.tokens;
  const std::vector<float> noise(64, 2.0f);
  AddSignalNoise(window, encoded, TruthOf(window), noise, 0.25f, trained, nullptr);
  NoisySegment segment = UnknownPoints(window, encoded);
  ASSERT_EQ(segment.inputs.size(), 2u * 12);
  std::vector<float> z;
  for (size_t c = 0; c < 2; ++c) {
    for (size_t i = 20; i < 32; ++i) z.push_back(MixNoise(encoded.scales[c].Normal(window.channels[c].points[i]), 2.0f, 0.25f));
  }
  segment.Put(z, 0.25f);
  EXPECT_EQ(segment.tokens.features, trained.features);
  EXPECT_EQ(segment.tokens.tau, trained.tau);
  EXPECT_FALSE(segment.tokens.kept);
}

TEST(Signals, ATrajectoryIsReadWhereThePointsAreUnknown) {
  const SignalWindow window = Window(2, 32, 31);
  const EncodedSignals encoded = EncodeSignals(window).value();
  const NoisySegment segment = UnknownPoints(window, encoded);
  std::vector<float> said(static_cast<size_t>(encoded.tokens.rows) * kPatchPoints);
  said[2 * kPatchPoints + 15] = 0.5f;  // rows: the register, two patches of a channel, two of the other
  said[4 * kPatchPoints + 15] = -1;
  EXPECT_EQ(segment.Clean(said), (std::vector<float>{0.5f, -1}));
  const auto points = WithTrajectory(window, encoded, segment.Clean(said));
  for (size_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < 31; ++i) EXPECT_EQ(points[c][i], window.channels[c].points[i]);
    EXPECT_EQ(points[c][31], encoded.scales[c].Raw(c == 0 ? 0.5f : -1));
  }
}

TEST(Signals, AForecastIsSortedAndInTheUnitOfItsChannel) {
  const SignalWindow window = Window(2, 32, 16);
  const EncodedSignals encoded = EncodeSignals(window).value();
  const size_t levels = SignalQuantiles().size();
  std::vector<float> said(static_cast<size_t>(encoded.tokens.rows) * kPatchPoints * levels);
  float* point = said.data() + (4 * kPatchPoints + 3) * levels;  // channel 1, point 16 + 3
  for (size_t level = 0; level < levels; ++level) point[level] = static_cast<float>(levels - level);
  const SignalForecast forecast = ForecastOf(window, encoded, said);
  for (size_t level = 0; level < levels; ++level) {
    EXPECT_EQ(forecast.At(1, 19, level), encoded.scales[1].Raw(static_cast<float>(level + 1)));
    EXPECT_EQ(forecast.At(0, 19, level), encoded.scales[0].location);
  }
}

}  // namespace
}  // namespace walchen::model
