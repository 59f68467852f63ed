// SPDX-License-Identifier: Apache-2.0
#include "runs/toml.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "base/limits.h"

// toml++ in one file only, whole (its shared library was built with exceptions) and without what is not needed. Its
// parser counts how deep brackets nest; how deep dots nest is counted here.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 8
static_assert(TOML_MAX_NESTED_VALUES == walchen::base::kRecipeMaxDepth);
#include <toml++/toml.h>

namespace walchen::runs {
namespace {

// The end of the text in quotes that begins at `begin`, or of the whole if it is not closed.
size_t EndOfQuoted(std::string_view toml, size_t begin) {
  const char quote = toml[begin];
  const std::string three(3, quote);
  const bool is_long = toml.substr(begin).starts_with(three);
  size_t i = begin + (is_long ? 3 : 1);
  while (i < toml.size()) {
    if (quote == '"' && toml[i] == '\\') {
      i += 2;
    } else if (is_long && toml.substr(i).starts_with(three)) {
      // Up to two more quotes belong to the text: they must not be taken for the beginning of the next one.
      return std::min({toml.find_first_not_of(quote, i), i + 5, toml.size()});
    } else if (!is_long && (toml[i] == quote || toml[i] == '\n')) {
      return i + 1;
    } else {
      ++i;
    }
  }
  return toml.size();
}

// A key `a.b.c...` makes a table in a table for each dot, and toml++ frees what it made by recursion: a text of nothing
// but dots would end the process. So that is looked for before it sees the text.
Result<void> RefuseManyDots(std::string_view toml, std::string_view where) {
  int64_t dots = 0;
  int line = 1;
  for (size_t i = 0; i < toml.size();) {
    const char c = toml[i];
    if (c == '"' || c == '\'') {
      const size_t end = EndOfQuoted(toml, i);
      for (; i < end; ++i) line += toml[i] == '\n' ? 1 : 0;
      continue;
    }
    if (c == '#') {
      i = std::min(toml.find('\n', i), toml.size());
      continue;
    }
    if (c == '.' && ++dots > base::kRecipeMaxDepth) {
      return Fail(ErrorCode::kTooLarge, "{}:{}: expected at most {} tables in each other, found a name with more dots",
                  where, line, base::kRecipeMaxDepth);
    }
    if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) dots = 0;
    line += c == '\n' ? 1 : 0;
    ++i;
  }
  return {};
}

// Depth: what toml++ allows, brackets and dots.
TomlNode Convert(const toml::node& node) {
  TomlNode out;
  out.line = static_cast<int>(node.source().begin.line);
  node.visit([&](const auto& value) {
    using Node = std::decay_t<decltype(value)>;
    if constexpr (toml::is_table<Node>) {
      TomlKeys keys;
      for (const auto& [key, child] : value) keys.emplace(std::string(key.str()), Convert(child));
      out.value = std::move(keys);
    } else if constexpr (toml::is_array<Node>) {
      TomlArray items;
      for (const toml::node& child : value) items.push_back(Convert(child));
      out.value = std::move(items);
    } else if constexpr (toml::is_string<Node>) {
      out.value = std::string(value.get());
    } else if constexpr (toml::is_integer<Node>) {
      out.value = int64_t{value.get()};
    } else if constexpr (toml::is_floating_point<Node>) {
      out.value = double{value.get()};
    } else if constexpr (toml::is_boolean<Node>) {
      out.value = bool{value.get()};
    } else {
      out.value = TomlDate{};
    }
  });
  return out;
}

}  // namespace

Result<TomlNode> ParseToml(std::string_view toml, std::string_view where) {
  if (toml.size() > static_cast<size_t>(base::kRecipeMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "{}: expected at most {} bytes, found {}", where, base::kRecipeMaxBytes,
                toml.size());
  }
  TRY(RefuseManyDots(toml, where));
  const toml::parse_result parsed = toml::parse(toml);
  if (!parsed) {
    return Fail(ErrorCode::kInvalidArgument, "{}:{}: expected TOML: {}", where, parsed.error().source().begin.line,
                parsed.error().description());
  }
  return Convert(parsed.table());
}

std::string Describe(const TomlNode& node) {
  if (const auto* value = std::get_if<bool>(&node.value)) return WriteToml(*value);
  if (const auto* value = std::get_if<int64_t>(&node.value)) return WriteToml(*value);
  if (const auto* value = std::get_if<double>(&node.value)) return WriteToml(*value);
  if (const auto* value = std::get_if<std::string>(&node.value)) return base::Quoted(*value);
  if (std::holds_alternative<TomlArray>(node.value)) return "an array";
  if (std::holds_alternative<TomlKeys>(node.value)) return "a table";
  return "a date or time";
}

std::string WriteToml(bool value) { return value ? "true" : "false"; }

std::string WriteToml(int64_t value) { return fmt::format("{}", value); }

std::string WriteToml(double value) {
  if (std::isnan(value)) return "nan";
  std::string text = fmt::format("{}", value);  // the shortest text that gives the same number
  if (text.find_first_of(".ein") == std::string::npos) text += ".0";
  return text;
}

std::string WriteToml(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string WriteTomlKey(std::string_view key) {
  const bool is_bare = !key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                             "0123456789_-") == std::string_view::npos;
  return is_bare ? std::string(key) : WriteToml(key);
}

}  // namespace walchen::runs
