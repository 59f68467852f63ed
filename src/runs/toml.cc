// SPDX-License-Identifier: Apache-2.0
#include "runs/toml.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "runs/plain_toml.h"

namespace {

// What toml++ asserts of its state some texts break ("[=" does): by default that ends the process, with NDEBUG it is
// undefined. Here it ends the parsing.
struct BrokenAssertion {};
constexpr void TomlAssert(bool holds) {
  if (!holds) throw BrokenAssertion();
}

}  // namespace

// toml++ in one file only, whole (its shared library was built with exceptions) and without what is not needed. Its
// parser counts how deep brackets nest; how deep dots nest is counted in runs/plain_toml.h.
#undef NDEBUG
#define TOML_ASSERT(condition) TomlAssert(static_cast<bool>(condition))
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 8
static_assert(TOML_MAX_NESTED_VALUES == walchen::base::kRecipeMaxDepth);
#include <toml++/toml.h>

namespace walchen::runs {
namespace {

// Empty where the text broke an assertion of toml++.
std::optional<toml::parse_result> Parse(std::string_view toml) {
  try {
    return toml::parse(toml);
  } catch (const BrokenAssertion&) {
    return std::nullopt;
  }
}

// The line that breaks an assertion: the fewest lines from the beginning that do so together.
int BreakingLine(std::string_view toml) {
  std::vector<size_t> ends;
  for (size_t i = 0; i < toml.size(); ++i) {
    if (toml[i] == '\n' || i + 1 == toml.size()) ends.push_back(i + 1);
  }
  const auto parses = [&](size_t end) { return Parse(toml.substr(0, end)).has_value(); };
  const auto breaking = std::ranges::partition_point(ends, parses);
  return static_cast<int>(breaking - ends.begin()) + 1;
}

// NOLINTBEGIN(misc-no-recursion): kRecipeMaxDepth dots in each of kRecipeMaxDepth brackets, more do not get here
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
// NOLINTEND(misc-no-recursion): see above

}  // namespace

Result<TomlNode> ParseToml(std::string_view toml, std::string_view where) {
  if (toml.size() > static_cast<size_t>(base::kRecipeMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "{}: expected at most {} bytes, found {}", where, base::kRecipeMaxBytes,
                toml.size());
  }
  TRY_ASSIGN(const std::string plain, PlainToml(toml, where));
  const std::optional<toml::parse_result> parsed = Parse(plain);
  if (!parsed) {
    return Fail(ErrorCode::kInvalidArgument, "{}:{}: expected TOML: found a name or value that cannot begin like this",
                where, BreakingLine(plain));
  }
  if (!*parsed) {
    return Fail(ErrorCode::kInvalidArgument, "{}:{}: expected TOML: {}", where, parsed->error().source().begin.line,
                parsed->error().description());
  }
  return Convert(parsed->table());
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
