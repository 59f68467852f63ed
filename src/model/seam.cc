// SPDX-License-Identifier: Apache-2.0
#include "model/seam.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace walchen::model {
namespace {

// 0 outside the picture.
float PixelAt(const float* x, const PatchGrid& grid, int channel, int row, int column) {
  const int size = grid.patch_size;
  if (row < 0 || column < 0 || row >= grid.rows * size || column >= grid.columns * size) return 0;
  const int64_t patch = int64_t{row / size} * grid.columns + column / size;
  return x[patch * grid.values() + (channel * size + row % size) * size + column % size];
}

}  // namespace

void PatchWithRim(const float* x, const PatchGrid& grid, int64_t patch, float* rimmed) {
  const int size = grid.patch_size, width = size + 2;
  const int top = static_cast<int>(patch / grid.columns) * size, left = static_cast<int>(patch % grid.columns) * size;
  for (int channel = 0; channel < grid.channels; ++channel) {
    for (int row = -1; row <= size; ++row, rimmed += width) {
      if (row >= 0 && row < size) {
        rimmed[0] = PixelAt(x, grid, channel, top + row, left - 1);
        std::copy_n(x + patch * grid.values() + (channel * size + row) * size, size, rimmed + 1);
        rimmed[size + 1] = PixelAt(x, grid, channel, top + row, left + size);
        continue;
      }
      for (int column = -1; column <= size; ++column) {
        rimmed[column + 1] = PixelAt(x, grid, channel, top + row, left + column);
      }
    }
  }
}

void AddSeam(const float* x, const float* kernel, const PatchGrid& grid, float* y) {
  const int size = grid.patch_size, width = size + 2;
  std::vector<float> rimmed(static_cast<size_t>(RimmedValues(grid)));
  for (int64_t patch = 0; patch < int64_t{grid.rows} * grid.columns; ++patch) {
    PatchWithRim(x, grid, patch, rimmed.data());
    for (int out = 0; out < grid.channels; ++out) {
      for (int pixel = 0; pixel < size * size; ++pixel, ++y) {
        float sum = 0;
        for (int tap = 0; tap < grid.channels * 9; ++tap) {
          const int64_t in = tap / 9, row = pixel / size + tap % 9 / 3, column = pixel % size + tap % 3;
          const int64_t at = (in * width + row) * width + column;
          sum = std::fma(kernel[out * grid.channels * 9 + tap], rimmed[static_cast<size_t>(at)], sum);
        }
        *y += sum;
      }
    }
  }
}

}  // namespace walchen::model
