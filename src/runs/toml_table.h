// SPDX-License-Identifier: Apache-2.0
//
// One table of a recipe, read key by key without trust: what is of the wrong type or out of range is an error that names
// the file, the line, the table and the key; a key that nobody knows is an error too, with what it was most likely meant
// to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "runs/toml.h"

namespace walchen::runs {

// What a number may be.
struct NumberRange {
  double least = 0;
  double most = 0;
  bool above = false;  // least itself is out
  bool below = false;  // most itself is out
};

// Thread-safe as any value is. All errors are kInvalidArgument.
class TomlTable {
 public:
  // `name` as in messages, "[optimiser]"; empty for the whole text.
  TomlTable(const TomlNode& node, std::string file, std::string name);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  // An error if there is another key than these. Call it first: a misspelt key is told before one that is missing.
  Result<void> AllowOnly(const std::vector<std::string>& known) const;

  // Each leaves `value` as it is where there is no such key.
  Result<void> Read(std::string_view key, bool& value) const;
  Result<void> Read(std::string_view key, int64_t& value, int64_t least, int64_t most) const;
  Result<void> Read(std::string_view key, int& value, int64_t least, int64_t most) const;
  Result<void> Read(std::string_view key, double& value, NumberRange range) const;
  Result<void> Read(std::string_view key, std::string& value) const;
  Result<void> Read(std::string_view key, std::vector<std::string>& values) const;
  // The index of the text in `choices`.
  Result<void> Read(std::string_view key, size_t& choice, const std::vector<std::string>& choices) const;
  // That there is such a key, for those without a default.
  Result<void> Expect(std::string_view key) const;

  // The table under a key; an empty one if there is none.
  Result<TomlTable> Table(std::string_view key) const;
  // The tables of `[[key]]`, at most so many.
  Result<std::vector<TomlTable>> Tables(std::string_view key, int64_t most) const;

  // The error that the value of a key is not what was expected: "recipe.toml:3: [text] heads: expected ..., found ...".
  tl::unexpected<Error> Wrong(std::string_view key, std::string_view expected) const;
  // An error about the table as a whole.
  tl::unexpected<Error> Wrong(std::string_view message) const;

  const TomlKeys& keys() const { return keys_; }
  const std::string& file() const { return file_; }

 private:
  const TomlNode* Find(std::string_view key) const;
  std::string Place(int line, std::string_view key) const;

  TomlKeys keys_;
  int line_;
  std::string file_;
  std::string name_;
};

}  // namespace walchen::runs
