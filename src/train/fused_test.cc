// SPDX-License-Identifier: Apache-2.0
//
// Each fused operation, its value and its gradients, against torch's own operations in doubles.
#include "train/fused.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/product.h"

namespace walchen::train {
namespace {

using Tensors = std::vector<torch::Tensor>;

torch::Tensor Numbers(std::vector<int64_t> shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape, torch::kFloat);
}

// The values of f and the gradients of their sum, weighted by fixed numbers, with respect to every input.
Tensors ValuesAndGradients(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs, torch::ScalarType type) {
  Tensors leaves, all;
  for (const torch::Tensor& input : inputs) leaves.push_back(input.detach().to(type).clone().requires_grad_(true));
  torch::Tensor sum = torch::zeros({}, type);
  for (const torch::Tensor& y : f(leaves)) {
    sum = sum + (y * Numbers(y.sizes().vec(), 9).to(type)).sum();
    all.push_back(y.detach());
  }
  sum.backward();
  for (const torch::Tensor& leaf : leaves) all.push_back(leaf.grad());
  return all;
}

void ExpectTorchs(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs, double tolerance = 2e-6) {
  const Tensors fused = ValuesAndGradients(f, inputs, torch::kFloat), expected = ValuesAndGradients(f, inputs, torch::kDouble);
  for (size_t i = 0; i < fused.size(); ++i) {
    const torch::Tensor error = (fused[i].to(torch::kDouble) - expected[i]).abs().max();
    EXPECT_LT(error.item<double>(), tolerance * std::max(1.0, expected[i].abs().max().item<double>())) << "output or gradient " << i;
  }
}

TEST(Fused, ProductsAreTorchs) {
  const auto with_bias = [](const Tensors& x) { return Tensors{Product(x[0], x[1], x[2])}; };
  ExpectTorchs(with_bias, {Numbers({2, 35, 48}, 1), Numbers({33, 48}, 2), Numbers({33}, 3)});
  ExpectTorchs([](const Tensors& x) { return Tensors{Product(x[0], x[1])}; }, {Numbers({1, 7}, 1), Numbers({5, 7}, 2)});
}

TEST(Fused, ProductsInShortFloatsAreNearTheOthers) {
  const torch::Tensor x = Numbers({40, 64}, 1), w = Numbers({24, 64}, 2);
  SetProductType(torch::kBFloat16);
  const torch::Tensor rounded = MatrixProduct(x, w);
  SetProductType(torch::kFloat);
  EXPECT_EQ(rounded.scalar_type(), torch::kFloat);
  // Eight bits a factor, 64 of them: errors of sqrt(64) / 256 and the product's own rounding.
  const torch::Tensor error = (rounded - torch::mm(x, w.t())).abs().max();
  EXPECT_LT(error.item<float>(), 0.2);
  EXPECT_GT(error.item<float>(), 0);
}

TEST(Fused, NormsAreTorchs) {
  const auto norm = [](const Tensors& x) { return Tensors{RmsNorm(x[0], x[1], 1e-5)}; };
  for (const int64_t rows : {1, 31, 32, 77}) ExpectTorchs(norm, {Numbers({2, rows, 50}, 1), Numbers({50}, 2)});
  ExpectTorchs([](const Tensors& x) { return Tensors{RmsNorm(x[0].transpose(0, 1), x[1], 1e-5)}; },
               {Numbers({50, 40}, 1), Numbers({50}, 2)});
}

TEST(Fused, GatesAreTorchs) {
  const auto gate = [](const Tensors& x) { return Tensors{GatedSilu(x[0])}; };
  for (const int64_t rows : {1, 33, 70}) ExpectTorchs(gate, {Numbers({2, rows, 46}, 4) * 3});
}

TEST(Fused, SplitHeadsAreTorchs) {
  const model::AttentionShape shape = {.heads = 3, .kv_heads = 1, .head_size = 20, .norm_epsilon = 1e-5f};
  const torch::Tensor angles = Numbers({37, 10}, 5) * 3;
  const auto split = [&](const torch::Tensor& qkv, const torch::Tensor& q_norm, const torch::Tensor& k_norm) {
    const Heads heads = SplitHeads(qkv, shape, q_norm, k_norm, angles.cos().to(qkv.scalar_type()), angles.sin().to(qkv.scalar_type()));
    return Tensors{heads.q, heads.k, heads.v};
  };
  ExpectTorchs([&](const Tensors& x) { return split(x[0], {}, {}); }, {Numbers({2, 37, 100}, 6)});
  ExpectTorchs([&](const Tensors& x) { return split(x[0], x[1], x[2]); }, {Numbers({2, 37, 100}, 6), Numbers({20}, 7), Numbers({20}, 8)});
}

TEST(Fused, TheVocabularysLossIsTorchs) {
  const torch::Tensor targets = torch::randint(0, 300'000, {30}, torch::kLong);
  // 300,000 words are 14 rows at a time: three pieces, the last one short.
  const auto loss = [&](const Tensors& x) { return Tensors{VocabularyLoss(x[0], x[1], targets)}; };
  ExpectTorchs(loss, {Numbers({30, 6}, 1), Numbers({300'000, 6}, 2)}, 1e-5);
}

TEST(Fused, TheVocabularysLossIsNoNumberWhereALogitIsNone) {
  torch::Tensor states = Numbers({3, 4}, 1);
  states[1][2] = std::numeric_limits<float>::infinity();
  const torch::Tensor loss = VocabularyLoss(states, Numbers({7, 4}, 2), torch::zeros({3}, torch::kLong));
  EXPECT_FALSE(std::isfinite(loss.item<float>()));
}

TEST(Fused, TheNumberOfThreadsChangesNothing) {
  const auto all = [](const Tensors& x) { return Tensors{RmsNorm(x[0], x[1], 1e-5), GatedSilu(x[0])}; };
  const Tensors inputs = {Numbers({500, 64}, 1), Numbers({64}, 2)};
  const int threads = torch::get_num_threads();
  torch::set_num_threads(1);
  const Tensors one = ValuesAndGradients(all, inputs, torch::kFloat);
  torch::set_num_threads(3);
  const Tensors three = ValuesAndGradients(all, inputs, torch::kFloat);
  torch::set_num_threads(threads);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

}  // namespace
}  // namespace walchen::train
