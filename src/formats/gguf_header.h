// SPDX-License-Identifier: Apache-2.0
//
// The part of a GGUF file before the tensor bytes. Private to the reader and the writer, which checks with it that what
// it is about to write can be read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/gguf.h"

namespace walchen::formats {

inline constexpr uint32_t kGgufVersion = 3;
inline constexpr uint64_t kGgufDefaultAlignment = 32;
inline constexpr std::string_view kGgufAlignmentKey = "general.alignment";

// gguf_metadata_value_type
enum class GgufType : uint32_t {
  kUint8, kInt8, kUint16, kInt16, kUint32, kInt32, kFloat32, kBool, kString, kArray, kUint64, kInt64, kFloat64,
};

struct GgufHeader {
  std::vector<std::pair<std::string, GgufValue>> metadata;
  std::vector<TensorEntry> tensors;
  uint64_t alignment = kGgufDefaultAlignment;
};

// `bytes` holds at least the header of a file that has `file_size` bytes. Everything that GgufFile promises is checked.
Result<GgufHeader> ParseGgufHeader(base::Bytes bytes, uint64_t file_size);

}  // namespace walchen::formats
