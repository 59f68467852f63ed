// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "tensor/quant_fit.h"
#include "tensor/quant_layout.h"

namespace walchen::tensor {
namespace {

// A plain number type: how it is stored, and the way to float and back.
template <class Stored, float (*ToFloat)(Stored), Stored (*FromFloat)(float)>
struct Plain {
  static void Dequantize(base::Bytes data, std::span<float> values) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = ToFloat(Load(data, i));
  }
  static void Quantize(std::span<const float> values, std::span<std::byte> out) {
    for (size_t i = 0; i < values.size(); ++i) {
      const Stored stored = FromFloat(values[i]);
      std::memcpy(out.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
  }
  // As floats: a double that only overflows on the way to float is as bad as one that is infinite.
  static bool HasNonFinite(base::Bytes data) {
    bool found = false;  // no early exit: the loop vectorises, and the answer is nearly always no
    for (size_t i = 0; i < data.size() / sizeof(Stored); ++i) found |= !std::isfinite(ToFloat(Load(data, i)));
    return found;
  }

 private:
  static Stored Load(base::Bytes data, size_t i) {
    Stored stored;
    std::memcpy(&stored, data.data() + i * sizeof(Stored), sizeof(Stored));
    return stored;
  }
};

struct PlainCodec {
  DType type;
  void (*dequantize)(base::Bytes, std::span<float>);
  void (*quantize)(std::span<const float>, std::span<std::byte>);
  bool (*has_non_finite)(base::Bytes);
};

float FloatItself(float value) { return value; }
float DoubleToFloat(double value) { return static_cast<float>(value); }
double FloatToDouble(float value) { return value; }
float BfloatToFloat(uint16_t bits) { return Bfloat16ToFloat(bits); }

template <class Stored, float (*ToFloat)(Stored), Stored (*FromFloat)(float)>
constexpr PlainCodec MakePlain(DType type) {
  using Type = Plain<Stored, ToFloat, FromFloat>;
  return {type, Type::Dequantize, Type::Quantize, Type::HasNonFinite};
}

constexpr std::array kPlainCodecs = {
    MakePlain<float, FloatItself, FloatItself>(DType::kF32),
    MakePlain<uint16_t, HalfToFloat, FloatToHalf>(DType::kF16),
    MakePlain<uint16_t, BfloatToFloat, FloatToBfloat16>(DType::kBF16),
    MakePlain<double, DoubleToFloat, FloatToDouble>(DType::kF64),
};

const PlainCodec* FindPlainCodec(DType type) {
  for (const PlainCodec& codec : kPlainCodecs) {
    if (codec.type == type) return &codec;
  }
  return nullptr;
}

void CheckLengths(DType type, size_t values, size_t bytes) {
  const DTypeInfo& info = Info(type);
  CHECK(values % info.block_values == 0 && bytes == values / info.block_values * info.block_bytes,
        "{} values of {} in {} bytes", values, info.name, bytes);
}

void DequantizeBlock(const BlockLayout& layout, const uint8_t* bytes, std::span<float> values) {
  UnpackedBlock block;
  Unpack(layout, bytes, block);
  const auto group = static_cast<size_t>(layout.group);
  for (size_t g = 0; g * group < values.size(); ++g) {
    const float scale = block.d * static_cast<float>(block.scale[g]);
    const float min = block.dmin * static_cast<float>(block.min[g]);
    for (size_t i = g * group; i < (g + 1) * group; ++i) values[i] = scale * static_cast<float>(block.q[i]) - min;
  }
}

bool HalfIsFinite(const std::byte* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
  return (half & 0x7C00) != 0x7C00;
}

bool IsInteger(DType type) { return type >= DType::kI8 && type <= DType::kI64; }

}  // namespace

float HalfToFloat(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000U} << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t mantissa = half & 0x3FF;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;  // subnormal: multiples of 2^-24
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t biased = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (biased << 23) | (mantissa << 13));
}

uint16_t FloatToHalf(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  uint32_t half;
  if (magnitude > 0x7F800000) {
    half = 0x7E00;  // NaN
  } else if (magnitude >= 0x477FF000) {
    half = 0x7C00;  // 65520 and above round to infinity
  } else if (magnitude < 0x38800000) {
    // Below 2^-14 a half counts in steps of 2^-24, which is the step of floats just above 0.5: adding 0.5 rounds.
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - std::bit_cast<uint32_t>(0.5F);
  } else {
    const uint32_t to_even = 0xFFF + ((magnitude >> 13) & 1);
    half = (magnitude + to_even - (uint32_t{127 - 15} << 23)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

uint16_t FloatToBfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);  // quiet, and not rounded to infinity
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

void Dequantize(DType type, base::Bytes data, std::span<float> values) {
  CheckLengths(type, values.size(), data.size());
  if (const PlainCodec* codec = FindPlainCodec(type)) return codec->dequantize(data, values);
  const BlockLayout* layout = FindBlockLayout(type);
  CHECK(layout != nullptr, "{} has no float form", Info(type).name);
  const DTypeInfo& info = Info(type);
  const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
  for (size_t at = 0; at < values.size(); at += info.block_values, bytes += info.block_bytes) {
    DequantizeBlock(*layout, bytes, values.subspan(at, info.block_values));
  }
}

void Quantize(DType type, std::span<const float> values, std::span<std::byte> out) {
  CheckLengths(type, values.size(), out.size());
  if (const PlainCodec* codec = FindPlainCodec(type)) return codec->quantize(values, out);
  const BlockLayout* layout = FindBlockLayout(type);
  CHECK(layout != nullptr, "{} has no float form", Info(type).name);
  const DTypeInfo& info = Info(type);
  auto* bytes = reinterpret_cast<uint8_t*>(out.data());
  for (size_t at = 0; at < values.size(); at += info.block_values, bytes += info.block_bytes) {
    Pack(*layout, FitBlock(*layout, values.subspan(at, info.block_values)), bytes);
  }
}

bool HasNonFinite(DType type, base::Bytes data) {
  if (IsInteger(type)) return false;
  if (const PlainCodec* codec = FindPlainCodec(type)) return codec->has_non_finite(data);
  const BlockLayout& layout = *FindBlockLayout(type);
  CHECK(data.size() % Info(type).block_bytes == 0);
  for (const std::byte* block = data.data(); block < data.data() + data.size(); block += Info(type).block_bytes) {
    if (!HalfIsFinite(block + layout.d_offset)) return true;
    if (layout.has_min() && !HalfIsFinite(block + layout.dmin_offset)) return true;
  }
  return false;
}

}  // namespace walchen::tensor
