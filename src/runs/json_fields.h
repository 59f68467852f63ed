// SPDX-License-Identifier: Apache-2.0
//
// One JSON object from a run folder, read without trust: a missing member and one of another type are errors that name
// it. Nothing here throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace walchen::runs {

// The object that a text is. Errors: kCorrupt.
Result<nlohmann::json> ParseObject(std::string_view text);

// A member of an object. Errors: kCorrupt.
Result<int64_t> WholeOf(const nlohmann::json& object, const char* name, int64_t least = 0);
Result<double> NumberOf(const nlohmann::json& object, const char* name);  // null is NaN, as JSON has no other word for it
Result<bool> FlagOf(const nlohmann::json& object, const char* name);
Result<std::string> TextOf(const nlohmann::json& object, const char* name);

// Compact, always valid UTF-8: what is not becomes U+FFFD.
std::string WriteLine(const nlohmann::ordered_json& value);

}  // namespace walchen::runs
