// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_print.h"

#include <charconv>
#include <cmath>

#include "base/limits.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

// repr() of one code point between the quotes.
void AppendEscaped(std::string_view bytes, CodePoint code_point, char quote, TextBuilder& out) {
  const uint32_t value = code_point.value;
  switch (value) {
    case '\n': return out.Append("\\n", false);
    case '\r': return out.Append("\\r", false);
    case '\t': return out.Append("\\t", false);
    case '\\': return out.Append("\\\\", false);
    default: break;
  }
  if (value == static_cast<uint32_t>(quote)) {
    out.Append("\\", false);
    out.Append(bytes, false);
  } else if (value == kInvalidCodePoint) {
    // How Python shows a byte that is no UTF-8 (surrogateescape).
    out.Append(fmt::format("\\udc{:02x}", static_cast<unsigned char>(bytes[0])), false);
  } else if (IsPrintable(value)) {
    out.Append(bytes, false);
  } else if (value < 0x100) {
    out.Append(fmt::format("\\x{:02x}", value), false);
  } else if (value < 0x10000) {
    out.Append(fmt::format("\\u{:04x}", value), false);
  } else {
    out.Append(fmt::format("\\U{:08x}", value), false);
  }
}

void AppendQuoted(const StringObject& text, TextBuilder& out) {
  const std::string_view bytes = text.bytes();
  const bool single = bytes.find('\'') != std::string_view::npos && bytes.find('"') == std::string_view::npos;
  const char quote = single ? '"' : '\'';
  const std::string_view mark(&quote, 1);
  if (text.markup) out.Append("Markup(", false);
  out.Append(mark, false);
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint code_point = DecodeAt(bytes, at);
    AppendEscaped(bytes.substr(at, code_point.bytes), code_point, quote, out);
    at += code_point.bytes;
  }
  out.Append(mark, false);
  if (text.markup) out.Append(")", false);
}

// Prints nested values; one per call of AppendRepr.
class ReprWriter {
 public:
  ReprWriter(Runtime& runtime, TextBuilder& out) : runtime_(runtime), out_(out) {}

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> Write(const Value& value) {
    TRY(runtime_.Spend());
    switch (value.kind()) {
      case Kind::kUndefined: Put("Undefined"); return {};
      case Kind::kNone: Put("None"); return {};
      case Kind::kBool: Put(value.integer() != 0 ? "True" : "False"); return {};
      case Kind::kInt: Put(fmt::format("{}", value.integer())); return {};
      case Kind::kFloat: Put(FloatText(value.number())); return {};
      case Kind::kString:
        TRY(runtime_.SpendOnBytes(value.string().size()));
        AppendQuoted(value.string(), out_);
        return {};
      case Kind::kCallable: WriteCallable(value.callable()); return {};
      case Kind::kLoop: Put("<LoopContext>"); return {};
      default: break;
    }
    if (++depth_ > base::kTemplateMaxFrames) {
      return Fail(ErrorCode::kResourceExhausted, "values nested too deep to print");
    }
    TRY(WriteContainer(value));
    --depth_;
    return {};
  }

 private:
  void Put(std::string_view text) { out_.Append(text, false); }

  void WriteCallable(const CallableObject& callable) {
    Put(callable.macro != nullptr ? fmt::format("<Macro '{}'>", callable.name)
                                  : fmt::format("<function {}>", callable.name));
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> WriteContainer(const Value& value) {
    if (value.Is(Kind::kSequence)) return WriteSequence(value.sequence());
    if (value.Is(Kind::kDict)) return WriteDict(value.dict());
    Put("<Namespace {");
    bool first = true;
    for (const auto& [name, entry] : value.name_space().entries) {
      if (!first) Put(", ");
      first = false;
      AppendQuoted(StringObject(name, {}), out_);
      Put(": ");
      TRY(Write(entry));
    }
    Put("}>");
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> WriteItems(const std::vector<Value>& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) Put(", ");
      TRY(Write(items[i]));
    }
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> WriteSequence(const SequenceObject& sequence) {
    switch (sequence.type) {
      case SequenceType::kIterator: Put("<generator object>"); return {};
      case SequenceType::kRange: WriteRange(sequence.items); return {};
      case SequenceType::kTuple:
      case SequenceType::kGroup:
        Put("(");
        TRY(WriteItems(sequence.items));
        Put(sequence.items.size() == 1 ? ",)" : ")");
        return {};
      case SequenceType::kList:
      case SequenceType::kView: break;
    }
    const bool view = sequence.type == SequenceType::kView;
    if (view) Put(fmt::format("{}(", sequence.view_name));
    Put("[");
    TRY(WriteItems(sequence.items));
    Put(view ? "])" : "]");
    return {};
  }

  void WriteRange(const std::vector<Value>& items) {
    const int64_t first = items.empty() ? 0 : items.front().integer();
    const int64_t step = items.size() < 2 ? 1 : items[1].integer() - first;
    const int64_t stop = items.empty() ? 0 : items.back().integer() + (step < 0 ? -1 : 1);
    Put(step == 1 ? fmt::format("range({}, {})", first, stop) : fmt::format("range({}, {}, {})", first, stop, step));
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  Result<void> WriteDict(const DictObject& dict) {
    Put("{");
    for (size_t i = 0; i < dict.entries.size(); ++i) {
      if (i > 0) Put(", ");
      TRY(Write(dict.entries[i].first));
      Put(": ");
      TRY(Write(dict.entries[i].second));
    }
    Put("}");
    return {};
  }

  Runtime& runtime_;
  TextBuilder& out_;
  int64_t depth_ = 0;
};

std::string_view HtmlEscape(char byte) {
  switch (byte) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '\'': return "&#39;";
    case '"': return "&#34;";
    default: return {};
  }
}

}  // namespace

std::string FloatText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, std::end(buffer), value, std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer, static_cast<size_t>(end - buffer));
  const size_t mark = shortest.find('e');
  std::string digits;
  for (const char letter : shortest.substr(0, mark)) {
    if (letter >= '0' && letter <= '9') digits.push_back(letter);
  }
  int exponent = 0;
  const char* exponent_text = shortest.data() + mark + (shortest[mark + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, end, exponent);
  const std::string sign = std::signbit(value) ? "-" : "";
  // Python writes an exponent below 1e-4 and from 1e16 on.
  if (exponent < -4 || exponent >= 16) {
    const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
    return fmt::format("{}{}{}e{}{:02}", sign, digits[0], fraction, exponent < 0 ? "-" : "+", std::abs(exponent));
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

Result<void> AppendText(Runtime& runtime, const Value& value, TextBuilder& out) {
  if (value.Is(Kind::kString)) {
    TRY(runtime.SpendOnBytes(value.string().size()));
    out.Append(value.string().marked());
    return {};
  }
  if (value.Is(Kind::kUndefined)) return {};
  return AppendRepr(runtime, value, out);
}

Result<Value> ToText(Runtime& runtime, const Value& value) {
  if (value.Is(Kind::kString)) return value;
  TextBuilder builder;
  TRY(AppendText(runtime, value, builder));
  return runtime.Text(std::move(builder));
}

Result<void> AppendRepr(Runtime& runtime, const Value& value, TextBuilder& out) {
  return ReprWriter(runtime, out).Write(value);
}

Result<Value> EscapeHtml(Runtime& runtime, const Value& value) {
  TRY_ASSIGN(const Value text, ToText(runtime, value));
  if (text.string().markup) return text;
  const MarkedText marked = text.string().marked();
  TextBuilder builder;
  size_t copied = 0;
  for (size_t at = 0; at < marked.bytes.size(); ++at) {
    const std::string_view escape = HtmlEscape(marked.bytes[at]);
    if (escape.empty()) continue;
    builder.Append(marked, copied, at);
    builder.Append(escape, false);
    copied = at + 1;
  }
  builder.Append(marked, copied, marked.bytes.size());
  return runtime.Text(std::move(builder), true);
}

}  // namespace walchen::formats::jinja
