// SPDX-License-Identifier: Apache-2.0
//
// The number formats that weights come in. A quantised type stores blocks of values that share scales; a row of a matrix
// is a whole number of blocks. Layouts: ggml's ggml-common.h; each is written down again in tensor/quant_layout.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"

namespace walchen::tensor {

enum class DType : uint8_t {
  kF32, kF16, kBF16, kF64, kI8, kI16, kI32, kI64,
  kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0,
  kQ2_K, kQ3_K, kQ4_K, kQ5_K, kQ6_K,
  kIQ4_NL,
};

struct DTypeInfo {
  DType type;
  std::string_view name;   // "Q4_1", as ggml and our command line spell it
  uint32_t gguf_id;        // ggml_type in a GGUF file
  uint32_t block_values;   // values in one block; 1 for plain types
  uint32_t block_bytes;
};

// Every type, in the order of the enum.
std::span<const DTypeInfo> AllDTypes();
const DTypeInfo& Info(DType type);
std::optional<DType> DTypeFromGguf(uint32_t gguf_id);
std::optional<DType> DTypeFromName(std::string_view name);  // case is ignored

// Bytes of one row of `columns` values; kCorrupt if that is no whole number of blocks or overflows.
Result<uint64_t> RowBytes(DType type, uint64_t columns);

}  // namespace walchen::tensor
