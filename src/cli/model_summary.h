// SPDX-License-Identifier: Apache-2.0
//
// What `model ls` and `model show` say about a model file.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "formats/gguf.h"

namespace walchen::cli {

struct ModelSummary {
  std::string architecture;                  // "llama"; empty where the file does not say
  uint64_t parameters = 0;                   // values of all tensors
  std::map<std::string, int> tensors_of;     // how many tensors have a type: {"Q4_1": 211, "F32": 61}
  std::string weight_type;                   // the type of most parameters
};

ModelSummary Summarise(const formats::GgufFile& file);

// "134.5M", "1.24B"
std::string HumanCount(uint64_t count);

}  // namespace walchen::cli
