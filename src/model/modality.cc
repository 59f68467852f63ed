// SPDX-License-Identifier: Apache-2.0
#include "model/modality.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/motion.h"
#include "model/signals.h"
#include "model/vision.h"

namespace walchen::model {

std::span<const Modality> Modalities() {
  static const std::vector<Modality> all = {SignalsModality(), VisionModality(), MotionModality()};
  return all;
}

Result<const Modality*> FindModality(std::string_view name) {
  std::string known;
  for (const Modality& modality : Modalities()) {
    if (modality.name == name) return &modality;
    known += (known.empty() ? "" : ", ") + modality.name;
  }
  return Fail(ErrorCode::kNotFound, "there is no modality \"{}\"; there are {}", name, known);
}

void NoisySegment::Put(std::span<const float> z, float tau) {
  CHECK(z.size() == inputs.size());
  const size_t width = tokens.features.size() / static_cast<size_t>(tokens.rows);
  for (size_t i = 0; i < z.size(); ++i) {
    tokens.features[inputs[i]] = z[i];
    tokens.tau[inputs[i] / width] = tau;
  }
  tokens.kept = tau == 1;
}

std::vector<float> NoisySegment::Clean(std::span<const float> head_outputs) const {
  std::vector<float> x;
  x.reserve(outputs.size());
  for (const size_t place : outputs) x.push_back(head_outputs[place]);
  return x;
}

std::vector<float> TauFeatures(std::span<const float> tau) {
  constexpr size_t kFrequencies = kTauFeatures / 2;
  // From 1000 radians over the range of tau down to 0.1.
  static const std::array<double, kFrequencies> slower = [] {
    std::array<double, kFrequencies> all;
    for (size_t i = 0; i < kFrequencies; ++i) all[i] = std::pow(10'000.0, -static_cast<double>(i) / static_cast<double>(kFrequencies));
    return all;
  }();
  std::vector<float> features;
  features.reserve(tau.size() * kTauFeatures);
  std::array<float, kTauFeatures> row;
  for (size_t t = 0; t < tau.size(); ++t) {
    // The tokens of a segment mostly have one level.
    for (size_t i = 0; i < kFrequencies && (t == 0 || tau[t] != tau[t - 1]); ++i) {
      const double angle = 1000.0 * tau[t] * slower[i];
      row[i] = static_cast<float>(std::sin(angle));
      row[kFrequencies + i] = static_cast<float>(std::cos(angle));
    }
    features.insert(features.end(), row.begin(), row.end());
  }
  return features;
}

float FlowWeight(float tau) {
  const float noise = std::max(1 - tau, kSmallestNoise);
  return 1 / (noise * noise);
}

}  // namespace walchen::model
