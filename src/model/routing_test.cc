// SPDX-License-Identifier: Apache-2.0
#include "model/routing.h"

#include <cmath>

namespace walchen::model {
namespace {

std::vector<int32_t> Indices(const std::vector<RoutedExpert>& routed) {
  std::vector<int32_t> indices;
  for (const RoutedExpert& expert : routed) indices.push_back(expert.index);
  return indices;
}

TEST(Route, TakesTheHighestScoresFirst) {
  const std::vector<float> scores = {0.5f, -1.0f, 3.0f, 2.0f};
  EXPECT_EQ(Indices(Route(scores, 1, true)), (std::vector<int32_t>{2}));
  EXPECT_EQ(Indices(Route(scores, 3, true)), (std::vector<int32_t>{2, 3, 0}));
  EXPECT_EQ(Indices(Route(scores, 4, true)), (std::vector<int32_t>{2, 3, 0, 1}));
}

TEST(Route, TakesTheFirstOfEquals) {
  const std::vector<float> scores = {1.0f, 2.0f, 2.0f, 1.0f, 2.0f};
  EXPECT_EQ(Indices(Route(scores, 4, true)), (std::vector<int32_t>{1, 2, 4, 0}));
}

TEST(Route, WeighsByTheSoftmaxOverTheChosen) {
  const std::vector<float> scores = {1.0f, 0.0f, 2.5f};
  const auto routed = Route(scores, 2, true);
  const double total = std::exp(2.5) + std::exp(1.0);
  EXPECT_NEAR(routed[0].weight, std::exp(2.5) / total, 1e-7);
  EXPECT_NEAR(routed[1].weight, std::exp(1.0) / total, 1e-7);
}

TEST(Route, WeighsByTheSoftmaxOverAllIfNotNormalised) {
  const std::vector<float> scores = {1.0f, 0.0f, 2.5f};
  const auto routed = Route(scores, 2, false);
  const double total = std::exp(2.5) + std::exp(1.0) + 1;
  EXPECT_NEAR(routed[0].weight, std::exp(2.5) / total, 1e-7);
  EXPECT_NEAR(routed[1].weight, std::exp(1.0) / total, 1e-7);
}

TEST(Route, StaysFiniteForLargeScores) {
  const std::vector<float> scores = {3e38f, -3e38f, 2e38f};
  for (const bool normalise : {false, true}) {
    const auto routed = Route(scores, 2, normalise);
    EXPECT_EQ(routed[0].weight, 1.0f);
    EXPECT_EQ(routed[1].weight, 0.0f);
  }
}

}  // namespace
}  // namespace walchen::model
