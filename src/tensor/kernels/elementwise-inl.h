// SPDX-License-Identifier: Apache-2.0
//
// Norms, activations, rounding to int8: everything that is not a matrix product or attention.
#pragma once

#include <cmath>

#include "tensor/kernels/kernels.h"
#include "tensor/kernels/lanes-inl.h"

namespace walchen::tensor {
namespace {

// e^x, relative error under 2^-22, exactly 1 at 0, exactly 0 below -87 (so that masked attention scores weigh nothing).
// Range reduction by Cody and Waite, polynomial of Cephes' expf (Moshier 1989).
WALCHEN_INLINE F32 Exp(F32 x) {
  const F32 lowest = Set(-87.0f);
  const F32 clamped = Min(Max(x, lowest), Set(88.0f));
  const F32 n = RoundEven(clamped * Set(1.44269504088896341f));
  F32 r = Fma(n, Set(-0.693359375f), clamped);  // ln 2 in two parts: the first has few bits, so n times it is exact
  r = Fma(n, Set(2.12194440e-4f), r);
  F32 p = Set(1.9875691500e-4f);
  p = Fma(p, r, Set(1.3981999507e-3f));
  p = Fma(p, r, Set(8.3334519073e-3f));
  p = Fma(p, r, Set(4.1665795894e-2f));
  p = Fma(p, r, Set(1.6666665459e-1f));
  p = Fma(p, r, Set(5.0000001201e-1f));
  const F32 e = Fma(p, r * r, r) + Set(1.0f);
  const F32 power = AsFloatBits(ShiftLeft<23>(ToInt(n) + SetInt(127)));
  return WhereGreaterEqual(x, lowest, e * power);
}

// Where the blocks of a row go. By value: a store through `code` could otherwise change the other pointers.
struct RoundedBlocks {
  int8_t* code;
  float* scale;
  int32_t* sum;
  float* scaled_sum;
};

template <int kBlock>
void QuantizeBlocks(const float* x, int64_t blocks, RoundedBlocks to) {
  for (int64_t block = 0; block < blocks; ++block, x += kBlock, to.code += kBlock) {
    F32 values[kBlock / 16];
    F32 largest = Zero();
    WALCHEN_UNROLL for (int i = 0; i < kBlock / 16; ++i) {
      values[i] = Load(x + 16 * i);
      largest = Max(largest, Abs(values[i]));
    }
    const float max = MaxLanes(largest);
    const F32 inverse = Set(max >= kSmallestRounded ? 127.0f / max : 0.0f);
    I32 sum = SetInt(0);
    WALCHEN_UNROLL for (int i = 0; i < kBlock / 16; ++i) {
      const I32 codes = ToInt(values[i] * inverse);
      StoreInt8(codes, to.code + 16 * i);
      sum = sum + codes;
    }
    to.scale[block] = max / 127.0f;
    to.sum[block] = SumIntLanes(sum);
    to.scaled_sum[block] = to.scale[block] * static_cast<float>(to.sum[block]);
  }
}

void Quantize(const float* x, int64_t columns, const QuantizedRows& q, int64_t row, int64_t first_column) {
  const int64_t at = row * q.blocks() + first_column / q.block;
  const RoundedBlocks to = {q.code + row * q.columns + first_column, q.scale + at, q.sum + at, q.scaled_sum + at};
  q.block == 32 ? QuantizeBlocks<32>(x, columns / 32, to) : QuantizeBlocks<16>(x, columns / 16, to);
}

void RmsNorm(const float* x, const float* gain, float epsilon, int64_t n, float* y) {
  F32 squares = Zero();
  for (int64_t i = 0; i < n; i += 16) {
    const F32 v = LoadPart(x + i, n - i);
    squares = Fma(v, v, squares);
  }
  const F32 inverse = Set(1.0f / std::sqrt(SumLanes(squares) / static_cast<float>(n) + epsilon));
  for (int64_t i = 0; i < n; i += 16) {
    StorePart(LoadPart(x + i, n - i) * inverse * LoadPart(gain + i, n - i), n - i, y + i);
  }
}

WALCHEN_INLINE F32 SiluOf(F32 x) { return x / (Set(1.0f) + Exp(Zero() - x)); }

void SiluMul(const float* gate, const float* up, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += 16) {
    StorePart(SiluOf(LoadPart(gate + i, n - i)) * LoadPart(up + i, n - i), n - i, y + i);
  }
}

void Silu(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += 16) StorePart(SiluOf(LoadPart(x + i, n - i)), n - i, y + i);
}

void SquaredRelu(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += 16) {
    const F32 positive = Max(Zero(), LoadPart(x + i, n - i));  // in this order: x86 gives the second of two if one is NaN
    StorePart(positive * positive, n - i, y + i);
  }
}

void AddTo(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += 16) StorePart(LoadPart(y + i, n - i) + LoadPart(x + i, n - i), n - i, y + i);
}

void Axpy(float a, const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += 16) {
    StorePart(Fma(Set(a), LoadPart(x + i, n - i), LoadPart(y + i, n - i)), n - i, y + i);
  }
}

void Scale(float a, int64_t n, float* x) {
  for (int64_t i = 0; i < n; i += 16) StorePart(LoadPart(x + i, n - i) * Set(a), n - i, x + i);
}

void Rope(const float* cosine, const float* sine, int64_t n, float* x) {
  const int64_t half = n / 2;
  for (int64_t i = 0; i < half; i += 16) {
    const int64_t count = half - i;
    const F32 c = LoadPart(cosine + i, count), s = LoadPart(sine + i, count);
    const F32 a = LoadPart(x + i, count), b = LoadPart(x + half + i, count);
    StorePart(Fma(a, c, Zero() - b * s), count, x + i);
    StorePart(Fma(a, s, b * c), count, x + half + i);
  }
}

void RmsNormBackward(const float* x, const float* gain, float epsilon, const float* dy, int64_t n, float* dx, float* dgain) {
  F32 squares = Zero(), products = Zero();
  for (int64_t i = 0; i < n; i += 16) {
    const F32 v = LoadPart(x + i, n - i);
    squares = Fma(v, v, squares);
    products = Fma(LoadPart(gain + i, n - i) * LoadPart(dy + i, n - i), v, products);
  }
  const float root = 1.0f / std::sqrt(SumLanes(squares) / static_cast<float>(n) + epsilon);
  const F32 inverse = Set(root), along = Set(SumLanes(products) * root * root * root / static_cast<float>(n));
  for (int64_t i = 0; i < n; i += 16) {
    const F32 v = LoadPart(x + i, n - i), g = LoadPart(gain + i, n - i), d = LoadPart(dy + i, n - i);
    StorePart(g * d * inverse - v * along, n - i, dx + i);
    StorePart(Fma(d * v, inverse, LoadPart(dgain + i, n - i)), n - i, dgain + i);
  }
}

void SiluMulBackward(const float* gate, const float* up, const float* dy, int64_t n, float* dgate, float* dup) {
  for (int64_t i = 0; i < n; i += 16) {
    const F32 g = LoadPart(gate + i, n - i), d = LoadPart(dy + i, n - i);
    const F32 sigmoid = Set(1.0f) / (Set(1.0f) + Exp(Zero() - g)), silu = g * sigmoid;
    StorePart(d * LoadPart(up + i, n - i) * sigmoid * (Set(1.0f) + g - silu), n - i, dgate + i);
    StorePart(d * silu, n - i, dup + i);
  }
}

int64_t ArgMax(const float* x, int64_t n) {
  F32 max = Set(x[0]);
  F32 zeros = Zero();  // zero times a number is zero, but times infinity or NaN it is NaN, and stays it in the sum
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const F32 values = Load(x + i);
    max = Max(max, values);
    zeros = Fma(values, Zero(), zeros);
  }
  float largest = MaxLanes(max), zero = SumLanes(zeros);
  for (; i < n; ++i) {
    largest = largest < x[i] ? x[i] : largest;
    zero += x[i] * 0.0f;
  }
  if (!(zero == 0.0f)) return -1;
  for (i = 0; x[i] != largest; ++i) {}
  return i;
}

float ExpSum(const float* x, float shift, float factor, int64_t n, float* y) {
  F32 sum = Zero();
  for (int64_t i = 0; i < n; i += 16) {
    F32 e = Exp((LoadPart(x + i, n - i) - Set(shift)) * Set(factor));
    StorePart(e, n - i, y + i);
    sum = sum + LoadPart(y + i, n - i);  // not e: the lanes behind a short end count nothing
  }
  return SumLanes(sum);
}

}  // namespace
}  // namespace walchen::tensor
