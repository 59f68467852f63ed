// SPDX-License-Identifier: Apache-2.0
#include "train/optimiser.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

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

}  // namespace
}  // namespace walchen::train
