// SPDX-License-Identifier: Apache-2.0
//
// Typed reading of a request's fields. The first field that is wrong is remembered, with its name, what was found and
// what is allowed; everything after it does nothing, so a reader lists its fields and looks for the error once. A field
// that is missing or null leaves its variable as it is.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "serve/json_text.h"
#include "serve/openai_error.h"

namespace walchen::serve {

struct Interval {
  double least = 0;
  double most = 0;
  bool open_below = false;  // `least` itself is not allowed
};

class JsonFields {
 public:
  // `path` stands in front of names in errors: "messages[3]".
  explicit JsonFields(const Json& object, std::string path = "") : object_(object), path_(std::move(path)) {}

  // Null for missing and null.
  const Json* Find(std::string_view name) const;
  void Number(std::string_view name, Interval range, float& value);
  void Integer(std::string_view name, int64_t least, int64_t most, int& value);
  void Boolean(std::string_view name, bool& value);
  void Text(std::string_view name, std::string& value);
  // A 64-bit number; negative ones count down from 2^64, as C++ converts them.
  void Seed(std::string_view name, std::optional<uint64_t>& value);

  // Notes an error: "temperature: expected a number from 0 to 5, found 7".
  void Refuse(std::string_view name, std::string_view expected, const Json& found, std::string code = "invalid_value");
  void Refuse(OpenAiError error);
  const std::optional<OpenAiError>& error() const { return error_; }

 private:
  std::string Named(std::string_view name) const;

  const Json& object_;
  const std::string path_;
  std::optional<OpenAiError> error_;
};

// A value for an error message: short, one line.
std::string Excerpt(const Json& value);

}  // namespace walchen::serve
