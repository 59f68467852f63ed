// SPDX-License-Identifier: Apache-2.0
//
// The last convolution of a predicted picture, on patches as they are: no picture is put together and taken apart again.
#pragma once

#include "model/backend.h"

namespace walchen::model {

// A patch and the pixels around it, [channel][size + 2][size + 2]; outside the picture lies 0. `x` is all patches,
// [grid.rows * grid.columns][channel][y][x].
void PatchWithRim(const float* x, const PatchGrid& grid, int64_t patch, float* rimmed);
inline int64_t RimmedValues(const PatchGrid& grid) {
  return int64_t{grid.channels} * (grid.patch_size + 2) * (grid.patch_size + 2);
}

// y += the 3x3 convolution of x. The kernel is [channel out][channel in][3][3]. Sums go through the kernel in that order,
// fused, and are then added.
void AddSeam(const float* x, const float* kernel, const PatchGrid& grid, float* y);

}  // namespace walchen::model
