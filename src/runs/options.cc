// SPDX-License-Identifier: Apache-2.0
#include "runs/options.h"

#include <vector>

#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/nearest.h"
#include "runs/toml.h"

namespace walchen::runs {
namespace {

std::string DescribeValue(const Options::Value& value) {
  return std::visit([](const auto& v) { return Describe(TomlNode{.value = v, .line = 0}); }, value);
}

}  // namespace

void Options::Set(std::string key, Value value, int line) {
  lines_[key] = line;
  values_.insert_or_assign(std::move(key), std::move(value));
}

const Options::Value* Options::Ask(std::string_view key) {
  const auto [name, added] = asked_.emplace(key);
  const auto found = values_.find(*name);
  return found == values_.end() ? nullptr : &found->second;
}

std::string Options::Place(std::string_view key) const {
  const auto line = lines_.find(std::string(key));
  if (line == lines_.end() || line->second == 0) return fmt::format("{}: {}", file_, part_);
  return fmt::format("{}:{}: {}", file_, line->second, part_);
}

tl::unexpected<Error> Options::Wrong(std::string_view key, std::string_view expected) const {
  return Fail(ErrorCode::kInvalidArgument, "{}: {}: expected {}, found {}", Place(key), key, expected,
              DescribeValue(values_.find(std::string(key))->second));
}

Result<int64_t> Options::Int(std::string_view key, int64_t missing, int64_t least, int64_t most) {
  const Value* value = Ask(key);
  if (value == nullptr) return missing;
  const auto* number = std::get_if<int64_t>(value);
  if (number == nullptr || *number < least || *number > most) {
    return Wrong(key, fmt::format("a whole number from {} to {}", least, most));
  }
  return *number;
}

Result<double> Options::Number(std::string_view key, double missing, double least, double most) {
  const Value* value = Ask(key);
  if (value == nullptr) return missing;
  const auto* whole = std::get_if<int64_t>(value);
  const auto* real = std::get_if<double>(value);
  if (whole != nullptr || real != nullptr) {
    const double number = whole != nullptr ? static_cast<double>(*whole) : *real;
    if (number >= least && number <= most) return number;
  }
  return Wrong(key, fmt::format("a number from {} to {}", least, most));
}

Result<std::string> Options::Text(std::string_view key, std::string_view missing) {
  const Value* value = Ask(key);
  if (value == nullptr) return std::string(missing);
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) return Wrong(key, "a text");
  return *text;
}

Result<bool> Options::Flag(std::string_view key, bool missing) {
  const Value* value = Ask(key);
  if (value == nullptr) return missing;
  const auto* flag = std::get_if<bool>(value);
  if (flag == nullptr) return Wrong(key, "true or false");
  return *flag;
}

Result<void> Options::RefuseOthers() const {
  for (const auto& [key, value] : values_) {
    if (asked_.contains(key)) continue;
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    const std::string_view nearest = base::Nearest(key, known);
    const std::string list = known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "));
    return Fail(ErrorCode::kInvalidArgument, "{}: unknown key {}{}", Place(key), base::Quoted(key),
                nearest.empty() ? fmt::format("; known are {}", list) : fmt::format("; did you mean {}?", nearest));
  }
  return {};
}

}  // namespace walchen::runs
