// SPDX-License-Identifier: Apache-2.0
#include "shards/epoch_order.h"

#include <set>

#include <gtest/gtest.h>

namespace walchen::shards {
namespace {

TEST(EpochOrder, TakesEachItemOncePerEpochAndFindsItAgain) {
  for (const uint64_t count : {1u, 2u, 3u, 10u, 97u, 360u}) {
    const EpochOrder order(7, count);
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      std::set<uint64_t> seen;
      for (uint64_t place = 0; place < count; ++place) {
        const uint64_t index = epoch * count + place, item = order.ItemAt(index);
        EXPECT_LT(item, count);
        seen.insert(item);
        EXPECT_EQ(order.IndexOf(item, epoch), index) << "item " << item << " of " << count;
      }
      EXPECT_EQ(seen.size(), count);
    }
  }
}

TEST(EpochOrder, DependsOnSeedAndEpoch) {
  const auto first_ten = [](uint64_t seed, uint64_t epoch) {
    std::vector<uint64_t> items;
    for (uint64_t place = 0; place < 10; ++place) items.push_back(EpochOrder(seed, 1'000).ItemAt(epoch * 1'000 + place));
    return items;
  };
  EXPECT_NE(first_ten(1, 0), first_ten(1, 1));
  EXPECT_NE(first_ten(1, 0), first_ten(2, 0));
  EXPECT_EQ(first_ten(1, 2), first_ten(1, 2));
}

TEST(EpochOrder, HoldsForNumbersThatNoMemoryHolds) {
  const uint64_t count = (uint64_t{1} << 40) - 87;
  const EpochOrder order(3, count);
  for (const uint64_t index : {uint64_t{0}, uint64_t{1}, count / 2, count - 1}) EXPECT_EQ(order.IndexOf(order.ItemAt(index), 0), index);
}

}  // namespace
}  // namespace walchen::shards
