// SPDX-License-Identifier: Apache-2.0
//
// Weights from one number format to another, in parallel. The result does not depend on the number of threads.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "base/threads.h"
#include "tensor/dtype.h"

namespace walchen::model {

struct Conversion {
  tensor::DType from = tensor::DType::kF32;
  tensor::DType to = tensor::DType::kF32;
  base::Bytes data;      // whole rows of `from`
  uint64_t columns = 0;  // a multiple of both types' blocks
};

struct ConversionError {
  double squared = 0;  // sum over all values of (after - before)^2
  uint64_t values = 0;
};

// What so many values take; a multiple of the type's block.
uint64_t BytesOfBlocks(tensor::DType type, uint64_t values);

// The bytes in the new format; the same bytes where the types are equal. `error`, if not null, is added to.
// Errors: kCorrupt (the source holds NaN or infinity), kUnsupported (a value does not fit the new type, as F32's 1e6 does
// not fit F16; or integers).
Result<std::string> Convert(base::ThreadPool& pool, const Conversion& conversion, ConversionError* error = nullptr);

}  // namespace walchen::model
