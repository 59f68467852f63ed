// SPDX-License-Identifier: Apache-2.0
//
// Sixteen logical lanes on whatever vectors the instruction set has: one zmm, two ymm or four xmm registers.
//
// Every kernel works on 16 lanes (16 rows of a weight matrix, 16 positions of a cache, 16 values of a row), so its sums
// are grouped the same way on every path and the paths with fused multiply-add agree bit for bit. Highway supplies the
// operations; only the 8-bit dot product, which Highway 1.0 lacks, is written per instruction set.
//
// Included only by the path_*.cc files, each compiled for one instruction set; everything is in an unnamed namespace,
// so that no copy of a function compiled for a newer CPU can be linked in place of another.
#pragma once

#include <cstdint>
#include <cstring>

#define HWY_COMPILE_ONLY_STATIC  // what the file's compiler flags allow, nothing else
#include "hwy/highway.h"

#include <immintrin.h>

#include "tensor/quant.h"

#define WALCHEN_INLINE inline __attribute__((always_inline))
#define WALCHEN_UNROLL _Pragma("GCC unroll 64")

namespace walchen::tensor {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::CappedTag<float, 16> kF32;
constexpr hn::Rebind<int32_t, decltype(kF32)> kI32;
constexpr hn::Rebind<hwy::float16_t, decltype(kF32)> kF16;
constexpr hn::Rebind<uint16_t, decltype(kF32)> kU16;
constexpr hn::Rebind<uint8_t, decltype(kF32)> kU8In32;   // as many bytes as there are floats in a vector
constexpr hn::Rebind<int8_t, decltype(kF32)> kI8In32;
constexpr hn::Repartition<uint8_t, decltype(kF32)> kU8;  // a vector full of bytes

using F32Vec = hn::Vec<decltype(kF32)>;
using I32Vec = hn::Vec<decltype(kI32)>;
using U8Vec = hn::Vec<decltype(kU8)>;

constexpr int kVectorLanes = HWY_LANES(float) < 16 ? HWY_LANES(float) : 16;
constexpr int kVectors = 16 / kVectorLanes;
constexpr int kVectorBytes = kVectorLanes * 4;

struct F32 { F32Vec v[kVectors]; };   // 16 floats
struct I32 { I32Vec v[kVectors]; };   // 16 integers
struct Codes { U8Vec v[kVectors]; };  // 64 bytes: 4 consecutive values of each of 16 rows

#define WALCHEN_EACH(type, expression)                                 \
  type out;                                                            \
  WALCHEN_UNROLL for (int i = 0; i < kVectors; ++i) out.v[i] = expression; \
  return out

WALCHEN_INLINE F32 Set(float x) { WALCHEN_EACH(F32, hn::Set(kF32, x)); }
WALCHEN_INLINE F32 Zero() { WALCHEN_EACH(F32, hn::Zero(kF32)); }
WALCHEN_INLINE F32 Load(const float* p) { WALCHEN_EACH(F32, hn::LoadU(kF32, p + i * kVectorLanes)); }
WALCHEN_INLINE void Store(F32 x, float* p) {
  WALCHEN_UNROLL for (int i = 0; i < kVectors; ++i) hn::StoreU(x.v[i], kF32, p + i * kVectorLanes);
}
WALCHEN_INLINE F32 operator+(F32 a, F32 b) { WALCHEN_EACH(F32, hn::Add(a.v[i], b.v[i])); }
WALCHEN_INLINE F32 operator-(F32 a, F32 b) { WALCHEN_EACH(F32, hn::Sub(a.v[i], b.v[i])); }
WALCHEN_INLINE F32 operator*(F32 a, F32 b) { WALCHEN_EACH(F32, hn::Mul(a.v[i], b.v[i])); }
WALCHEN_INLINE F32 operator/(F32 a, F32 b) { WALCHEN_EACH(F32, hn::Div(a.v[i], b.v[i])); }
WALCHEN_INLINE F32 Max(F32 a, F32 b) { WALCHEN_EACH(F32, hn::Max(a.v[i], b.v[i])); }
WALCHEN_INLINE F32 Min(F32 a, F32 b) { WALCHEN_EACH(F32, hn::Min(a.v[i], b.v[i])); }
WALCHEN_INLINE F32 Abs(F32 a) { WALCHEN_EACH(F32, hn::Abs(a.v[i])); }
// a * b + c, rounded once where the CPU can.
WALCHEN_INLINE F32 Fma(F32 a, F32 b, F32 c) { WALCHEN_EACH(F32, hn::MulAdd(a.v[i], b.v[i], c.v[i])); }
WALCHEN_INLINE F32 RoundEven(F32 a) { WALCHEN_EACH(F32, hn::Round(a.v[i])); }
WALCHEN_INLINE F32 ToFloat(I32 a) { WALCHEN_EACH(F32, hn::ConvertTo(kF32, a.v[i])); }
// The nearest integer, ties to even; |a| < 2^31.
WALCHEN_INLINE I32 ToInt(F32 a) { WALCHEN_EACH(I32, hn::NearestInt(a.v[i])); }

WALCHEN_INLINE F32 LoadHalf(const uint16_t* p) {
  WALCHEN_EACH(F32, hn::PromoteTo(kF32, hn::LoadU(kF16, reinterpret_cast<const hwy::float16_t*>(p) + i * kVectorLanes)));
}
WALCHEN_INLINE F32 LoadBfloat16(const uint16_t* p) {
  WALCHEN_EACH(F32, hn::BitCast(kF32, hn::ShiftLeft<16>(hn::PromoteTo(kI32, hn::LoadU(kU16, p + i * kVectorLanes)))));
}
WALCHEN_INLINE F32 LoadInt8(const int8_t* p) {
  WALCHEN_EACH(F32, hn::ConvertTo(kF32, hn::PromoteTo(kI32, hn::LoadU(kI8In32, p + i * kVectorLanes))));
}
WALCHEN_INLINE I32 LoadUint8(const uint8_t* p) {
  WALCHEN_EACH(I32, hn::PromoteTo(kI32, hn::LoadU(kU8In32, p + i * kVectorLanes)));
}

WALCHEN_INLINE I32 LoadInts(const int32_t* p) { WALCHEN_EACH(I32, hn::LoadU(kI32, p + i * kVectorLanes)); }
WALCHEN_INLINE I32 SetInt(int32_t x) { WALCHEN_EACH(I32, hn::Set(kI32, x)); }
WALCHEN_INLINE I32 operator+(I32 a, I32 b) { WALCHEN_EACH(I32, hn::Add(a.v[i], b.v[i])); }
WALCHEN_INLINE I32 operator&(I32 a, I32 b) { WALCHEN_EACH(I32, hn::And(a.v[i], b.v[i])); }
template <int kBits>
WALCHEN_INLINE I32 ShiftLeft(I32 a) { WALCHEN_EACH(I32, hn::ShiftLeft<kBits>(a.v[i])); }
template <int kBits>
WALCHEN_INLINE I32 ShiftRight(I32 a) { WALCHEN_EACH(I32, hn::ShiftRight<kBits>(a.v[i])); }
WALCHEN_INLINE F32 AsFloatBits(I32 a) { WALCHEN_EACH(F32, hn::BitCast(kF32, a.v[i])); }

// The low bytes of 16 integers in [-128, 127].
WALCHEN_INLINE void StoreInt8(I32 x, int8_t* p) {
  WALCHEN_UNROLL for (int i = 0; i < kVectors; ++i) hn::StoreU(hn::DemoteTo(kI8In32, x.v[i]), kI8In32, p + i * kVectorLanes);
}
// To IEEE half, ties to even.
WALCHEN_INLINE void StoreHalf(F32 x, uint16_t* p) {
#if defined(__F16C__)
  WALCHEN_UNROLL for (int i = 0; i < kVectors; ++i) {
    hn::StoreU(hn::DemoteTo(kF16, x.v[i]), kF16, reinterpret_cast<hwy::float16_t*>(p) + i * kVectorLanes);
  }
#else  // Highway 1.0 would cut the bits off instead of rounding, and make 1e6 finite
  alignas(64) float whole[16];
  Store(x, whole);
  for (int i = 0; i < 16; ++i) p[i] = FloatToHalf(whole[i]);
#endif
}

// Reductions of the 16 lanes: lane i with lane i+8, then i+4, i+2, i+1. The order is part of the numerics contract.
WALCHEN_INLINE float SumLanes(F32 x) {
  alignas(64) float a[16];
  Store(x, a);
  WALCHEN_UNROLL for (int width = 8; width >= 1; width /= 2) {
    WALCHEN_UNROLL for (int i = 0; i < width; ++i) a[i] = a[i] + a[i + width];
  }
  return a[0];
}
WALCHEN_INLINE float MaxLanes(F32 x) {
  F32Vec m = x.v[0];
  WALCHEN_UNROLL for (int i = 1; i < kVectors; ++i) m = hn::Max(m, x.v[i]);
  return hn::GetLane(hn::MaxOfLanes(kF32, m));
}

WALCHEN_INLINE int32_t SumIntLanes(I32 x) {
  I32Vec sum = x.v[0];
  WALCHEN_UNROLL for (int i = 1; i < kVectors; ++i) sum = hn::Add(sum, x.v[i]);
  return hn::GetLane(hn::SumOfLanes(kI32, sum));
}

// Up to 16 values, zeros behind them.
WALCHEN_INLINE F32 LoadPart(const float* p, int64_t count) {
  if (count >= 16) return Load(p);
  alignas(64) float whole[16] = {};
  for (int64_t i = 0; i < count; ++i) whole[i] = p[i];
  return Load(whole);
}
WALCHEN_INLINE void StorePart(F32 x, int64_t count, float* p) {
  if (count >= 16) return Store(x, p);
  alignas(64) float whole[16];
  Store(x, whole);
  for (int64_t i = 0; i < count; ++i) p[i] = whole[i];
}

// `x` where a >= b, else 0.
WALCHEN_INLINE F32 WhereGreaterEqual(F32 a, F32 b, F32 x) {
  WALCHEN_EACH(F32, hn::IfThenElseZero(hn::Ge(a.v[i], b.v[i]), x.v[i]));
}

WALCHEN_INLINE Codes LoadCodes(const uint8_t* p) { WALCHEN_EACH(Codes, hn::LoadU(kU8, p + i * kVectorBytes)); }
WALCHEN_INLINE void StoreCodes(Codes x, uint8_t* p) {
  WALCHEN_UNROLL for (int i = 0; i < kVectors; ++i) hn::StoreU(x.v[i], kU8, p + i * kVectorBytes);
}
WALCHEN_INLINE Codes SetCodes(uint8_t x) { WALCHEN_EACH(Codes, hn::Set(kU8, x)); }
WALCHEN_INLINE Codes operator&(Codes a, Codes b) { WALCHEN_EACH(Codes, hn::And(a.v[i], b.v[i])); }
WALCHEN_INLINE Codes operator|(Codes a, Codes b) { WALCHEN_EACH(Codes, hn::Or(a.v[i], b.v[i])); }
// Shifts of each byte's 16-bit neighbourhood: mask afterwards, bits cross over from the byte beside.
template <int kBits>
WALCHEN_INLINE Codes ShiftRight(Codes a) {
  const hn::Repartition<uint16_t, decltype(kU8)> u16;
  WALCHEN_EACH(Codes, hn::BitCast(kU8, hn::ShiftRight<kBits>(hn::BitCast(u16, a.v[i]))));
}
template <int kBits>
WALCHEN_INLINE Codes ShiftLeft(Codes a) {
  const hn::Repartition<uint16_t, decltype(kU8)> u16;
  WALCHEN_EACH(Codes, hn::BitCast(kU8, hn::ShiftLeft<kBits>(hn::BitCast(u16, a.v[i]))));
}
// table[code] for codes below 16.
WALCHEN_INLINE Codes LookUp16(const uint8_t* table, Codes codes) {
  WALCHEN_EACH(Codes, hn::TableLookupBytes(hn::LoadDup128(kU8, table), codes.v[i]));
}
// Four consecutive activations for all 16 rows.
WALCHEN_INLINE Codes Broadcast4(const int8_t* p) {
  int32_t four;
  std::memcpy(&four, p, 4);
  WALCHEN_EACH(Codes, hn::BitCast(kU8, hn::Set(kI32, four)));
}

// One register of 8-bit dot products, in the words of each instruction set.
#if defined(__AVX512VNNI__)
WALCHEN_INLINE __m512i DotUnsigned(__m512i sum, __m512i codes, __m512i activations) {
  return _mm512_dpbusd_epi32(sum, codes, activations);
}
#elif defined(__AVX2__)
WALCHEN_INLINE __m256i DotUnsigned(__m256i sum, __m256i codes, __m256i activations) {
  const __m256i pairs = _mm256_maddubs_epi16(codes, activations);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
WALCHEN_INLINE __m256i DotSigned(__m256i sum, __m256i codes, __m256i activations) {
  const __m256i centred = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
  return DotUnsigned(sum, _mm256_abs_epi8(centred), _mm256_sign_epi8(activations, centred));
}
#else
WALCHEN_INLINE __m128i DotUnsigned(__m128i sum, __m128i codes, __m128i activations) {
  const __m128i pairs = _mm_maddubs_epi16(codes, activations);
  return _mm_add_epi32(sum, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
}
WALCHEN_INLINE __m128i DotSigned(__m128i sum, __m128i codes, __m128i activations) {
  const __m128i centred = _mm_xor_si128(codes, _mm_set1_epi8(-128));
  return DotUnsigned(sum, _mm_abs_epi8(centred), _mm_sign_epi8(activations, centred));
}
#endif

// sum + codes . activations, four products for each of the 16 rows, exact. Codes are unsigned and at most 127 (without
// VNNI two products are added in 16 bits: 2 * 127 * 127 still fits); activations are signed and at least -127.
WALCHEN_INLINE I32 Dot4(I32 sum, Codes codes, Codes activations) {
  WALCHEN_EACH(I32, (I32Vec{DotUnsigned(sum.v[i].raw, codes.v[i].raw, activations.v[i].raw)}));
}

// As Dot4 for codes that use all 8 bits. VNNI takes them as they are. Without it a code c counts as c - kWideBias, a
// signed byte, and is multiplied as |c - 128| times the activation with its sign: that does not saturate.
#if defined(__AVX512VNNI__)
constexpr int kWideBias = 0;
WALCHEN_INLINE I32 Dot4Wide(I32 sum, Codes codes, Codes activations) { return Dot4(sum, codes, activations); }
#else
constexpr int kWideBias = 128;
WALCHEN_INLINE I32 Dot4Wide(I32 sum, Codes codes, Codes activations) {
  WALCHEN_EACH(I32, (I32Vec{DotSigned(sum.v[i].raw, codes.v[i].raw, activations.v[i].raw)}));
}
#endif

// Asks for bytes that will be read soon, into the second-level cache. An address where nothing is does no harm.
WALCHEN_INLINE void FetchAhead(const void* begin, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const char*>(begin) + i, 0, 2);
}

}  // namespace
}  // namespace walchen::tensor
