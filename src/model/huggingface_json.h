// SPDX-License-Identifier: Apache-2.0
//
// The JSON files of a Hugging Face folder, read without trust: a missing member, one of another type and one out of range
// are errors that name the file and the member. Null counts as missing, as in Python's classes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/status.h"

namespace walchen::model {

class JsonObject {
 public:
  // Errors: those of base::Files, kTooLarge, kCorrupt.
  static Result<JsonObject> Read(base::Files& files, const base::Path& path, int64_t max_bytes);
  // As Read; an object without members if there is no such file.
  static Result<JsonObject> ReadOptional(base::Files& files, const base::Path& path, int64_t max_bytes);
  static Result<JsonObject> Parse(std::string_view text, std::string where);

  // Null if there is none.
  const nlohmann::json* Find(std::string_view key) const;

  Result<int> Count(std::string_view key, int64_t max) const;  // 1 to max
  Result<int> CountOr(std::string_view key, int64_t max, int missing) const;
  Result<double> PositiveOr(std::string_view key, double missing) const;
  Result<bool> BoolOr(std::string_view key, bool missing) const;
  Result<std::string> TextOr(std::string_view key, std::string_view missing) const;
  // The object under a key; one without members if it is missing.
  Result<JsonObject> Object(std::string_view key) const;

  // "config.json: hidden_act: expected ..., found ..."
  Error Wrong(std::string_view key, std::string_view expected) const;

 private:
  nlohmann::json json_ = nlohmann::json::object();
  std::string where_;
};

}  // namespace walchen::model
