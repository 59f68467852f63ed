// SPDX-License-Identifier: Apache-2.0
#include "train/optimiser.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/test_ranks.h"

namespace walchen::train {
namespace {

Parameter Make(const std::string& name, torch::Tensor value) {
  return {.parts = {{name, value.dim() == 2 ? value.size(0) : 1, {}}}, .value = value.requires_grad_(true), .trained = true};
}

TEST(Muon, MakesSingularValuesNearOne) {
  torch::manual_seed(2);
  for (const auto& [rows, columns] : {std::pair(16, 48), std::pair(48, 16), std::pair(32, 32)}) {
    const torch::Tensor singular = torch::linalg_svdvals(Orthogonal(torch::randn({rows, columns}) * 100));
    EXPECT_GT(singular.min().item<float>(), 0.3f) << rows;
    EXPECT_LT(singular.max().item<float>(), 1.3f) << rows;
  }
}

TEST(Muon, TreatsFusedMatricesOneByOne) {
  torch::manual_seed(3);
  const torch::Tensor gradient = torch::randn({24, 16});
  Parameter fused = {.parts = {{"blk.0.attn_q.weight", 16, {}}, {"blk.0.attn_k.weight", 8, {}}},
                     .value = torch::zeros({24, 16}).requires_grad_(true), .trained = true};
  std::vector<Parameter> parameters = {fused};
  runs::OptimiserPlan plan;
  Optimiser optimiser(parameters, plan);
  parameters[0].value.mutable_grad() = gradient;
  optimiser.Step(1, 1);
  const torch::Tensor moved = -parameters[0].value.detach() / plan.muon_rate;
  EXPECT_TRUE(torch::allclose(moved.narrow(0, 16, 8), Orthogonal(gradient.narrow(0, 16, 8)), 1e-3, 1e-3));
}

TEST(Adam, TakesTheStepsOfLibtorch) {
  torch::manual_seed(4);
  const torch::Tensor start = torch::randn({7, 5});
  std::vector<Parameter> parameters = {Make("sense.x.input.weight", start.clone())};
  runs::OptimiserPlan plan;
  plan.adam_rate = 0.01;
  plan.clip_norm = 0;
  Optimiser ours(parameters, plan);
  torch::Tensor theirs = start.clone().requires_grad_(true);
  torch::optim::Adam adam({theirs}, torch::optim::AdamOptions(0.01).betas({plan.beta1, plan.beta2}).eps(plan.epsilon));
  for (int step = 0; step < 5; ++step) {
    const torch::Tensor gradient = torch::randn({7, 5});
    parameters[0].value.mutable_grad() = gradient;
    theirs.mutable_grad() = gradient;
    ours.Step(1, 1);
    adam.step();
  }
  EXPECT_TRUE(torch::allclose(parameters[0].value, theirs, 1e-4, 1e-6));
}

TEST(Optimiser, ClipsAveragesAndLeavesTheUntrainedAlone) {
  std::vector<Parameter> parameters = {Make("a", torch::ones({4})), Make("b", torch::ones({4}))};
  parameters[1].trained = false;
  Optimiser optimiser(parameters, runs::OptimiserPlan{});
  parameters[0].value.mutable_grad() = torch::full({4}, 1e6f);
  EXPECT_NEAR(optimiser.GradientNorm(), 2e6, 1);
  optimiser.Step(optimiser.GradientNorm(), 1);
  EXPECT_TRUE(torch::equal(parameters[1].value, torch::ones({4})));
  const float now = parameters[0].value[0].item<float>(), average = optimiser.Average(parameters[0])[0].item<float>();
  EXPECT_LT(now, 1);
  EXPECT_GT(average, now);
  EXPECT_LT(average, 1);
  EXPECT_EQ(optimiser.trained_values(), 4);
}

TEST(Owners, HaveAboutTheSameToDo) {
  EXPECT_EQ(OwnersOf(std::vector<double>{1, 5, 3, 3}, 1), (std::vector<int>{0, 0, 0, 0}));
  EXPECT_EQ(OwnersOf(std::vector<double>{1, 5, 3, 3}, 2), (std::vector<int>{0, 0, 1, 1}));
  EXPECT_EQ(OwnersOf(std::vector<double>{2}, 3), (std::vector<int>{0}));
  std::vector<double> costs, loads(7);
  for (int i = 0; i < 200; ++i) costs.push_back(1 + i * i % 97);
  const std::vector<int> owners = OwnersOf(costs, 7);
  for (size_t i = 0; i < costs.size(); ++i) loads[static_cast<size_t>(owners[i])] += costs[i];
  EXPECT_LT(*std::ranges::max_element(loads), 1.05 * *std::ranges::min_element(loads));
}

// Some of each kind.
std::vector<Parameter> Several() {
  const auto ones = [](std::vector<int64_t> shape) { return torch::ones(shape); };
  return {Make("token_embd.weight", ones({9, 6})), Make("blk.0.attn_q.weight", ones({6, 6})), Make("output_norm.weight", ones({6})),
          Make("blk.0.ffn_down.weight", ones({6, 8})), Make("blk.1.ffn_down.weight", ones({6, 8}))};
}

TEST(Optimiser, OfSeveralRanksTakesTheStepsOfOne) {
  constexpr int kSteps = 3;
  constexpr size_t kReached = 4;  // no loss reaches the last one
  const runs::OptimiserPlan plan;
  std::vector<Parameter> expected = Several();
  torch::manual_seed(5);
  std::vector<std::vector<torch::Tensor>> gradients(kSteps);
  Optimiser one(expected, plan);
  for (std::vector<torch::Tensor>& of_step : gradients) {
    for (size_t i = 0; i < kReached; ++i) {
      of_step.push_back(torch::randn(expected[i].value.sizes()));
      expected[i].value.mutable_grad() = of_step[i].clone();
    }
    one.Step(one.GradientNorm(), 1);
  }
  OnRanks(2, [&](Ranks& ranks) {
    std::vector<Parameter> parameters = Several();
    Optimiser optimiser(parameters, plan, ranks.rank(), ranks.world());
    const size_t here = optimiser.state().size();
    EXPECT_LT(here, one.state().size());
    for (const std::vector<torch::Tensor>& of_step : gradients) {
      optimiser.ClearGradients();
      // The first one has its whole gradient at rank 1, the others a half at each.
      for (size_t i = ranks.is_first() ? 1 : 0; i < kReached; ++i) {
        parameters[i].value.mutable_grad() = of_step[i] * (i == 0 ? 1 : 0.5);
      }
      ASSERT_TRUE(optimiser.SumGradients(ranks));
      double squares = std::pow(optimiser.GradientNorm(), 2);
      ASSERT_TRUE(ranks.Sum(std::span(&squares, 1)));
      optimiser.Step(std::sqrt(squares), 1);
      ASSERT_TRUE(optimiser.SpreadValues(ranks));
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      EXPECT_TRUE(torch::allclose(parameters[i].value, expected[i].value, 1e-5, 1e-6)) << i;
    }
    ASSERT_TRUE(optimiser.GatherState(ranks));
    if (ranks.is_first()) {
      const auto whole = one.state(), gathered = optimiser.state();
      ASSERT_EQ(gathered.size(), whole.size());
      for (size_t i = 0; i < whole.size(); ++i) {
        EXPECT_EQ(gathered[i].first, whole[i].first);
        EXPECT_TRUE(torch::allclose(gathered[i].second, whole[i].second, 1e-5, 1e-6)) << whole[i].first;
      }
    }
    optimiser.ReleaseState();
    EXPECT_EQ(optimiser.state().size(), here);
  });
}

}  // namespace
}  // namespace walchen::train
