// SPDX-License-Identifier: Apache-2.0
#include "serve/json_fields.h"

#include <fmt/core.h>

namespace walchen::serve {

std::string Excerpt(const Json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return fmt::format("an object of {}", value.size());
  constexpr size_t kLongest = 80;
  if (value.is_string() && value.get_ref<const std::string&>().size() > kLongest) {
    return fmt::format("a text of {} bytes", value.get_ref<const std::string&>().size());
  }
  return WriteJson(value);
}

std::string JsonFields::Named(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const Json* JsonFields::Find(std::string_view name) const {
  const auto found = object_.find(std::string(name));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void JsonFields::Refuse(std::string_view name, std::string_view expected, const Json& found, std::string code) {
  const std::string field = Named(name);
  Refuse({400, fmt::format("{}: expected {}, found {}", field, expected, Excerpt(found)), field, std::move(code)});
}

void JsonFields::Refuse(OpenAiError error) {
  if (!error_) error_ = std::move(error);
}

void JsonFields::Number(std::string_view name, Interval range, float& value) {
  const Json* const field = Find(name);
  if (!field) return;
  const double number = field->is_number() ? field->get<double>() : range.least - 1;
  const bool inside = number <= range.most && (range.open_below ? number > range.least : number >= range.least);
  if (inside) {
    value = static_cast<float>(number);
  } else {
    Refuse(name,
           fmt::format("a number {} {} and at most {}", range.open_below ? "above" : "of at least", range.least,
                       range.most),
           *field);
  }
}

void JsonFields::Integer(std::string_view name, int64_t least, int64_t most, int& value) {
  const Json* const field = Find(name);
  if (!field) return;
  const bool fits = field->is_number_unsigned() ? field->get<uint64_t>() <= static_cast<uint64_t>(most)
                                                : field->is_number_integer() && field->get<int64_t>() <= most;
  if (fits && field->get<int64_t>() >= least) {
    value = static_cast<int>(field->get<int64_t>());
  } else {
    Refuse(name, fmt::format("a whole number from {} to {}", least, most), *field);
  }
}

void JsonFields::Boolean(std::string_view name, bool& value) {
  const Json* const field = Find(name);
  if (!field) return;
  if (field->is_boolean()) {
    value = field->get<bool>();
  } else {
    Refuse(name, "true or false", *field);
  }
}

void JsonFields::Text(std::string_view name, std::string& value) {
  const Json* const field = Find(name);
  if (!field) return;
  if (field->is_string()) {
    value = field->get_ref<const std::string&>();
  } else {
    Refuse(name, "a text", *field);
  }
}

void JsonFields::Seed(std::string_view name, std::optional<uint64_t>& value) {
  const Json* const field = Find(name);
  if (!field) return;
  if (field->is_number_unsigned()) {
    value = field->get<uint64_t>();
  } else if (field->is_number_integer()) {
    value = static_cast<uint64_t>(field->get<int64_t>());
  } else {
    Refuse(name, "a whole number of 64 bits", *field);
  }
}

}  // namespace walchen::serve
