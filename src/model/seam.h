// SPDX-License-Identifier: Apache-2.0
//
// The last convolution of a predicted picture, on patches as they are: no picture is put together and taken apart again.
#pragma once

#include "model/backend.h"

namespace walchen::model {

// y += the 3x3 convolution of x, both [grid.rows * grid.columns][channel][y][x]; outside the picture lies 0. The kernel is
// [channel out][channel in][3][3]. Sums go through the kernel in that order, fused; the pixels of the patches
// [first, last) are written.
void AddSeam(const float* x, const float* kernel, const PatchGrid& grid, int64_t first, int64_t last, float* y);

}  // namespace walchen::model
