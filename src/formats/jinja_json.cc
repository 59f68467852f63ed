// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

using Json = nlohmann::ordered_json;

Value NumberFromJson(const Json& json) {
  if (json.is_number_float()) return Value::Float(json.get<double>());
  if (!json.is_number_unsigned()) return Value::Int(json.get<int64_t>());
  const auto number = json.get<uint64_t>();
  const bool fits = number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return fits ? Value::Int(static_cast<int64_t>(number)) : Value::Float(static_cast<double>(number));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kJsonMaxDepth
Result<Value> FromJsonWithin(Runtime& runtime, const Json& json, bool trusted, int64_t depth) {
  if (json.is_null()) return Value::None();
  if (json.is_boolean()) return Value::Bool(json.get<bool>());
  if (json.is_number()) return NumberFromJson(json);
  if (json.is_string()) return runtime.BorrowedText(json.get_ref<const std::string&>(), trusted);
  if (depth == 0) {
    return Fail(ErrorCode::kResourceExhausted, "variables are nested deeper than {} levels", base::kJsonMaxDepth);
  }
  if (json.is_array()) {
    std::vector<Value> items;
    for (const Json& element : json) {
      TRY_ASSIGN(items.emplace_back(), FromJsonWithin(runtime, element, trusted, depth - 1));
    }
    return runtime.Sequence(std::move(items));
  }
  if (!json.is_object()) return Fail(ErrorCode::kInvalidArgument, "variables hold binary data");
  TRY(runtime.Spend(json.size()));
  auto& dict = runtime.Make<DictObject>();
  for (const auto& [key, element] : json.items()) {
    TRY_ASSIGN(const Value value, FromJsonWithin(runtime, element, trusted, depth - 1));
    dict.Set(runtime.BorrowedText(key, trusted), value);
  }
  return Value(&dict);
}

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style, TextBuilder& out)
      : runtime_(runtime), style_(style), out_(out) {}

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> Write(const Value& value) {
    TRY(runtime_.Spend());
    const bool array = value.Is(Kind::kSequence) && (value.sequence().type == SequenceType::kList ||
                                                     value.sequence().is_tuple());
    if (value.Is(Kind::kString)) {
      TRY(runtime_.SpendOnBytes(value.string().size()));
      WriteString(value.string().bytes());
      return {};
    }
    if (value.Is(Kind::kNone) || value.is_number()) {
      Put(ScalarText(value));
      return {};
    }
    if (!array && !value.Is(Kind::kDict)) {
      return Fail(ErrorCode::kCorrupt, "an object of type {} cannot be written as JSON", value.TypeName());
    }
    if (++level_ > static_cast<size_t>(base::kTemplateMaxFrames)) {
      return Fail(ErrorCode::kResourceExhausted, "values nested too deep for JSON");
    }
    TRY(array ? WriteArray(value.sequence().items) : WriteObject(value.dict()));
    --level_;
    return {};
  }

 private:
  void Put(std::string_view text) { out_.Append(text, false); }

  static std::string ScalarText(const Value& value) {
    switch (value.kind()) {
      case Kind::kNone: return "null";
      case Kind::kBool: return value.integer() != 0 ? "true" : "false";
      case Kind::kInt: return fmt::format("{}", value.integer());
      default: break;
    }
    if (std::isnan(value.number())) return "NaN";
    if (std::isinf(value.number())) return value.number() < 0 ? "-Infinity" : "Infinity";
    return FloatText(value.number());
  }

  void WriteUtf16(uint32_t code_point) {
    if (code_point >= 0x10000) {
      const uint32_t rest = code_point - 0x10000;
      Put(fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF)));
    } else {
      Put(fmt::format("\\u{:04x}", code_point));
    }
  }

  static std::string_view ShortEscape(uint32_t code_point) {
    switch (code_point) {
      case '"': return "\\\"";
      case '\\': return "\\\\";
      case '\n': return "\\n";
      case '\r': return "\\r";
      case '\t': return "\\t";
      case '\f': return "\\f";
      case '\b': return "\\b";
      default: return {};
    }
  }

  void WriteString(std::string_view bytes) {
    Put("\"");
    size_t copied = 0;
    for (size_t at = 0; at < bytes.size();) {
      const CodePoint code_point = DecodeAt(bytes, at);
      const std::string_view escape = ShortEscape(code_point.value);
      const bool ascii_only = style_.ensure_ascii && code_point.value >= 0x7F && code_point.value != kInvalidCodePoint;
      if (!escape.empty() || code_point.value < 0x20 || (ascii_only && code_point.value != 0x7F)) {
        Put(bytes.substr(copied, at - copied));
        copied = at + code_point.bytes;
        if (escape.empty()) {
          WriteUtf16(code_point.value);
        } else {
          Put(escape);
        }
      }
      at += code_point.bytes;
    }
    Put(bytes.substr(copied));
    Put("\"");
  }

  void NewLine(size_t level) {
    Put("\n");
    for (size_t i = 0; i < level; ++i) Put(*style_.indent);
  }

  // What stands before element number i.
  void Separate(size_t i) {
    if (i > 0) Put(style_.item_separator);
    if (style_.indent) NewLine(level_);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> WriteArray(const std::vector<Value>& items) {
    Put("[");
    for (size_t i = 0; i < items.size(); ++i) {
      Separate(i);
      TRY(Write(items[i]));
    }
    if (style_.indent && !items.empty()) NewLine(level_ - 1);
    Put("]");
    return {};
  }

  Result<void> WriteKey(const Value& key) {
    if (key.Is(Kind::kString)) {
      WriteString(key.string().bytes());
    } else if (key.Is(Kind::kNone) || key.is_number()) {
      WriteString(ScalarText(key));
    } else {
      return Fail(ErrorCode::kCorrupt, "a JSON key cannot be a {}", key.TypeName());
    }
    Put(style_.key_separator);
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> WriteObject(const DictObject& dict) {
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::ranges::stable_sort(entries, [](const auto* a, const auto* b) { return KeyLess()(a->first, b->first); });
    }
    Put("{");
    for (size_t i = 0; i < entries.size(); ++i) {
      Separate(i);
      TRY(WriteKey(entries[i]->first));
      TRY(Write(entries[i]->second));
    }
    if (style_.indent && !entries.empty()) NewLine(level_ - 1);
    Put("}");
    return {};
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  TextBuilder& out_;
  size_t level_ = 0;
};

}  // namespace

Result<Value> FromJson(Runtime& runtime, const Json& json, bool trusted) {
  return FromJsonWithin(runtime, json, trusted, base::kJsonMaxDepth);
}

Result<void> AppendJson(Runtime& runtime, const Value& value, const JsonStyle& style, TextBuilder& out) {
  return JsonWriter(runtime, style, out).Write(value);
}

}  // namespace walchen::formats::jinja
