// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_format.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/limits.h"
#include "formats/jinja_access.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

// A double has at most 1,075 digits behind the point; nobody prints more.
constexpr int64_t kMaxPrecision = 1'100;

// How one value is to be shown.
struct Field {
  std::string fill = " ";
  char align = 0;  // < > ^ =, 0: by type
  char sign = '-';
  bool alternate = false;
  char grouping = 0;
  int64_t width = 0;
  int64_t precision = -1;
  char type = 0;
};

tl::unexpected<Error> FailType(char type, const Value& value) {
  if (value.Is(Kind::kUndefined)) return FailUndefined(value);
  return Fail(ErrorCode::kCorrupt, "format '{}' does not fit a value of type {}", type == 0 ? ' ' : type,
              value.TypeName());
}

// The digits of the format that start at `at`; 0 without any.
Result<int64_t> ReadNumber(std::string_view format, size_t& at) {
  int64_t number = 0;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at) {
    number = number * 10 + (format[at] - '0');
    if (number > base::kTemplateMaxOutputBytes) {
      return Fail(ErrorCode::kResourceExhausted, "a format asks for more than {} characters",
                  base::kTemplateMaxOutputBytes);
    }
  }
  return number;
}

std::string Group(const std::string& digits, char separator, size_t group) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % group == 0) out.push_back(separator);
    out.push_back(digits[i]);
  }
  return out;
}

// |value| without sign; `prefix` gets 0x and the like.
std::string IntegerDigits(uint64_t value, const Field& field, std::string& prefix) {
  std::string digits;
  switch (field.type) {
    case 'x': digits = fmt::format("{:x}", value); break;
    case 'X': digits = fmt::format("{:X}", value); break;
    case 'o': digits = fmt::format("{:o}", value); break;
    case 'b': digits = fmt::format("{:b}", value); break;
    default: digits = fmt::format("{}", value); break;
  }
  const bool decimal = field.type == 'd' || field.type == 0 || field.type == 'n';
  if (field.alternate && !decimal) prefix = std::string("0") + field.type;
  return field.grouping == 0 ? digits : Group(digits, field.grouping, decimal ? 3 : 4);
}

std::string FloatDigits(double value, const Field& field) {
  const auto precision = static_cast<int>(field.precision < 0 ? 6 : field.precision);
  std::string digits;
  switch (field.type) {
    case 'e': digits = fmt::format("{:.{}e}", value, precision); break;
    case 'E': digits = fmt::format("{:.{}E}", value, precision); break;
    case 'g': digits = fmt::format("{:.{}g}", value, precision); break;
    case 'G': digits = fmt::format("{:.{}G}", value, precision); break;
    case '%': digits = fmt::format("{:.{}f}%", value * 100, precision); break;
    case 0: digits = field.precision < 0 ? FloatText(value) : fmt::format("{:.{}g}", value, precision); break;
    default: digits = fmt::format("{:.{}f}", value, precision); break;
  }
  if (field.grouping == 0 || !std::isfinite(value)) return digits;
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  return Group(digits.substr(0, whole), field.grouping, 3) + digits.substr(whole);
}

std::string SignText(bool negative, char sign) {
  if (negative) return "-";
  return sign == '+' || sign == ' ' ? std::string(1, sign) : "";
}

// Appends `front` and `body`, padded to the width; '=' pads between the two.
void AppendPadded(std::string_view front, MarkedText body, const Field& field, char align, TextBuilder& out) {
  const auto length = static_cast<int64_t>(CountCodePoints(front) + CountCodePoints(body.bytes));
  const int64_t padding = std::max<int64_t>(field.width - length, 0);
  const auto pad = [&](int64_t count) {
    std::string text;
    for (int64_t i = 0; i < count; ++i) text.append(field.fill);
    out.Append(text, false);
  };
  if (align == '>') pad(padding);
  if (align == '^') pad(padding / 2);
  out.Append(front, false);
  if (align == '=') pad(padding);
  out.Append(body);
  if (align == '<') pad(padding);
  if (align == '^') pad(padding - padding / 2);
}

Result<void> AppendNumber(const Value& value, const Field& field, TextBuilder& out) {
  const bool float_type = field.type != 0 && std::string_view("eEfFgG%").find(field.type) != std::string_view::npos;
  const bool integer_type = field.type != 0 && std::string_view("dxXobn").find(field.type) != std::string_view::npos;
  const bool as_float = float_type || value.Is(Kind::kFloat);
  const bool fits = field.type == 0 || float_type || (integer_type && !as_float);
  if (!fits) return FailType(field.type, value);
  std::string front;
  std::string digits;
  if (as_float) {
    const double number = value.number();
    front = SignText(std::signbit(number) && !std::isnan(number), field.sign);
    digits = FloatDigits(std::abs(number), field);
  } else {
    const int64_t number = value.integer();
    const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    std::string prefix;
    digits = IntegerDigits(magnitude, field, prefix);
    front = SignText(number < 0, field.sign) + prefix;
  }
  AppendPadded(front, {digits, {}}, field, field.align == 0 ? '>' : field.align, out);
  return {};
}

Result<void> AppendString(Runtime& runtime, const StringObject& text, const Field& field, char align,
                          TextBuilder& out) {
  const MarkedText marked = text.marked();
  TRY(runtime.SpendOnBytes(marked.bytes.size()));
  if (field.precision < 0) {
    AppendPadded({}, marked, field, align, out);
    return {};
  }
  const size_t end = ByteOffset(marked.bytes, static_cast<size_t>(field.precision));
  TextBuilder cut;
  cut.Append(marked, 0, end);
  AppendPadded({}, cut.view(), field, align, out);
  return {};
}

// Appends what `field` made, escaped if the format was markup.
Result<void> AppendFinished(Runtime& runtime, TextBuilder&& field, bool escape, TextBuilder& out) {
  TRY_ASSIGN(Value text, runtime.Text(std::move(field)));
  if (escape) {
    TRY_ASSIGN(text, EscapeHtml(runtime, text));
  }
  out.Append(text.string().marked());
  return {};
}

// One "%..." of a format, parsed.
struct PercentDirective {
  Field field;
  std::optional<std::string_view> key;
};

Result<PercentDirective> ReadPercent(std::string_view format, size_t& at) {
  PercentDirective directive;
  if (at < format.size() && format[at] == '(') {
    const size_t close = format.find(')', at);
    if (close == std::string_view::npos) return Fail(ErrorCode::kCorrupt, "a format has '%(' without ')'");
    directive.key = format.substr(at + 1, close - at - 1);
    at = close + 1;
  }
  Field& field = directive.field;
  for (; at < format.size() && std::string_view("-+ #0").find(format[at]) != std::string_view::npos; ++at) {
    switch (format[at]) {
      case '-': field.align = '<'; break;
      case '#': field.alternate = true; break;
      case '0':
        field.fill = "0";
        if (field.align == 0) field.align = '=';
        break;
      default:
        if (field.sign != '+') field.sign = format[at];
        break;
    }
  }
  if (field.align == '<') field.fill = " ";
  TRY_ASSIGN(field.width, ReadNumber(format, at));
  if (at < format.size() && format[at] == '.') {
    ++at;
    TRY_ASSIGN(field.precision, ReadNumber(format, at));
  }
  if (at >= format.size()) return Fail(ErrorCode::kCorrupt, "a format ends in the middle of a '%'");
  field.type = format[at++];
  return directive;
}

Result<void> AppendPercent(Runtime& runtime, Field field, const Value& value, TextBuilder& out) {
  TRY(runtime.SpendOnBytes(static_cast<uint64_t>(field.width)));
  const char type = field.type;
  if (type == 's' || type == 'r') {
    Value text = value;
    if (type == 'r') {
      TextBuilder repr;
      TRY(AppendRepr(runtime, value, repr));
      TRY_ASSIGN(text, runtime.Text(std::move(repr)));
    } else {
      TRY_ASSIGN(text, ToText(runtime, value));
    }
    field.fill = " ";
    return AppendString(runtime, text.string(), field, field.align == '<' ? '<' : '>', out);
  }
  if (std::string_view("diuxXoeEfFgG").find(type) == std::string_view::npos) {
    return Fail(ErrorCode::kUnsupported, "the format '%{}' is not supported", type);
  }
  if (!value.is_number()) return FailType(type, value);
  if (field.precision > kMaxPrecision) return Fail(ErrorCode::kResourceExhausted, "a format asks for too many digits");
  if (type != 'd' && type != 'i' && type != 'u') return AppendNumber(value, field, out);
  field.type = 'd';
  if (!value.Is(Kind::kFloat)) return AppendNumber(value, field, out);
  if (!(std::abs(value.number()) < 0x1p63)) return Fail(ErrorCode::kCorrupt, "a number does not fit 64 bits");
  return AppendNumber(Value::Int(static_cast<int64_t>(value.number())), field, out);
}

// The values of a % in their order.
class PercentValues {
 public:
  explicit PercentValues(const Value& values) : values_(values) {}

  Result<Value> Take(const std::optional<std::string_view>& key) {
    if (key) {
      if (!values_.Is(Kind::kDict)) return Fail(ErrorCode::kCorrupt, "the format expects a dict");
      const Value* found = values_.dict().Find(*key);
      if (found == nullptr) return Fail(ErrorCode::kCorrupt, "the format names '{}', which is not given", *key);
      used_key_ = true;
      return *found;
    }
    if (is_tuple()) {
      const std::vector<Value>& items = values_.sequence().items;
      if (next_ < items.size()) return items[next_++];
    } else if (next_++ == 0) {
      return values_;
    }
    return Fail(ErrorCode::kCorrupt, "the format has more places than values");
  }

  bool AllUsed() const {
    if (is_tuple()) return next_ == values_.sequence().items.size();
    // Python takes whatever has an index operator for a dict, and does not mind if nothing of it is used.
    return next_ > 0 || used_key_ || values_.Is(Kind::kDict) || values_.Is(Kind::kUndefined) ||
           (values_.Is(Kind::kSequence) && values_.sequence().is_indexable());
  }

 private:
  bool is_tuple() const { return values_.Is(Kind::kSequence) && values_.sequence().is_tuple(); }

  const Value& values_;
  size_t next_ = 0;
  bool used_key_ = false;
};

// Parses "[[fill]align][sign][#][0][width][grouping][.precision][type]".
Result<Field> ReadSpec(std::string_view spec) {
  Field field;
  size_t at = 0;
  const auto is_align = [&](size_t i) {
    return i < spec.size() && std::string_view("<>^=").find(spec[i]) != spec.npos;
  };
  const size_t first = spec.empty() ? 0 : DecodeAt(spec, 0).bytes;
  if (is_align(first)) {
    field.fill = spec.substr(0, first);
    field.align = spec[first];
    at = first + 1;
  } else if (is_align(0)) {
    field.align = spec[0];
    at = 1;
  }
  if (at < spec.size() && std::string_view("+- ").find(spec[at]) != spec.npos) field.sign = spec[at++];
  if (at < spec.size() && spec[at] == '#') {
    field.alternate = true;
    ++at;
  }
  if (at < spec.size() && spec[at] == '0' && field.align == 0) {
    field.fill = "0";
    field.align = '=';
  }
  TRY_ASSIGN(field.width, ReadNumber(spec, at));
  if (at < spec.size() && (spec[at] == ',' || spec[at] == '_')) field.grouping = spec[at++];
  if (at < spec.size() && spec[at] == '.') {
    ++at;
    TRY_ASSIGN(field.precision, ReadNumber(spec, at));
  }
  if (at < spec.size()) field.type = spec[at++];
  if (at < spec.size()) return Fail(ErrorCode::kCorrupt, "the format specification '{}' is not valid", spec);
  return field;
}

Result<void> AppendWithSpec(Runtime& runtime, const Value& value, std::string_view spec, TextBuilder& out) {
  if (spec.empty()) return AppendText(runtime, value, out);
  TRY_ASSIGN(const Field field, ReadSpec(spec));
  TRY(runtime.SpendOnBytes(static_cast<uint64_t>(field.width)));
  if (value.Is(Kind::kString)) {
    if (field.type != 0 && field.type != 's') return FailType(field.type, value);
    const char align = field.align == 0 || field.align == '=' ? '<' : field.align;
    return AppendString(runtime, value.string(), field, align, out);
  }
  if (!value.is_number()) return FailType(field.type, value);
  if (field.precision > kMaxPrecision) return Fail(ErrorCode::kResourceExhausted, "a format asks for too many digits");
  return AppendNumber(value, field, out);
}

// Reads the names of replacement fields: "", "0", "name", "0.attribute[key]".
class BraceValues {
 public:
  BraceValues(Runtime& runtime, const Arguments& arguments) : runtime_(runtime), arguments_(arguments) {}

  Result<Value> Look(std::string_view name) {
    const size_t end = std::min(name.find_first_of(".["), name.size());
    TRY_ASSIGN(Value value, First(name.substr(0, end)));
    for (size_t at = end; at < name.size();) {
      const bool attribute = name[at] == '.';
      const size_t close = attribute ? std::min(name.find_first_of(".[", at + 1), name.size()) : name.find(']', at);
      if (close == std::string_view::npos) return Fail(ErrorCode::kCorrupt, "a format has '[' without ']'");
      const std::string_view part = name.substr(at + 1, close - at - 1);
      size_t digits = 0;
      if (attribute) {
        TRY_ASSIGN(value, Attribute(runtime_, value, part));
      } else if (const auto index = ReadNumber(part, digits); index && digits == part.size() && !part.empty()) {
        TRY_ASSIGN(value, Item(runtime_, value, Value::Int(*index)));
      } else {
        TRY_ASSIGN(const Value key, runtime_.Text(part));
        TRY_ASSIGN(value, Item(runtime_, value, key));
      }
      at = attribute ? close : close + 1;
    }
    return value;
  }

 private:
  Result<Value> First(std::string_view name) {
    size_t digits = 0;
    TRY_ASSIGN(int64_t index, ReadNumber(name, digits));
    if (digits == name.size()) {
      if (name.empty()) index = next_++;
      if (index < static_cast<int64_t>(arguments_.positional.size())) {
        return arguments_.positional[static_cast<size_t>(index)];
      }
      return Fail(ErrorCode::kCorrupt, "the format has a place {} but only {} values", index,
                  arguments_.positional.size());
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return Fail(ErrorCode::kCorrupt, "the format names '{}', which is not given", name);
  }

  Runtime& runtime_;
  const Arguments& arguments_;
  int64_t next_ = 0;
};

// One "{...}": name, conversion and specification.
Result<void> AppendBraceField(Runtime& runtime, BraceValues& values, std::string_view inside, TextBuilder& out) {
  const size_t colon = std::min(inside.find(':'), inside.size());
  const size_t bang = inside.substr(0, colon).find('!');
  TRY_ASSIGN(Value value, values.Look(inside.substr(0, std::min(bang, colon))));
  if (bang != std::string_view::npos) {
    const std::string_view conversion = inside.substr(bang + 1, colon - bang - 1);
    TextBuilder converted;
    if (conversion == "r") {
      TRY(AppendRepr(runtime, value, converted));
    } else if (conversion == "s") {
      TRY(AppendText(runtime, value, converted));
    } else {
      return Fail(ErrorCode::kUnsupported, "the conversion '!{}' is not supported", conversion);
    }
    TRY_ASSIGN(value, runtime.Text(std::move(converted)));
  }
  return AppendWithSpec(runtime, value, colon < inside.size() ? inside.substr(colon + 1) : "", out);
}

constexpr std::string_view kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};

// One directive of strftime; empty for one that is not known. `padded` false: without leading zeros.
std::string TimeDirective(const std::tm& time, char directive, bool padded) {
  const auto number = [&](int value, int digits, char fill = '0') {
    const std::string text = fmt::format("{}", value);
    const auto missing = padded ? std::max(digits - static_cast<int>(text.size()), 0) : 0;
    return std::string(static_cast<size_t>(missing), fill) + text;
  };
  const std::string_view day = kDays[static_cast<size_t>(time.tm_wday)];
  const std::string_view month = kMonths[static_cast<size_t>(time.tm_mon)];
  const int hour = time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12;
  switch (directive) {
    case 'a': return std::string(day.substr(0, 3));
    case 'A': return std::string(day);
    case 'b': return std::string(month.substr(0, 3));
    case 'B': return std::string(month);
    case 'd': return number(time.tm_mday, 2);
    case 'e': return number(time.tm_mday, 2, ' ');
    case 'f': return "000000";  // the clock counts whole seconds
    case 'H': return number(time.tm_hour, 2);
    case 'I': return number(hour, 2);
    case 'j': return number(time.tm_yday + 1, 3);
    case 'm': return number(time.tm_mon + 1, 2);
    case 'M': return number(time.tm_min, 2);
    case 'p': return time.tm_hour < 12 ? "AM" : "PM";
    case 'S': return number(time.tm_sec, 2);
    case 'y': return number(time.tm_year % 100, 2);
    case 'Y': return fmt::format("{}", time.tm_year + 1900);
    case '%': return "%";
    default: return {};
  }
}

// The directives that stand for several; empty for the others.
std::string_view Abbreviation(char directive) {
  switch (directive) {
    case 'c': return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x': return "%m/%d/%y";
    case 'F': return "%Y-%m-%d";
    case 'T':
    case 'X': return "%H:%M:%S";
    default: return {};
  }
}

}  // namespace

Result<Value> FormatPercent(Runtime& runtime, const StringObject& format, const Value& values) {
  const MarkedText text = format.marked();
  TRY(runtime.SpendOnBytes(text.bytes.size()));
  PercentValues given(values);
  TextBuilder out;
  for (size_t at = 0; at < text.bytes.size();) {
    const size_t percent = std::min(text.bytes.find('%', at), text.bytes.size());
    out.Append(text, at, percent);
    at = percent + 1;
    if (percent == text.bytes.size()) break;
    if (at < text.bytes.size() && text.bytes[at] == '%') {
      out.Append(text, at, at + 1);
      ++at;
      continue;
    }
    TRY(runtime.Spend());
    TRY_ASSIGN(const PercentDirective directive, ReadPercent(text.bytes, at));
    TRY_ASSIGN(const Value value, given.Take(directive.key));
    TextBuilder field;
    TRY(AppendPercent(runtime, directive.field, value, field));
    TRY(AppendFinished(runtime, std::move(field), format.markup && !(value.Is(Kind::kString) && value.string().markup),
                       out));
  }
  if (!given.AllUsed()) return Fail(ErrorCode::kCorrupt, "the format has fewer places than values");
  return runtime.Text(std::move(out), format.markup);
}

Result<Value> FormatBraces(Runtime& runtime, const StringObject& format, const Arguments& arguments) {
  const MarkedText text = format.marked();
  TRY(runtime.SpendOnBytes(text.bytes.size()));
  BraceValues values(runtime, arguments);
  TextBuilder out;
  for (size_t at = 0; at < text.bytes.size();) {
    const size_t brace = std::min(text.bytes.find_first_of("{}", at), text.bytes.size());
    out.Append(text, at, brace);
    if (brace == text.bytes.size()) break;
    if (brace + 1 < text.bytes.size() && text.bytes[brace + 1] == text.bytes[brace]) {
      out.Append(text, brace, brace + 1);
      at = brace + 2;
      continue;
    }
    const size_t close = text.bytes.find_first_of("{}", brace + 1);
    if (text.bytes[brace] == '}' || close == std::string_view::npos) {
      return Fail(ErrorCode::kCorrupt, "a format has a single '{}'", text.bytes[brace]);
    }
    if (text.bytes[close] == '{') return Fail(ErrorCode::kUnsupported, "a format within a format is not supported");
    TRY(runtime.Spend());
    TextBuilder field;
    TRY(AppendBraceField(runtime, values, text.bytes.substr(brace + 1, close - brace - 1), field));
    TRY(AppendFinished(runtime, std::move(field), format.markup, out));
    at = close + 1;
  }
  return runtime.Text(std::move(out), format.markup);
}

Result<std::string> FormatTime(int64_t wall_seconds, std::string_view format) {
  const std::time_t seconds = wall_seconds;
  std::tm time{};
  if (::localtime_r(&seconds, &time) == nullptr) return Fail(ErrorCode::kCorrupt, "the clock shows no date");
  std::string out;
  std::string expanded;
  for (size_t i = 0; i < format.size(); ++i) {
    const bool directive = format[i] == '%' && i + 1 < format.size();
    const std::string_view longer = directive ? Abbreviation(format[i + 1]) : std::string_view();
    if (longer.empty()) {
      expanded.push_back(format[i]);
      if (directive) expanded.push_back(format[++i]);
    } else {
      expanded.append(longer);
      ++i;
    }
  }
  for (size_t i = 0; i < expanded.size(); ++i) {
    if (expanded[i] != '%' || i + 1 == expanded.size()) {
      out.push_back(expanded[i]);
      continue;
    }
    const bool padded = expanded[++i] != '-' || i + 1 == expanded.size();
    if (!padded) ++i;
    if (expanded[i] == 'z' || expanded[i] == 'Z') continue;  // a time without a zone shows nothing there
    const std::string text = TimeDirective(time, expanded[i], padded);
    if (text.empty()) return Fail(ErrorCode::kUnsupported, "strftime does not know '%{}'", expanded[i]);
    out.append(text);
  }
  return out;
}

}  // namespace walchen::formats::jinja
