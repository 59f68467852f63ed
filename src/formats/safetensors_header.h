// SPDX-License-Identifier: Apache-2.0
//
// The two JSON texts of the safetensors format. Private to the reader and the writer, which checks with it that what it
// is about to write can be read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/safetensors.h"

namespace walchen::formats {

// The item size of a type by its name in the format; 0 for a name Walchen has never heard of, or of less than a byte.
uint64_t SafetensorsItemBytes(std::string_view type_name);

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;  // offsets count from the start of the file, shard is 0
  std::vector<std::pair<std::string, std::string>> metadata;
};

// `bytes` holds at least the length and the header of a file that has `file_size` bytes. Everything that
// SafetensorsFile promises about one file is checked.
Result<SafetensorsHeader> ParseSafetensorsHeader(base::Bytes bytes, uint64_t file_size);

// An index: (tensor, file name) in the order of the text. File names are names only: no folder, no "..".
Result<std::vector<std::pair<std::string, std::string>>> ParseSafetensorsIndex(std::string_view json);

}  // namespace walchen::formats
