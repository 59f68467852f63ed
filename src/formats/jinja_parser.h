// SPDX-License-Identifier: Apache-2.0
//
// Reads a whole template: text, {{ }} and the statements of {% %}.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "formats/jinja_ast.h"

namespace walchen::formats::jinja {

// Errors: kCorrupt with line and column, kUnsupported (names the construct), kTooLarge.
Result<std::unique_ptr<const Program>> ParseProgram(std::string_view source);

}  // namespace walchen::formats::jinja
