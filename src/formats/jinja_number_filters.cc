// SPDX-License-Identifier: Apache-2.0
//
// Filters that make numbers.
#include <charconv>
#include <cmath>

#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

// The text without white space around it and without the underscores Python allows between digits; nothing where one
// stands elsewhere.
std::optional<std::string> NumberLetters(std::string_view text) {
  while (!text.empty() && IsSpace(DecodeAt(text, 0).value)) text.remove_prefix(DecodeAt(text, 0).bytes);
  while (!text.empty() && IsSpace(DecodeBefore(text, text.size()).value)) {
    text.remove_suffix(DecodeBefore(text, text.size()).bytes);
  }
  std::string letters;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      letters.push_back(text[i]);
    } else if (i == 0 || i + 1 == text.size() || text[i + 1] == '_' || letters.empty()) {
      return std::nullopt;
    }
  }
  return letters;
}

// Python's float(text); nothing for what is no number.
std::optional<double> ParseFloat(std::string_view text) {
  const auto letters = NumberLetters(text);
  if (!letters || letters->empty()) return std::nullopt;
  const bool plus = letters->front() == '+';
  const char* begin = letters->data() + (plus ? 1 : 0);
  const char* end = letters->data() + letters->size();
  if (plus && begin != end && *begin == '-') return std::nullopt;
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(begin, nullptr);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// Python's int(text, base): nothing for what is no integer, kCorrupt for one that is too long.
Result<std::optional<int64_t>> ParseInteger(std::string_view text, int64_t base) {
  const auto letters = NumberLetters(text);
  if (!letters || letters->empty()) return std::optional<int64_t>();
  std::string_view digits = *letters;
  const bool negative = digits.front() == '-';
  if (negative || digits.front() == '+') digits.remove_prefix(1);
  const char prefix = base == 16 ? 'x' : (base == 8 ? 'o' : (base == 2 ? 'b' : 0));
  const bool prefixed = prefix != 0 && digits.size() > 1 && digits[0] == '0' && (digits[1] | 0x20) == prefix;
  if (prefixed) digits.remove_prefix(2);
  if (digits.empty() || digits[0] == '-') return std::optional<int64_t>();
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  int64_t value = 0;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto [stop, error] = std::from_chars(signed_digits.data(), end, value, static_cast<int>(base));
  if (stop != end) return std::optional<int64_t>();
  if (error != std::errc()) return Fail(ErrorCode::kCorrupt, "the integer '{}' does not fit 64 bits", digits);
  return value;
}

// Python's int(number): cut towards zero; nothing for NaN.
Result<std::optional<int64_t>> Truncate(double value) {
  if (std::isnan(value)) return std::optional<int64_t>();
  if (!(std::abs(value) < 0x1p63)) return Fail(ErrorCode::kCorrupt, "a number does not fit 64 bits");
  return static_cast<int64_t>(value);
}

Result<std::optional<int64_t>> ToInteger(Runtime& runtime, const Value& value, int64_t base) {
  if (value.Is(Kind::kUndefined)) return FailUndefined(value);
  if (value.is_integer()) return value.integer();
  if (value.Is(Kind::kFloat)) return Truncate(value.number());
  if (!value.Is(Kind::kString)) return std::optional<int64_t>();
  TRY(runtime.SpendOnBytes(value.string().size()));
  TRY_ASSIGN(const auto integer, ParseInteger(value.string().bytes(), base));
  if (integer) return integer;
  const std::optional<double> number = ParseFloat(value.string().bytes());
  if (!number || std::isinf(*number)) return std::optional<int64_t>();
  return Truncate(*number);
}

Result<Value> Int(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("int", arguments, {"default", "base"}));
  TRY_ASSIGN(const int64_t base, given.Int(1, 10));
  if (base < 2 || base > 36) return Fail(ErrorCode::kCorrupt, "int expects a base from 2 to 36, got {}", base);
  TRY_ASSIGN(const auto integer, ToInteger(runtime, self, base));
  return integer ? Value::Int(*integer) : given.Or(0, Value::Int(0));
}

Result<Value> Float(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("float", arguments, {"default"}));
  if (self.Is(Kind::kUndefined)) return FailUndefined(self);
  if (self.is_number()) return Value::Float(self.number());
  std::optional<double> number;
  if (self.Is(Kind::kString)) {
    TRY(runtime.SpendOnBytes(self.string().size()));
    number = ParseFloat(self.string().bytes());
  }
  return number ? Value::Float(*number) : given.Or(0, Value::Float(0));
}

Result<Value> Abs(Runtime&, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("abs", arguments, {}));
  if (self.Is(Kind::kFloat)) return Value::Float(std::abs(self.number()));
  if (!self.is_integer()) return Fail(ErrorCode::kCorrupt, "abs expects a number, got {}", self.TypeName());
  return self.integer() < 0 ? Negate(self) : Value::Int(self.integer());
}

// Python's round: to even where two are equally near, judged by the exact value of the double.
double RoundHalfEven(double value, int64_t precision) {
  if (!std::isfinite(value)) return value;
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / scale) * scale;
  }
  const std::string text = fmt::format("{:.{}f}", value, static_cast<int>(precision));
  return std::strtod(text.c_str(), nullptr);
}

Result<Value> Round(Runtime&, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("round", arguments, {"precision", "method"}));
  TRY_ASSIGN(const int64_t precision, given.Int(0, 0));
  if (self.Is(Kind::kUndefined)) return FailUndefined(self);
  // Beyond these a double has no digits to round.
  constexpr int64_t kMaxDigits = 300;
  if (!self.is_number() || precision > kMaxDigits || precision < -kMaxDigits) {
    return Fail(ErrorCode::kCorrupt, "round expects a number and a sensible precision");
  }
  std::string_view method = "common";
  if (given.Has(1)) {
    TRY_ASSIGN(const StringObject* name, given.String(1));
    method = name->bytes();
  }
  if (method == "common") {
    if (self.is_integer() && precision >= 0) return Value::Int(self.integer());
    const double rounded = RoundHalfEven(self.number(), precision);
    if (!self.is_integer()) return Value::Float(rounded);
    TRY_ASSIGN(const auto integer, Truncate(rounded));
    return Value::Int(integer.value_or(0));
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return Value::Float(std::ceil(self.number() * scale) / scale);
  if (method == "floor") return Value::Float(std::floor(self.number() * scale) / scale);
  return Fail(ErrorCode::kCorrupt, "round expects the method common, ceil or floor, got '{}'", method);
}

constexpr NamedNative kNumberFilters[] = {
    {"abs", Abs},
    {"float", Float},
    {"int", Int},
    {"round", Round},
};

}  // namespace

std::span<const NamedNative> NumberFilters() { return kNumberFilters; }

}  // namespace walchen::formats::jinja
