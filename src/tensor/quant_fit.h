// SPDX-License-Identifier: Apache-2.0
//
// The search behind Quantize: the block that comes closest to some values in the sense of least squares.
#pragma once

#include <span>

#include "tensor/quant_layout.h"

namespace walchen::tensor {

// `values` fills one block. If one of them is NaN or infinite, or too large for the block's half precision scales, then
// d comes out as NaN or infinite too, so that HasNonFinite finds the damage later.
UnpackedBlock FitBlock(const BlockLayout& layout, std::span<const float> values);

}  // namespace walchen::tensor
