// SPDX-License-Identifier: Apache-2.0
#include "model/seam.h"

#include <vector>

#include <gtest/gtest.h>

namespace walchen::model {
namespace {

constexpr PatchGrid kGrid = {.rows = 1, .columns = 2, .patch_size = 2, .channels = 1};
// The picture 1 2 | 5 6
//             3 4 | 7 8
const std::vector<float> kPatches = {1, 2, 3, 4, 5, 6, 7, 8};

TEST(Seam, APatchHasItsNeighboursAroundItAndNothingOutsideThePicture) {
  std::vector<float> rimmed(16);
  PatchWithRim(kPatches.data(), kGrid, 1, rimmed.data());
  EXPECT_EQ(rimmed, (std::vector<float>{0, 0, 0, 0, 2, 5, 6, 0, 4, 7, 8, 0, 0, 0, 0, 0}));
}

TEST(Seam, AddsTheConvolutionAcrossPatches) {
  std::vector<float> left(9), y(8, 10);
  left[3] = 2;  // row 0, column -1
  AddSeam(kPatches.data(), left.data(), kGrid, y.data());
  EXPECT_EQ(y, (std::vector<float>{10, 12, 10, 16, 14, 20, 18, 24}));
}

TEST(Seam, EveryChannelReadsAllChannels) {
  const PatchGrid grid = {.rows = 1, .columns = 1, .patch_size = 1, .channels = 2};
  const std::vector<float> x = {3, 5};
  std::vector<float> kernel(2 * 2 * 9), y(2);
  for (size_t i = 0; i < 4; ++i) kernel[i * 9 + 4] = static_cast<float>(i + 1);  // the middle taps
  AddSeam(x.data(), kernel.data(), grid, y.data());
  EXPECT_EQ(y, (std::vector<float>{1 * 3 + 2 * 5, 3 * 3 + 4 * 5}));
}

}  // namespace
}  // namespace walchen::model
