// SPDX-License-Identifier: Apache-2.0
#include "train/header_cache.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace walchen::train {
namespace {

// Stands for a text stream of two layers: keys are the tokens, values their doubles.
struct Stream {
  int computed = 0;
  TorchBackend::Cache operator()(std::span<const int32_t> tokens) {
    ++computed;
    const torch::Tensor keys = torch::tensor(std::vector<int32_t>(tokens.begin(), tokens.end())).to(torch::kFloat).view({1, 1, -1, 1});
    return {{{keys, keys * 2}, {keys + 100, keys * 3}}};
  }
};

TEST(HeaderCache, GivesEachLaneItsTextAndComputesEachTextOnce) {
  HeaderCache cache;
  Stream stream;
  const std::vector<int32_t> tokens = {1, 2, 3, 4, 1, 2};
  const auto compute = [&](std::span<const int32_t> text) { return stream(text); };
  const TorchBackend::Cache first = cache.Of(tokens, 3, compute);
  EXPECT_EQ(stream.computed, 2);
  ASSERT_EQ(first.layers.size(), 2u);
  EXPECT_TRUE(torch::equal(first.layers[0].keys.flatten(), torch::tensor({1.0f, 2.0f, 3.0f, 4.0f, 1.0f, 2.0f})));
  EXPECT_TRUE(torch::equal(first.layers[1].values[1].flatten(), torch::tensor({9.0f, 12.0f})));
  const std::vector<int32_t> again = {3, 4};
  EXPECT_TRUE(torch::equal(cache.Of(again, 1, compute).layers[1].keys.flatten(), torch::tensor({103.0f, 104.0f})));
  EXPECT_EQ(stream.computed, 2);
}

TEST(HeaderCache, BeginsAnewWhereTheTextsDoNotFit) {
  HeaderCache cache(/*max_bytes=*/100);  // three texts of two tokens are 96 bytes
  Stream stream;
  for (int32_t text = 0; text < 50; ++text) {
    const std::vector<int32_t> tokens = {text, text};
    cache.Of(tokens, 1, [&](std::span<const int32_t> some) { return stream(some); });
    EXPECT_LE(cache.bytes(), 132);
  }
  EXPECT_EQ(stream.computed, 50);
}

}  // namespace
}  // namespace walchen::train
