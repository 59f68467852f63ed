// SPDX-License-Identifier: Apache-2.0
//
// Reading standard input and other streams without trusting their length.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "base/status.h"

namespace walchen::cli {

// The next line without its line feed; empty at the end of the stream. kTooLarge above max_bytes, kIo.
Result<std::optional<std::string>> ReadLine(std::FILE* stream, uint64_t max_bytes);

// All that is left. kTooLarge above max_bytes, kIo.
Result<std::string> ReadAll(std::FILE* stream, uint64_t max_bytes);

}  // namespace walchen::cli
