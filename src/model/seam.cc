// SPDX-License-Identifier: Apache-2.0
#include "model/seam.h"

#include <cmath>

namespace walchen::model {
namespace {

// The place of a pixel in the patches; -1 outside the picture.
int64_t PlaceOf(const PatchGrid& grid, int channel, int y, int x) {
  const int size = grid.patch_size;
  if (y < 0 || x < 0 || y >= grid.rows * size || x >= grid.columns * size) return -1;
  const int64_t patch = int64_t{y / size} * grid.columns + x / size;
  return patch * grid.values() + (channel * size + y % size) * size + x % size;
}

float Convolve(const float* x, const float* kernel, const PatchGrid& grid, int row, int column) {
  float sum = 0;
  for (int channel = 0; channel < grid.channels; ++channel) {
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const int64_t place = PlaceOf(grid, channel, row + dy, column + dx);
        if (place >= 0) sum = std::fma(kernel[channel * 9 + (dy + 1) * 3 + dx + 1], x[place], sum);
      }
    }
  }
  return sum;
}

}  // namespace

void AddSeam(const float* x, const float* kernel, const PatchGrid& grid, int64_t first, int64_t last, float* y) {
  const int size = grid.patch_size;
  for (int64_t patch = first; patch < last; ++patch) {
    const int top = static_cast<int>(patch / grid.columns) * size, left = static_cast<int>(patch % grid.columns) * size;
    float* out = y + patch * grid.values();
    for (int channel = 0; channel < grid.channels; ++channel) {
      for (int i = 0; i < size * size; ++i) {
        out[channel * size * size + i] += Convolve(x, kernel + channel * grid.channels * 9, grid, top + i / size, left + i % size);
      }
    }
  }
}

}  // namespace walchen::model
