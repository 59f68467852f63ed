// SPDX-License-Identifier: Apache-2.0
#include "train/global_batch.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/test_ranks.h"

namespace walchen::train {
namespace {

TEST(Lanes, AreCutEvenlyAndEachHasOneOwner) {
  for (const int lanes : {3, 4, 17, 1'048'576}) {
    for (const int world : {1, 2, 3}) {
      int next = 0;
      for (int rank = 0; rank < world; ++rank) {
        const Lanes part = LanesOf(lanes, rank, world);
        EXPECT_EQ(part.first, next);
        EXPECT_GE(part.count, lanes / world);
        EXPECT_LE(part.count, lanes / world + 1);
        next = part.first + part.count;
      }
      EXPECT_EQ(next, lanes);
    }
  }
}

// A text segment with so many targets, and a sense's with so many weights.
Batch WithTargets(int text, int weights) {
  Batch batch = {.lanes = 2};
  batch.segments.push_back({.rows = 4});
  if (text > 0) {
    batch.segments[0].targets = torch::full({2, 4}, -1, torch::kInt);
    batch.segments[0].targets.view({-1}).narrow(0, 0, text).fill_(7);
  }
  batch.segments.push_back({.sense = 0, .rows = 1});
  const torch::Tensor weight = torch::zeros({2, 1, 3});
  weight.view({-1}).narrow(0, 0, weights).fill_(0.5);
  batch.segments[1].heads.push_back({.values = torch::zeros({2, 1, 3}), .weights = weight});
  return batch;
}

TEST(GlobalBatch, CountsTargetsOverAllRanks) {
  OnRanks(2, [](Ranks& ranks) {
    const bool first = ranks.is_first();
    std::vector<Batch> batches = {WithTargets(first ? 6 : 2, first ? 0 : 3), WithTargets(first ? 0 : 5, 0)};
    ASSERT_TRUE(ShareTargets(batches, ranks));
    EXPECT_DOUBLE_EQ(batches[0].segments[0].share, first ? 0.75 : 0.25);
    EXPECT_DOUBLE_EQ(batches[0].segments[1].heads[0].share, first ? 0 : 1);
    EXPECT_DOUBLE_EQ(batches[1].segments[0].share, first ? 0 : 1);
    EXPECT_TRUE(batches[1].segments[0].targets.defined());
    EXPECT_DOUBLE_EQ(batches[1].segments[1].heads[0].share, 1);  // nobody has any
  });
}

TEST(GlobalBatch, OfOneProcessIsItsOwn) {
  Ranks alone;
  std::vector<Batch> batches = {WithTargets(0, 2)};
  ASSERT_TRUE(ShareTargets(batches, alone));
  EXPECT_EQ(batches[0].segments[0].share, 1);
  EXPECT_FALSE(batches[0].segments[0].targets.defined());
}

}  // namespace
}  // namespace walchen::train
