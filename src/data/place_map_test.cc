// SPDX-License-Identifier: Apache-2.0
#include "data/place_map.h"

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

TEST(PlaceMap, IsTheIdentityWithoutChanges) {
  PlaceMap map;
  map.Append({});
  EXPECT_TRUE(map.identity());
  EXPECT_EQ(map.ToSource(17), 17);
  EXPECT_EQ(map.ToResult(17), 17);
}

TEST(PlaceMap, FollowsDeletionsInsertionsAndReplacements) {
  ChangeList pass;        // "ab--cd" -> "abcd", then "cd" -> "cXYd"
  pass.Add(2, 2, 0);
  pass.Add(5, 0, 2);
  PlaceMap map;
  map.Append(pass);
  EXPECT_EQ(map.ToSource(1), 1);
  EXPECT_EQ(map.ToSource(2), 4);  // c
  EXPECT_EQ(map.ToSource(3), 5);  // X
  EXPECT_EQ(map.ToSource(5), 5);  // d
  EXPECT_EQ(map.ToResult(4), 2);
  EXPECT_EQ(map.ToResult(3), 2);  // what was deleted stands where the text behind it begins
  EXPECT_EQ(map.ToResult(6), 6);  // the end
  EXPECT_EQ(map.ToSource(6), 6);
}

TEST(PlaceMap, PutsPassesBehindEachOther) {
  PlaceMap map;
  ChangeList first;
  first.Add(0, 3, 0);
  ChangeList second;
  second.Add(4, 2, 5);
  map.Append(first);
  map.Append(second);
  EXPECT_EQ(map.ToResult(9), 9);
  EXPECT_EQ(map.ToSource(9), 9);
  EXPECT_EQ(map.ToSource(4), 7);
  EXPECT_EQ(map.ToResult(8), 4);
}

}  // namespace
}  // namespace walchen::data
