// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of the reference backend, on plain pointers. Each function has a float form (sums in double, the best
// answer there is) and an exact form (the kernels' roundings, sums in the kernels' order).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/backend.h"

namespace walchen::model {

// 16 running sums, added up as the kernels do: lane i with i + 8, then i + 4, i + 2, i + 1.
struct Lanes {
  std::array<float, 16> lane{};
  float Sum() const;
};

// e^x by the polynomial of tensor/kernels/elementwise-inl.h, operation for operation.
float ExactExp(float x);

// x / (1 + e^-x).
float SiluFloat(float x);
float SiluExact(float x);
// max(x, 0)^2; one rounding, so both forms are the same.
float SquaredRelu(float x);

void RmsNormFloat(const float* x, const float* gain, float epsilon, int64_t n, float* y);
void RmsNormExact(const float* x, const float* gain, float epsilon, int64_t n, float* y);

// y[token][row] for all rows of one part of a matrix; y_stride floats from token to token.
void LinearFloat(const MatrixPart& part, const float* x, int64_t tokens, float* y, int64_t y_stride);
void LinearExact(const MatrixPart& part, const float* x, int64_t tokens, float* y, int64_t y_stride);

// y = the attention output of one query over `positions` keys and values that lie `stride` floats apart.
// The query is already scaled.
struct AttentionInput {
  const float* query = nullptr;
  const float* keys = nullptr;
  const float* values = nullptr;
  int64_t stride = 0;
  int64_t positions = 0;
  int head_size = 0;
  // Of an 8-bit cache, where keys and values are codes: one factor for each position, `scale_stride` apart; else null.
  const float* key_scales = nullptr;
  const float* value_scales = nullptr;
  int64_t scale_stride = 0;
};
// Knows no 8-bit cache: the float form does not round keys and values.
void AttentionFloat(const AttentionInput& in, float* y);
void AttentionExact(const AttentionInput& in, float* y);

// What a key or value reads back as after it was stored: as half, or as int8 codes and the scale that is returned.
void RoundToHalf(float* x, int64_t n);
float RoundToInt8(float* x, int64_t n);

}  // namespace walchen::model
