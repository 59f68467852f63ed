// SPDX-License-Identifier: Apache-2.0
//
// A TOML text as a tree of plain values that know their line (toml.io, version 1.0). One source file includes toml++,
// which is slow to compile; this is what the rest sees.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace walchen::runs {

struct TomlNode;
using TomlArray = std::vector<TomlNode>;
using TomlKeys = std::map<std::string, TomlNode>;
// Dates and times are legal TOML, but nothing here takes one.
struct TomlDate {};

struct TomlNode {
  std::variant<bool, int64_t, double, std::string, TomlDate, TomlArray, TomlKeys> value;
  int line = 0;  // the first one is 1; 0: a table that is only there because of what is in it
};

// The table that a text is. `where` names it in messages ("recipe.toml").
// Errors: kTooLarge (kRecipeMaxBytes, kRecipeMaxDepth), kInvalidArgument with the line.
Result<TomlNode> ParseToml(std::string_view toml, std::string_view where);

// What a value is, for "expected ..., found ...": a number as written, a text in quotes, "a table".
std::string Describe(const TomlNode& node);

// A value as TOML: a float always with a point or an exponent, a text in quotes on one line.
std::string WriteToml(bool value);
std::string WriteToml(int64_t value);
std::string WriteToml(double value);
std::string WriteToml(std::string_view value);
// A key, in quotes where it needs some.
std::string WriteTomlKey(std::string_view key);

}  // namespace walchen::runs
