// SPDX-License-Identifier: Apache-2.0
//
// Filters that make texts. What they are given counts as text: numbers and lists are printed first, as jinja2 does.
#include <algorithm>

#include "base/limits.h"
#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_format.h"
#include "formats/jinja_json.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_text_operations.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

template <Case kChange>
Result<Value> CaseFilter(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("changing the case", arguments, {}));
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  return ChangeCase(runtime, text.string(), kChange);
}

// jinja2's own: a word starts after white space and opening brackets, not after every letter without case.
Result<Value> Title(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("title", arguments, {}));
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  const MarkedText marked = text.string().marked();
  TRY(runtime.SpendOnBytes(marked.bytes.size() * 4));
  TextBuilder builder;
  std::string piece;
  bool word_start = true;
  for (size_t at = 0; at < marked.bytes.size();) {
    const CodePoint code_point = DecodeAt(marked.bytes, at);
    piece.clear();
    if (code_point.value == kInvalidCodePoint) {
      piece.assign(marked.bytes.substr(at, 1));
    } else if (word_start) {
      AppendUpper(code_point.value, piece);
    } else {
      AppendLower(code_point.value, piece);
    }
    builder.Append(piece, IsTrusted(marked, at));
    const bool bracket = std::string_view("-({[<").find(marked.bytes[at]) != std::string_view::npos;
    word_start = bracket || IsSpace(code_point.value);
    at += code_point.bytes;
  }
  return runtime.Text(std::move(builder));
}

Result<Value> Trim(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("trim", arguments, {"chars"}));
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  if (!given.Has(0) || given[0].Is(Kind::kNone)) return Strip(runtime, text.string(), std::nullopt, Side::kBoth);
  TRY_ASSIGN(const StringObject* characters, given.String(0));
  return Strip(runtime, text.string(), characters->bytes(), Side::kBoth);
}

// The text without being markup.
Result<Value> Plain(Runtime& runtime, const Value& text) {
  if (!text.string().markup) return text;
  TextBuilder builder;
  builder.Append(text.string().marked());
  return runtime.Text(std::move(builder));
}

Result<Value> ReplaceFilter(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("replace", arguments, {"old", "new", "count"}, 2));
  TRY_ASSIGN(Value text, ToText(runtime, self));
  TRY_ASSIGN(text, Plain(runtime, text));
  TRY_ASSIGN(const Value from, ToText(runtime, given[0]));
  TRY_ASSIGN(const Value to, ToText(runtime, given[1]));
  const bool all = !given.Has(2) || given[2].Is(Kind::kNone);
  TRY_ASSIGN(const int64_t count, all ? Result<int64_t>(-1) : given.Int(2, -1));
  return Replace(runtime, text.string(), from.string(), to.string(), count);
}

Result<Value> String(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("string", arguments, {}));
  return ToText(runtime, self);
}

Result<Value> Safe(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("safe", arguments, {}));
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  TextBuilder builder;
  builder.Append(text.string().marked());
  return runtime.Text(std::move(builder), true);
}

Result<Value> Escape(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("escape", arguments, {}));
  return EscapeHtml(runtime, self);
}

Result<Value> ForceEscape(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("forceescape", arguments, {}));
  TRY_ASSIGN(Value text, ToText(runtime, self));
  TRY_ASSIGN(text, Plain(runtime, text));
  return EscapeHtml(runtime, text);
}

// What `indent` puts in front of a line: so many blanks, or the text itself.
Result<Value> Indentation(Runtime& runtime, const Parameters& given, size_t i, int64_t fallback) {
  if (given.Has(i) && given[i].Is(Kind::kString)) return given[i];
  TRY_ASSIGN(const int64_t width, given.Int(i, fallback));
  if (width > base::kTemplateMaxOutputBytes) {
    return Fail(ErrorCode::kResourceExhausted, "an indentation of {} is too wide for a template", width);
  }
  return runtime.Text(std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' '));
}

Result<Value> Indent(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("indent", arguments, {"width", "first", "blank"}));
  if (self.Is(Kind::kUndefined)) return FailUndefined(self);
  if (!self.Is(Kind::kString)) return Fail(ErrorCode::kCorrupt, "indent expects a text, got {}", self.TypeName());
  TRY_ASSIGN(const Value indentation, Indentation(runtime, given, 0, 4));
  const StringObject& text = self.string();
  TRY_ASSIGN(std::vector<ByteRange> lines, Lines(runtime, text));
  // Python adds a line break before it splits, so a text that ends with one has an empty line at the end.
  const std::string_view bytes = text.bytes();
  const bool ends_with_break = !lines.empty() && lines.back().end < bytes.size() && bytes.back() != '\r';
  if (lines.empty() || ends_with_break) lines.push_back({bytes.size(), bytes.size()});
  TRY(runtime.SpendOnBytes(lines.size() * indentation.string().size()));
  TextBuilder builder;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) builder.Append("\n", false);
    const bool empty = lines[i].begin == lines[i].end;
    const bool wanted = i == 0 ? given.Truth(1, false) : !empty || given.Truth(2, false);
    if (wanted) builder.Append(indentation.string().marked());
    builder.Append(text.marked(), lines[i].begin, lines[i].end);
  }
  return runtime.Text(std::move(builder), text.markup);
}

Result<Value> Format(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  if (arguments.named.empty()) {
    TRY_ASSIGN(const Value values, runtime.Sequence(arguments.positional, SequenceType::kTuple));
    return FormatPercent(runtime, text.string(), values);
  }
  if (!arguments.positional.empty()) {
    return Fail(ErrorCode::kCorrupt, "format takes positional or named arguments, not both");
  }
  auto& values = runtime.Make<DictObject>();
  for (const auto& [name, value] : arguments.named) values.Set(runtime.BorrowedText(name), value);
  return FormatPercent(runtime, text.string(), Value(&values));
}

Result<Value> Join(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("join", arguments, {"d", "attribute"}));
  TRY_ASSIGN(const Value separator, ToText(runtime, given.Or(0, runtime.BorrowedText(""))));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  if (!given.Has(1) || given[1].Is(Kind::kNone)) return JoinItems(runtime, separator.string(), *items);
  std::vector<Value> attributes;
  for (const Value& item : *items) {
    TRY_ASSIGN(attributes.emplace_back(), Path(runtime, item, given[1]));
  }
  return JoinItems(runtime, separator.string(), attributes);
}

Result<Value> WordCount(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("wordcount", arguments, {}));
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  const std::string_view bytes = text.string().bytes();
  TRY(runtime.SpendOnBytes(bytes.size()));
  int64_t count = 0;
  bool inside = false;
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint code_point = DecodeAt(bytes, at);
    const bool digit = code_point.value >= '0' && code_point.value <= '9';
    const bool letter = digit || code_point.value == '_' || IsAlpha(code_point.value);
    if (letter && !inside) ++count;
    inside = letter;
    at += code_point.bytes;
  }
  return Value::Int(count);
}

Result<Value> Center(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("center", arguments, {"width"}));
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  return FindMethod(text, "center")->function(runtime, text, {{given.Or(0, Value::Int(80))}, {}});
}

Result<JsonStyle> ReadJsonStyle(Runtime& runtime, const Parameters& given) {
  JsonStyle style;
  style.ensure_ascii = given.Truth(0, false);
  if (given.Has(1) && !given[1].Is(Kind::kNone)) {
    TRY_ASSIGN(const Value indentation, Indentation(runtime, given, 1, 0));
    style.indent = indentation.string().bytes();
    style.item_separator = ",";
  }
  if (given.Has(2) && !given[2].Is(Kind::kNone)) {
    TRY_ASSIGN(const std::vector<Value>* separators, Items(runtime, given[2]));
    const bool texts = std::ranges::all_of(*separators, [](const Value& value) { return value.Is(Kind::kString); });
    if (separators->size() != 2 || !texts) {
      return Fail(ErrorCode::kCorrupt, "tojson expects two texts as separators");
    }
    style.item_separator = (*separators)[0].string().bytes();
    style.key_separator = (*separators)[1].string().bytes();
  }
  style.sort_keys = given.Truth(3, false);
  return style;
}

Result<Value> ToJson(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given,
             Parameters::Bind("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  TRY_ASSIGN(const JsonStyle style, ReadJsonStyle(runtime, given));
  TextBuilder builder;
  TRY(AppendJson(runtime, self, style, builder));
  return runtime.Text(std::move(builder));
}

constexpr NamedNative kTextFilters[] = {
    {"capitalize", CaseFilter<Case::kCapitalize>},
    {"center", Center},
    {"e", Escape},
    {"escape", Escape},
    {"forceescape", ForceEscape},
    {"format", Format},
    {"indent", Indent},
    {"join", Join},
    {"lower", CaseFilter<Case::kLower>},
    {"replace", ReplaceFilter},
    {"safe", Safe},
    {"string", String},
    {"title", Title},
    {"tojson", ToJson},
    {"trim", Trim},
    {"upper", CaseFilter<Case::kUpper>},
    {"wordcount", WordCount},
};

}  // namespace

std::span<const NamedNative> TextFilters() { return kTextFilters; }

}  // namespace walchen::formats::jinja
