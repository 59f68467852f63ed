// SPDX-License-Identifier: Apache-2.0
#include "train/loss.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace walchen::train {
namespace {

using model::Head;
using Kind = model::HeadLoss;

// Central differences of `loss` at x, in doubles.
torch::Tensor FiniteDifferences(const std::function<torch::Tensor(torch::Tensor)>& loss, const torch::Tensor& x) {
  torch::Tensor gradient = torch::zeros_like(x);
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < x.numel(); ++i) {
    torch::Tensor up = x.clone(), down = x.clone();
    up.view({-1})[i] += kStep;
    down.view({-1})[i] -= kStep;
    gradient.view({-1})[i] = (loss(up) - loss(down)) / (2 * kStep);
  }
  return gradient;
}

void ExpectGradient(const std::function<torch::Tensor(torch::Tensor)>& loss, torch::Tensor x) {
  x.requires_grad_(true);
  loss(x).backward();
  const torch::Tensor expected = FiniteDifferences(loss, x.detach());
  EXPECT_TRUE(torch::allclose(x.grad(), expected, 1e-5, 1e-7)) << (x.grad() - expected).abs().max();
}

torch::Tensor Numbers(std::vector<int64_t> shape) {
  torch::manual_seed(1);
  return torch::randn(shape, torch::kDouble);
}

TEST(Losses, HaveTheGradientsOfFiniteDifferences) {
  const torch::Tensor weights = (Numbers({2, 3, 4}) > -0.5).to(torch::kDouble) * 3;
  const Head flow = {.name = "x", .loss = Kind::kFlow, .values = 4};
  ExpectGradient([&](torch::Tensor x) { return HeadLoss(flow, x, Numbers({2, 3, 4}) + 1, weights); }, Numbers({2, 3, 4}));
  const Head logit = {.name = "p", .loss = Kind::kLogit, .values = 4};
  const torch::Tensor marks = (Numbers({2, 3, 4}) > 0).to(torch::kDouble);
  ExpectGradient([&](torch::Tensor x) { return HeadLoss(logit, x, marks, weights); }, Numbers({2, 3, 4}));
  const Head quantiles = {.name = "q", .loss = Kind::kQuantiles, .values = 4, .levels = {0.1f, 0.5f, 0.9f}};
  ExpectGradient([&](torch::Tensor x) { return HeadLoss(quantiles, x, Numbers({2, 3, 4}), weights); }, Numbers({2, 3, 12}));
  const torch::Tensor targets = torch::tensor({{1, -1, 4}, {0, 2, -1}}, torch::kInt);
  const torch::Tensor gain = Numbers({4}), head = Numbers({5, 4});
  ExpectGradient([&](torch::Tensor x) { return TextLoss(x, gain, 1e-5, head, targets); }, Numbers({2, 3, 4}) + 1);
}

TEST(Losses, CountOnlyWhatHasWeight) {
  const Head flow = {.name = "x", .loss = Kind::kFlow, .values = 2};
  const torch::Tensor outputs = torch::tensor({{{1.0f, 5.0f}}}), values = torch::tensor({{{3.0f, 0.0f}}});
  const torch::Tensor weights = torch::tensor({{{2.0f, 0.0f}}});
  EXPECT_FLOAT_EQ(HeadLoss(flow, outputs, values, weights).item<float>(), 8);
  EXPECT_EQ(HeadLoss(flow, outputs, values, torch::zeros_like(weights)).item<float>(), 0);
}

TEST(Losses, ThePinballIsLeastAtTheQuantile) {
  const Head head = {.name = "q", .loss = Kind::kQuantiles, .values = 1, .levels = {0.9f}};
  const torch::Tensor values = torch::arange(0, 101, torch::kFloat).view({1, 101, 1}), weights = torch::ones_like(values);
  const auto at = [&](float x) { return HeadLoss(head, torch::full({1, 101, 1}, x), values, weights).item<float>(); };
  EXPECT_LT(at(90), at(89));
  EXPECT_LT(at(90), at(91));
}

TEST(Losses, TextIsInNatsPerTarget) {
  const torch::Tensor targets = torch::tensor({{2, -1}}, torch::kInt);
  const torch::Tensor states = torch::ones({1, 2, 4}), gain = torch::ones({4}), head = torch::zeros({8, 4});
  EXPECT_NEAR(TextLoss(states, gain, 1e-5, head, targets).item<float>(), std::log(8.0f), 1e-6);
}

TEST(Losses, AFlowLossIsToldByTau) {
  const torch::Tensor values = torch::zeros({1, 4, 2}), outputs = torch::ones({1, 4, 2});
  torch::Tensor weights = torch::zeros({1, 4, 2});
  weights[0][0] = model::FlowWeight(0.1f);
  weights[0][1] = model::FlowWeight(0.6f);
  weights[0][2][0] = model::FlowWeight(0.74f);
  weights[0][3] = model::FlowWeight(1.0f);
  LossByTau quarters = FlowLossByTau(outputs, values, weights);
  quarters.Add(quarters);  // the means stay
  const std::vector<double> loss = quarters.Means();
  ASSERT_EQ(loss.size(), 4u);
  EXPECT_NEAR(loss[0], model::FlowWeight(0.1f), 1e-5);
  EXPECT_TRUE(std::isnan(loss[1]));
  EXPECT_NEAR(loss[2], (2 * model::FlowWeight(0.6f) + model::FlowWeight(0.74f)) / 3, 1e-4);
  EXPECT_NEAR(loss[3], 400, 1e-2);
}

}  // namespace
}  // namespace walchen::train
