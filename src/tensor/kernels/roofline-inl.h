// SPDX-License-Identifier: Apache-2.0
//
// How fast the CPU could be: the inner instructions of the kernels on registers alone, and reading memory alone.
#pragma once

#include "tensor/kernels/lanes-inl.h"

namespace walchen::tensor {
namespace {

// Independent sums, enough to hide the latency of each (4 cycles, two a cycle); of more, compilers spill some.
constexpr int kChains = kVectors == 1 ? 12 : kVectors == 2 ? 6 : 3;

int64_t BurnFloat(int64_t rounds) {
  F32 sum[kChains];
  WALCHEN_UNROLL for (int i = 0; i < kChains; ++i) sum[i] = Set(static_cast<float>(i));
  const F32 a = Set(0.999f), b = Set(1e-3f);
  for (int64_t round = 0; round < rounds; ++round) {
    WALCHEN_UNROLL for (int i = 0; i < kChains; ++i) sum[i] = Fma(sum[i], a, b);
  }
  F32 total = Zero();
  WALCHEN_UNROLL for (int i = 0; i < kChains; ++i) total = total + sum[i];
  return SumLanes(total) > 0 ? rounds * kChains * 16 * 2 : 0;  // always > 0; the compiler cannot know
}

int64_t BurnInt8(int64_t rounds) {
  I32 sum[kChains];
  WALCHEN_UNROLL for (int i = 0; i < kChains; ++i) sum[i] = SetInt(i);
  Codes a = SetCodes(3);
  const Codes b = SetCodes(2);
  for (int64_t round = 0; round < rounds; ++round) {
    WALCHEN_UNROLL for (int i = 0; i < kChains; ++i) {
      // Else a path whose dot product is several instructions would multiply a by b once and for all.
      WALCHEN_UNROLL for (int j = 0; j < kVectors; ++j) asm volatile("" : "+v"(a.v[j].raw));
      sum[i] = Dot4(sum[i], a, b);
    }
  }
  I32 total = SetInt(0);
  WALCHEN_UNROLL for (int i = 0; i < kChains; ++i) total = total + sum[i];
  return SumIntLanes(total) != 1 ? rounds * kChains * 64 * 2 : 0;
}

int64_t ReadMemory(const uint8_t* data, int64_t bytes) {
  constexpr int64_t kStep = 8 * 64;
  I32 sum[8];
  WALCHEN_UNROLL for (int i = 0; i < 8; ++i) sum[i] = SetInt(0);
  for (int64_t at = 0; at + kStep <= bytes; at += kStep) {
    WALCHEN_UNROLL for (int i = 0; i < 8; ++i) {
      const Codes codes = LoadCodes(data + at + 64 * i);
      WALCHEN_UNROLL for (int j = 0; j < kVectors; ++j) sum[i].v[j] = hn::Add(sum[i].v[j], hn::BitCast(kI32, codes.v[j]));
    }
  }
  I32 total = SetInt(0);
  WALCHEN_UNROLL for (int i = 0; i < 8; ++i) total = total + sum[i];
  return SumIntLanes(total);
}

}  // namespace
}  // namespace walchen::tensor
