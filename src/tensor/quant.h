// SPDX-License-Identifier: Apache-2.0
//
// Quantised blocks to float and back: the readable definition of every weight type, and the oracle of the kernels.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/status.h"
#include "tensor/dtype.h"

namespace walchen::tensor {

// IEEE 754 half precision and bfloat16; rounding to nearest, ties to even.
float HalfToFloat(uint16_t half);
uint16_t FloatToHalf(float value);
inline float Bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }
uint16_t FloatToBfloat16(float value);

// Whole rows: data holds exactly the blocks of `values`, values.size() a multiple of the block (CHECKed: callers have
// already compared lengths). Every type of DType but the integers.
void Dequantize(DType type, base::Bytes data, std::span<float> values);

// The inverse, as good as a plain search finds: least squares over the candidate scales of each block.
// `out` has exactly the bytes of the blocks.
void Quantize(DType type, std::span<const float> values, std::span<std::byte> out);

// True if a scale or a plain value of these blocks is NaN or infinite: such a file is refused when it is loaded.
bool HasNonFinite(DType type, base::Bytes data);

}  // namespace walchen::tensor
