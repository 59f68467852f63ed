// SPDX-License-Identifier: Apache-2.0
#include "tensor/dtype.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/bytes.h"

namespace walchen::tensor {
namespace {

constexpr std::array kInfos = {
    DTypeInfo{DType::kF32, "F32", 0, 1, 4},        DTypeInfo{DType::kF16, "F16", 1, 1, 2},
    DTypeInfo{DType::kBF16, "BF16", 30, 1, 2},     DTypeInfo{DType::kF64, "F64", 28, 1, 8},
    DTypeInfo{DType::kI8, "I8", 24, 1, 1},         DTypeInfo{DType::kI16, "I16", 25, 1, 2},
    DTypeInfo{DType::kI32, "I32", 26, 1, 4},       DTypeInfo{DType::kI64, "I64", 27, 1, 8},
    DTypeInfo{DType::kQ4_0, "Q4_0", 2, 32, 18},    DTypeInfo{DType::kQ4_1, "Q4_1", 3, 32, 20},
    DTypeInfo{DType::kQ5_0, "Q5_0", 6, 32, 22},    DTypeInfo{DType::kQ5_1, "Q5_1", 7, 32, 24},
    DTypeInfo{DType::kQ8_0, "Q8_0", 8, 32, 34},    DTypeInfo{DType::kQ2_K, "Q2_K", 10, 256, 84},
    DTypeInfo{DType::kQ3_K, "Q3_K", 11, 256, 110}, DTypeInfo{DType::kQ4_K, "Q4_K", 12, 256, 144},
    DTypeInfo{DType::kQ5_K, "Q5_K", 13, 256, 176}, DTypeInfo{DType::kQ6_K, "Q6_K", 14, 256, 210},
    DTypeInfo{DType::kIQ4_NL, "IQ4_NL", 20, 32, 18},
};

static_assert([] {
  for (size_t i = 0; i < kInfos.size(); ++i) {
    if (static_cast<size_t>(kInfos[i].type) != i) return false;
  }
  return true;
}());

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

}  // namespace

std::span<const DTypeInfo> AllDTypes() { return kInfos; }

const DTypeInfo& Info(DType type) { return kInfos[static_cast<size_t>(type)]; }

std::optional<DType> DTypeFromGguf(uint32_t gguf_id) {
  for (const DTypeInfo& info : kInfos) {
    if (info.gguf_id == gguf_id) return info.type;
  }
  return std::nullopt;
}

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const DTypeInfo& info : kInfos) {
    if (EqualIgnoringCase(info.name, name)) return info.type;
  }
  return std::nullopt;
}

Result<uint64_t> RowBytes(DType type, uint64_t columns) {
  const DTypeInfo& info = Info(type);
  if (columns % info.block_values != 0) {
    return Fail(ErrorCode::kCorrupt, "a row of {} values is no whole number of {} blocks of {}", columns, info.name,
                info.block_values);
  }
  return base::CheckedMul(columns / info.block_values, info.block_bytes);
}

}  // namespace walchen::tensor
