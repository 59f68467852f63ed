// SPDX-License-Identifier: Apache-2.0
#include "model/routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace walchen::model {

std::vector<RoutedExpert> Route(std::span<const float> scores, int used, bool normalise) {
  std::vector<int32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int32_t a, int32_t b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  const float max = scores[static_cast<size_t>(order[0])];
  std::vector<RoutedExpert> chosen;
  double total = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const double weight = std::exp(double{scores[static_cast<size_t>(order[i])]} - max);
    if (i < static_cast<size_t>(used)) chosen.push_back({order[i], static_cast<float>(weight)});
    if (i < static_cast<size_t>(used) || !normalise) total += weight;
  }
  for (RoutedExpert& expert : chosen) expert.weight = static_cast<float>(expert.weight / total);
  return chosen;
}

}  // namespace walchen::model
