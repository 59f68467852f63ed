// SPDX-License-Identifier: Apache-2.0
//
// Which experts a token uses, and with what weights: the same code for every backend, so that they never disagree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace walchen::model {

struct RoutedExpert {
  int32_t index = 0;
  float weight = 0;
};

// The `used` highest scores (of equals the first), highest first, weighted by the softmax over all scores, or over the
// chosen ones if `normalise`. Jiang et al. 2024 (Mixtral), equation 2.
std::vector<RoutedExpert> Route(std::span<const float> scores, int used, bool normalise);

}  // namespace walchen::model
