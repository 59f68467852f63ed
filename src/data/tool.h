// SPDX-License-Identifier: Apache-2.0
//
// Other people's programs that turn a document into text: pdftotext, tesseract, mandoc. They inherit the sandbox of the
// worker that starts them, and end with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

// What a tool finds in place of the name of its input: a file in memory that holds it, which it may read at any place.
inline constexpr std::string_view kToolInput = "/proc/self/fd/0";

// Starts `arguments[0]` (found by $PATH) with `input` and returns what it prints. `package` is the Debian package that
// has it. Errors: kUnavailable (no such program), kCorrupt (it failed: with the first line of its complaints),
// kTooLarge (it prints more than kExtractToolMaxBytes), kIo. Not for a process with threads that hold locks of malloc.
Result<std::string> RunTool(std::vector<std::string> arguments, std::string_view input, std::string_view package);

}  // namespace walchen::data
