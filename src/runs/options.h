// SPDX-License-Identifier: Apache-2.0
//
// The options of one data source: what a recipe says under [data.options], checked by the generator or reader that takes
// them, for only that knows what there is.
//
//   Options options = data.options;                                      // a copy: reading remembers what was asked for
//   TRY_ASSIGN(const int64_t channels, options.Int("channels", 4, 1, 64));
//   TRY(options.RefuseOthers());                                         // "chanels" is an error, not a default
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"

namespace walchen::runs {

// Not thread-safe. All errors are kInvalidArgument and name the place, the key, what was expected and what was found.
class Options {
 public:
  using Value = std::variant<bool, int64_t, double, std::string>;

  Options() = default;
  // The place as in messages: a file, and a part of it such as `[data.options] of "captions"`.
  Options(std::string file, std::string part) : file_(std::move(file)), part_(std::move(part)) {}

  // `line` is where it stands in the file; 0 where there is none.
  void Set(std::string key, Value value, int line = 0);

  // The value of a key, or `missing` where there is no such key; ends of a range are included.
  Result<int64_t> Int(std::string_view key, int64_t missing, int64_t least, int64_t most);
  Result<double> Number(std::string_view key, double missing, double least, double most);  // a whole number is one
  Result<std::string> Text(std::string_view key, std::string_view missing);
  Result<bool> Flag(std::string_view key, bool missing);

  // Call last: an error if there is a key that was not asked for.
  Result<void> RefuseOthers() const;

  const std::map<std::string, Value>& values() const { return values_; }

  // The same keys with the same values, wherever they stand.
  friend bool operator==(const Options& a, const Options& b) { return a.values_ == b.values_; }

 private:
  const Value* Ask(std::string_view key);
  std::string Place(std::string_view key) const;
  tl::unexpected<Error> Wrong(std::string_view key, std::string_view expected) const;

  std::string file_ = "recipe";
  std::string part_ = "options";
  std::map<std::string, Value> values_;
  std::map<std::string, int> lines_;
  std::set<std::string> asked_;
};

}  // namespace walchen::runs
