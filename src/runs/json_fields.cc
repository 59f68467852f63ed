// SPDX-License-Identifier: Apache-2.0
#include "runs/json_fields.h"

#include <limits>

#include "base/bytes.h"

namespace walchen::runs {
namespace {

using nlohmann::json;

const json* Find(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

tl::unexpected<Error> Wrong(const char* name, std::string_view expected, const json* found) {
  constexpr auto kReplace = json::error_handler_t::replace;
  return Fail(ErrorCode::kCorrupt, "{}: expected {}, found {}", name, expected,
              found == nullptr ? "nothing" : base::Quoted(found->dump(-1, ' ', false, kReplace)));
}

}  // namespace

Result<json> ParseObject(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return Fail(ErrorCode::kCorrupt, "expected a JSON object, found {}", base::Quoted(text));
  return value;
}

Result<int64_t> WholeOf(const json& object, const char* name, int64_t least) {
  const json* value = Find(object, name);
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const bool fits = value != nullptr && value->is_number_integer() &&
                    !(value->is_number_unsigned() && value->get<uint64_t>() > kMost);
  if (!fits || value->get<int64_t>() < least) return Wrong(name, fmt::format("a whole number from {}", least), value);
  return value->get<int64_t>();
}

Result<double> NumberOf(const json& object, const char* name) {
  const json* value = Find(object, name);
  if (value != nullptr && value->is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value == nullptr || !value->is_number()) return Wrong(name, "a number", value);
  return value->get<double>();
}

Result<bool> FlagOf(const json& object, const char* name) {
  const json* value = Find(object, name);
  if (value == nullptr || !value->is_boolean()) return Wrong(name, "true or false", value);
  return value->get<bool>();
}

Result<std::string> TextOf(const json& object, const char* name) {
  const json* value = Find(object, name);
  if (value == nullptr || !value->is_string()) return Wrong(name, "a text", value);
  return value->get<std::string>();
}

std::string WriteLine(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace walchen::runs
