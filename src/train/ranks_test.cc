// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <future>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/test_ranks.h"

namespace walchen::train {
namespace {

TEST(Ranks, OfOneProcessDoNothing) {
  Ranks alone;
  double number = 3;
  ASSERT_TRUE(alone.Sum(std::span(&number, 1)));
  EXPECT_EQ(number, 3);
  EXPECT_EQ(alone.FromFirst(7).value(), 7);
  const torch::Tensor tensor = torch::ones({2});
  EXPECT_TRUE(alone.SumAt(0, {tensor}) && alone.Spread(0, {tensor}) && alone.Collect(0, {tensor}) && alone.Wait());
  alone.Leave();
  EXPECT_TRUE(torch::equal(tensor, torch::ones({2})));
  EXPECT_EQ(alone.on_these_cpus(), 1);
}

TEST(Ranks, SumSpreadAndCollect) {
  OnRanks(3, [](Ranks& ranks) {
    const int rank = ranks.rank();
    std::vector<double> numbers = {1, static_cast<double>(rank)};
    ASSERT_TRUE(ranks.Sum(numbers));
    EXPECT_EQ(numbers, (std::vector<double>{3, 3}));
    EXPECT_EQ(ranks.FromFirst(10 + rank).value(), 10);
    EXPECT_TRUE(ranks.SameAsFirst("a").value());
    EXPECT_EQ(ranks.SameAsFirst(rank < 2 ? "a" : "b").value(), rank < 2);
    EXPECT_EQ(ranks.on_these_cpus(), 3);
    const auto filled = [&](double value) {
      return std::vector<torch::Tensor>{torch::full({2, 3}, value), torch::full({5}, value)};
    };
    const std::vector<torch::Tensor> sums = filled(rank + 1);
    ASSERT_TRUE(ranks.SumAt(1, sums));
    EXPECT_TRUE(rank != 1 || (torch::equal(sums[0], torch::full({2, 3}, 6.0)) && torch::equal(sums[1], torch::full({5}, 6.0))));
    const std::vector<torch::Tensor> spread = filled(rank);
    ASSERT_TRUE(ranks.Spread(2, spread));
    EXPECT_TRUE(torch::equal(spread[1], torch::full({5}, 2.0)));
    const std::vector<torch::Tensor> collected = filled(rank);
    ASSERT_TRUE(ranks.Collect(2, collected));
    EXPECT_TRUE(torch::equal(collected[0], torch::full({2, 3}, rank == 0 ? 2.0 : rank)));
    EXPECT_TRUE(ranks.Wait());
  });
}

TEST(Ranks, CutWhatIsLargeIntoBuckets) {
  OnRanks(2, [](Ranks& ranks) {
    // 3 x 12 MB go in two, 40 MB in one of its own; the last one does not lie in a row.
    std::vector<torch::Tensor> tensors;
    for (int i = 0; i < 3; ++i) tensors.push_back(torch::full({3 << 20}, i + 1.0));
    tensors.push_back(torch::full({10 << 20}, 4.0));
    tensors.push_back(torch::full({3, 4}, 5.0).t());
    ASSERT_FALSE(tensors.back().is_contiguous());
    ASSERT_TRUE(ranks.SumAt(0, tensors));
    if (!ranks.is_first()) return;
    for (size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_TRUE(torch::equal(tensors[i], torch::full(tensors[i].sizes(), 2.0 * (static_cast<double>(i) + 1)))) << i;
    }
  });
}

TEST(Ranks, SayWhoIsLeftWhenOneGoes) {
  OnRanks(2, [](Ranks& ranks) {
    ranks.set_advice("Go on with --resume");
    if (!ranks.is_first()) return;  // without leave
    double number = 1;
    const auto sum = ranks.Sum(std::span(&number, 1));
    ASSERT_FALSE(sum);
    EXPECT_EQ(sum.error().code(), ErrorCode::kUnavailable);
    EXPECT_TRUE(sum.error().message().starts_with("rank 0 of 2: another process"));
    EXPECT_TRUE(sum.error().message().ends_with("Go on with --resume"));
  }, Leaving::kWithout);
}

TEST(Ranks, AreToldOfALossWhileTheyCompute) {
  std::promise<std::string> told;
  OnRanks(2, [&](Ranks& ranks) {
    if (!ranks.is_first()) return;
    EXPECT_EQ(told.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  }, Leaving::kWithout, [&](const Error& error) { told.set_value(error.message()); });
}

TEST(Ranks, DoNotWaitForEver) {
  const RankPlace place = {.rank = 0, .world = 2, .local_rank = 0, .address = "127.0.0.1", .port = FreePort()};
  Ranks::Patience patience;
  patience.to_join = std::chrono::seconds(1);
  const auto ranks = Ranks::Join(place, [](const Error&) {}, patience);
  ASSERT_FALSE(ranks);
  EXPECT_EQ(ranks.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(ranks.error().message().find("rank 0 of 2: expected to meet the others at 127.0.0.1:"), std::string::npos);
}

}  // namespace
}  // namespace walchen::train
