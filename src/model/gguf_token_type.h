// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace walchen::model {

// tokenizer.ggml.token_type
enum TokenType : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

}  // namespace walchen::model
