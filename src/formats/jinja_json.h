// SPDX-License-Identifier: Apache-2.0
//
// Values from and to JSON: the variables of a rendering on the way in, the filter `tojson` on the way out.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

// `json` must outlive the runtime: texts are not copied. Trusted says whether its texts may hold special tokens.
// A number above the 64-bit integers becomes a float. Errors: kResourceExhausted (nested deeper than kJsonMaxDepth).
Result<Value> FromJson(Runtime& runtime, const nlohmann::ordered_json& json, bool trusted);

// Python's json.dumps with what Hugging Face's tojson lets a template choose.
struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

// Appended, untrusted. Errors: kCorrupt (a value JSON does not have), kResourceExhausted.
Result<void> AppendJson(Runtime& runtime, const Value& value, const JsonStyle& style, TextBuilder& out);

}  // namespace walchen::formats::jinja
