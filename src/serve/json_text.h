// SPDX-License-Identifier: Apache-2.0
//
// JSON text from outside as a value, and back. Nothing here throws.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace walchen::serve {

using Json = nlohmann::ordered_json;

// Strict JSON in valid UTF-8. Time and memory are linear in the text: nlohmann's own insertion into an ordered object
// searches it each time, which a body with a million keys would turn into hours.
// Errors: kCorrupt with the byte offset (malformed, a name twice in one object), kTooLarge (deeper than kJsonMaxDepth,
// more than kRequestMaxJsonValues values).
Result<Json> ParseJson(std::string_view text);

// Compact, always valid UTF-8: what is not becomes U+FFFD.
std::string WriteJson(const Json& value);

}  // namespace walchen::serve
