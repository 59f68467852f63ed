// SPDX-License-Identifier: Apache-2.0
#include "runs/toml_table.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/nearest.h"

namespace walchen::runs {
namespace {

std::string Describe(const NumberRange& range) {
  return fmt::format("a number {} {}, {} {}", range.above ? "above" : "from", range.least,
                     range.below ? "below" : "at most", range.most);
}

bool IsIn(double value, const NumberRange& range) {  // written so that a NaN is not
  return (range.above ? value > range.least : value >= range.least) &&
         (range.below ? value < range.most : value <= range.most);
}

}  // namespace

TomlTable::TomlTable(const TomlNode& node, std::string file, std::string name)
    : line_(node.line), file_(std::move(file)), name_(std::move(name)) {
  const auto* keys = std::get_if<TomlKeys>(&node.value);
  CHECK(keys != nullptr);
  keys_ = *keys;
}

const TomlNode* TomlTable::Find(std::string_view key) const {
  const auto found = keys_.find(std::string(key));
  return found == keys_.end() ? nullptr : &found->second;
}

std::string TomlTable::Place(int line, std::string_view key) const {
  std::string place = line > 0 ? fmt::format("{}:{}:", file_, line) : fmt::format("{}:", file_);
  if (!name_.empty()) place += ' ' + name_;
  if (!key.empty()) place += fmt::format(" {}", key);
  if (!place.ends_with(':')) place += ':';
  return place;
}

tl::unexpected<Error> TomlTable::Wrong(std::string_view key, std::string_view expected) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "{} expected {}, found nothing", Place(line_, key), expected);
  }
  return Fail(ErrorCode::kInvalidArgument, "{} expected {}, found {}", Place(node->line, key), expected,
              runs::Describe(*node));
}

tl::unexpected<Error> TomlTable::Wrong(std::string_view message) const {
  return Fail(ErrorCode::kInvalidArgument, "{} {}", Place(line_, ""), message);
}

Result<void> TomlTable::Read(std::string_view key, bool& value) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) return {};
  const auto* found = std::get_if<bool>(&node->value);
  if (found == nullptr) return Wrong(key, "true or false");
  value = *found;
  return {};
}

Result<void> TomlTable::Read(std::string_view key, int64_t& value, int64_t least, int64_t most) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) return {};
  const auto* found = std::get_if<int64_t>(&node->value);
  if (found == nullptr || *found < least || *found > most) {
    return Wrong(key, fmt::format("a whole number from {} to {}", least, most));
  }
  value = *found;
  return {};
}

Result<void> TomlTable::Read(std::string_view key, int& value, int64_t least, int64_t most) const {
  int64_t wide = value;
  TRY(Read(key, wide, least, most));
  value = static_cast<int>(wide);
  return {};
}

Result<void> TomlTable::Read(std::string_view key, double& value, NumberRange range) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) return {};
  const auto* whole = std::get_if<int64_t>(&node->value);
  const auto* found = std::get_if<double>(&node->value);
  if (whole == nullptr && found == nullptr) return Wrong(key, Describe(range));
  const double number = whole != nullptr ? static_cast<double>(*whole) : *found;
  if (!IsIn(number, range)) return Wrong(key, Describe(range));
  value = number;
  return {};
}

Result<void> TomlTable::Read(std::string_view key, std::string& value) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) return {};
  const auto* found = std::get_if<std::string>(&node->value);
  if (found == nullptr || found->size() > static_cast<size_t>(base::kRecipeTextMaxBytes)) {
    return Wrong(key, fmt::format("a text of at most {} bytes", base::kRecipeTextMaxBytes));
  }
  value = *found;
  return {};
}

Result<void> TomlTable::Read(std::string_view key, std::vector<std::string>& values) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) return {};
  const auto* items = std::get_if<TomlArray>(&node->value);
  if (items == nullptr) return Wrong(key, "an array of texts");
  values.clear();
  for (const TomlNode& item : *items) {
    const auto* text = std::get_if<std::string>(&item.value);
    if (text == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, "{} expected an array of texts, found {} in it", Place(item.line, key),
                  runs::Describe(item));
    }
    values.push_back(*text);
  }
  return {};
}

Result<void> TomlTable::Read(std::string_view key, size_t& choice, const std::vector<std::string>& choices) const {
  const TomlNode* node = Find(key);
  if (node == nullptr) return {};
  const auto* text = std::get_if<std::string>(&node->value);
  const auto found = text == nullptr ? choices.end() : std::ranges::find(choices, *text);
  if (found == choices.end()) return Wrong(key, fmt::format("one of \"{}\"", fmt::join(choices, "\", \"")));
  choice = static_cast<size_t>(found - choices.begin());
  return {};
}

Result<void> TomlTable::Expect(std::string_view key) const {
  if (!Has(key)) return Wrong(key, "a value, for there is no default");
  return {};
}

Result<TomlTable> TomlTable::Table(std::string_view key) const {
  const TomlNode* node = Find(key);
  const std::string name = fmt::format("[{}]", key);
  if (node == nullptr) return TomlTable(TomlNode{.value = TomlKeys(), .line = 0}, file_, name);
  if (!std::holds_alternative<TomlKeys>(node->value)) return Wrong(key, fmt::format("a table {}", name));
  return TomlTable(*node, file_, name);
}

Result<std::vector<TomlTable>> TomlTable::Tables(std::string_view key, int64_t most) const {
  const TomlNode* node = Find(key);
  std::vector<TomlTable> tables;
  if (node == nullptr) return tables;
  const auto* items = std::get_if<TomlArray>(&node->value);
  if (items == nullptr) return Wrong(key, fmt::format("tables that begin with [[{}]]", key));
  if (items->size() > static_cast<size_t>(most)) {
    return Fail(ErrorCode::kInvalidArgument, "{} expected at most {} of them, found {}", Place(node->line, key), most,
                items->size());
  }
  for (const TomlNode& item : *items) {
    if (!std::holds_alternative<TomlKeys>(item.value)) {
      return Wrong(key, fmt::format("tables that begin with [[{}]]", key));
    }
    tables.emplace_back(item, file_, fmt::format("[[{}]]", key));
  }
  return tables;
}

Result<void> TomlTable::AllowOnly(const std::vector<std::string>& known) const {
  const std::pair<const std::string, TomlNode>* first = nullptr;
  for (const auto& entry : keys_) {
    const bool is_known = std::ranges::find(known, entry.first) != known.end();
    if (!is_known && (first == nullptr || entry.second.line < first->second.line)) first = &entry;
  }
  if (first == nullptr) return {};
  const std::string_view nearest = base::Nearest(first->first, known);
  return Fail(ErrorCode::kInvalidArgument, "{} unknown key {}{}", Place(first->second.line, ""),
              base::Quoted(first->first),
              nearest.empty() ? fmt::format("; known are {}", fmt::join(known, ", "))
                              : fmt::format("; did you mean {}?", nearest));
}

}  // namespace walchen::runs
