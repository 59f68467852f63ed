// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_json.h"

#include <cmath>

#include "base/bytes.h"
#include "base/limits.h"

namespace walchen::model {
namespace {

using nlohmann::json;

// What stands there, for a message. Only plain values are printed: dump() recurses, and the nesting is the file's.
std::string Describe(const json& value) {
  return value.is_structured() ? std::string("an ") + value.type_name()
                               : value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60);
}

}  // namespace

Result<JsonObject> JsonObject::Read(base::Files& files, const base::Path& path, int64_t max_bytes) {
  TRY_ASSIGN(const std::string text, files.Read(path, static_cast<uint64_t>(max_bytes)));
  return Parse(text, path.native());
}

Result<JsonObject> JsonObject::ReadOptional(base::Files& files, const base::Path& path, int64_t max_bytes) {
  auto object = Read(files, path, max_bytes);
  const bool missing = !object && object.error().code() == ErrorCode::kNotFound;
  return missing ? JsonObject() : std::move(object);
}

Result<JsonObject> JsonObject::Parse(std::string_view text, std::string where) {
  bool too_deep = false;
  const auto watch_depth = [&](int depth, json::parse_event_t, json&) { return !(too_deep |= depth > base::kJsonMaxDepth); };
  JsonObject object;
  object.json_ = json::parse(text, watch_depth, /*allow_exceptions=*/false);
  if (too_deep) return Fail(ErrorCode::kTooLarge, "{}: more than {} levels of brackets", where, base::kJsonMaxDepth);
  if (!object.json_.is_object()) return Fail(ErrorCode::kCorrupt, "{}: expected a JSON object", where);
  object.where_ = std::move(where);
  return object;
}

const json* JsonObject::Find(std::string_view key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

Error JsonObject::Wrong(std::string_view key, std::string_view expected) const {
  const json* value = Find(key);
  return Error(value == nullptr ? ErrorCode::kNotFound : ErrorCode::kUnsupported,
               fmt::format("{}: {}: expected {}, found {}", where_, key, expected,
                           value == nullptr ? "nothing" : Describe(*value)));
}

Result<int> JsonObject::Count(std::string_view key, int64_t max) const {
  const json* value = Find(key);
  const bool fits = value != nullptr && value->is_number_unsigned() && *value >= 1 && *value <= max;
  if (!fits) return tl::unexpected(Wrong(key, fmt::format("a whole number from 1 to {}", max)));
  return value->get<int>();
}

Result<int> JsonObject::CountOr(std::string_view key, int64_t max, int missing) const {
  const json* value = Find(key);
  if (value == nullptr || (value->is_number_unsigned() && *value == 0)) return missing;
  return Count(key, max);
}

Result<double> JsonObject::PositiveOr(std::string_view key, double missing) const {
  const json* value = Find(key);
  if (value == nullptr) return missing;
  const bool fits = value->is_number() && value->get<double>() > 0 && std::isfinite(value->get<double>());
  if (!fits) return tl::unexpected(Wrong(key, "a positive number"));
  return value->get<double>();
}

Result<bool> JsonObject::BoolOr(std::string_view key, bool missing) const {
  const json* value = Find(key);
  if (value == nullptr) return missing;
  if (!value->is_boolean()) return tl::unexpected(Wrong(key, "true or false"));
  return value->get<bool>();
}

Result<std::string> JsonObject::TextOr(std::string_view key, std::string_view missing) const {
  const json* value = Find(key);
  if (value == nullptr) return std::string(missing);
  if (!value->is_string()) return tl::unexpected(Wrong(key, "a text"));
  return value->get<std::string>();
}

Result<JsonObject> JsonObject::Object(std::string_view key) const {
  JsonObject object;
  object.where_ = fmt::format("{}: {}", where_, key);
  const json* value = Find(key);
  if (value == nullptr) return object;
  if (!value->is_object()) return tl::unexpected(Wrong(key, "an object"));
  object.json_ = *value;
  return object;
}

}  // namespace walchen::model
