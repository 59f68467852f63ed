// SPDX-License-Identifier: Apache-2.0
#include "data/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "base/ascii.h"
#include "data/extraction.h"

namespace walchen::data {
namespace {

// The longest that is looked at: a double has 767 digits at most, people write under 30.
constexpr size_t kNumberMaxBytes = 128;

constexpr std::array<std::string_view, 4> kSpaces = {" ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};
constexpr std::array<std::string_view, 2> kApostrophes = {"'", "\xE2\x80\x99"};
constexpr std::string_view kMinus = "\xE2\x88\x92";

constexpr std::array<std::string_view, 29> kMissing = {
    "",     "-",     "--",     "---",     "\xE2\x80\x93", "\xE2\x80\x94", ".",    "..",      "?",       "nan",
    "-nan", "n/a",   "na",     "n.a.",    "null",         "nil",          "none", "k.a.",    "k. a.",   "#n/a",
    "#na",  "#nv",   "#wert!", "#value!", "#div/0!",      "#zahl!",       "#num!", "#bezug!", "#ref!"};

// Takes one of these texts off the front; its length, 0 where none is there.
template <size_t kCount>
size_t TakeAny(std::string_view& text, const std::array<std::string_view, kCount>& any) {
  for (const std::string_view one : any) {
    if (text.starts_with(one)) {
      text.remove_prefix(one.size());
      return one.size();
    }
  }
  return 0;
}

size_t DigitsAtFront(std::string_view text) {
  return static_cast<size_t>(std::ranges::find_if_not(text, base::IsDigit) - text.begin());
}

// Takes the digits before the decimal sign, with or without groups.
bool TakeInteger(std::string_view& text, char group_sign, std::string& digits) {
  const size_t first = DigitsAtFront(text);
  digits.append(text.substr(0, first));
  text.remove_prefix(first);
  if (first == 0 || first > 3) return true;
  const bool may_have_groups = digits[digits.size() - first] != '0';
  std::string_view separator;
  while (may_have_groups && !text.empty()) {
    std::string_view rest = text;
    const bool is_group = rest.starts_with(group_sign) ? (rest.remove_prefix(1), true)
                                                       : TakeAny(rest, kSpaces) + TakeAny(rest, kApostrophes) > 0;
    if (!is_group || DigitsAtFront(rest) != 3) break;
    const std::string_view found = text.substr(0, text.size() - rest.size());
    if (!separator.empty() && found != separator) return false;
    separator = found;
    digits.append(rest.substr(0, 3));
    text = rest.substr(3);
  }
  return true;
}

// The text in the form that std::from_chars reads; empty where it is no number.
std::string Normalised(std::string_view text, DecimalSign sign) {
  const char decimal = sign == DecimalSign::kDot ? '.' : ',';
  const char group = sign == DecimalSign::kDot ? ',' : '.';
  std::string number;
  bool has_sign = true;
  if (text.starts_with(kMinus)) number = "-", text.remove_prefix(kMinus.size());
  else if (text.starts_with('-')) number = "-", text.remove_prefix(1);
  else if (text.starts_with('+')) text.remove_prefix(1);
  else has_sign = false;
  const size_t begin = number.size();
  if (!TakeInteger(text, group, number)) return "";
  size_t digits = number.size() - begin;
  if (text.starts_with(decimal)) {
    const size_t behind = DigitsAtFront(text.substr(1));
    digits += behind;
    number += '.';
    number.append(text.substr(1, behind));
    text.remove_prefix(1 + behind);
  }
  if (digits == 0) return "";
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    std::string_view exponent = text.substr(1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const size_t minus = exponent.starts_with('-') ? 1 : 0;
    const size_t size = DigitsAtFront(exponent.substr(minus));
    if (size == 0) return "";
    number += 'e';
    number.append(exponent.substr(0, minus + size));
    text = exponent.substr(minus + size);
  }
  if (text == "-" && !has_sign) return "-" + number;
  return text.empty() ? number : "";
}

}  // namespace

std::string_view WithoutSpaces(std::string_view text) {
  constexpr std::string_view kNoBreak = "\xC2\xA0";
  for (;;) {
    if (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r' || text.front() == '\n')) {
      text.remove_prefix(1);
    } else if (text.starts_with(kNoBreak)) {
      text.remove_prefix(2);
    } else if (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n')) {
      text.remove_suffix(1);
    } else if (text.ends_with(kNoBreak)) {
      text.remove_suffix(2);
    } else {
      return text;
    }
  }
}

std::optional<double> ReadNumber(std::string_view text, DecimalSign sign) {
  text = WithoutSpaces(text);
  if (text.empty() || text.size() > kNumberMaxBytes) return {};
  double number = 0;
  const char* end = text.data() + text.size();
  // Most numbers have no comma and no groups: they are read as they stand.
  if (sign == DecimalSign::kDot && (base::IsDigit(text[0]) || text[0] == '-') && base::IsDigit(text.back())) {
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(number)) return number;
  }
  const std::string normal = Normalised(text, sign);
  if (normal.empty()) return {};
  const auto parsed = std::from_chars(normal.data(), normal.data() + normal.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != normal.data() + normal.size() || !std::isfinite(number)) return {};
  return number;
}

NumberForm FormOf(std::string_view text) {
  text = WithoutSpaces(text);
  const auto dot = ReadNumber(text, DecimalSign::kDot);
  if (dot && text.find_first_of(".,") == std::string_view::npos) return NumberForm::kPlain;
  const auto comma = ReadNumber(text, DecimalSign::kComma);
  if (dot && comma) return *dot == *comma ? NumberForm::kPlain : NumberForm::kBoth;
  return dot ? NumberForm::kDot : comma ? NumberForm::kComma : NumberForm::kNone;
}

bool LooksLikeIdentifier(std::string_view text) {
  text = WithoutSpaces(text);
  return text.size() >= 2 && text[0] == '0' && DigitsAtFront(text) == text.size();
}

bool MeansMissing(std::string_view text) {
  text = WithoutSpaces(text);
  if (text.empty()) return true;
  constexpr size_t kLongest = 8;
  if (text.size() > kLongest || (base::IsDigit(text[0]) && base::IsDigit(text.back()))) return false;
  return std::ranges::find(kMissing, Lowered(text)) != kMissing.end();
}

}  // namespace walchen::data
