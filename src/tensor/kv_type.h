// SPDX-License-Identifier: Apache-2.0
//
// How a cache keeps keys and values. Text keeps halves, or 8 bits where memory is short; streams that must come out as their
// float reference says keep floats.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace walchen::tensor {

enum class KvType : uint8_t {
  kF32,   // as they are
  kF16,   // rounded to the nearest half, ties to even
  kInt8,  // one byte each, and a float scale per position and head
};

inline constexpr std::array kKvTypes = {KvType::kF32, KvType::kF16, KvType::kInt8};

// "f32", "f16", "int8".
constexpr std::string_view Name(KvType type) {
  return type == KvType::kF32 ? "f32" : type == KvType::kF16 ? "f16" : "int8";
}

}  // namespace walchen::tensor
