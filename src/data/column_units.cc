// SPDX-License-Identifier: Apache-2.0
#include "data/column_units.h"

#include <algorithm>
#include <array>

#include "data/number_text.h"

namespace walchen::data {
namespace {

// Units that take a prefix, those that take none, and those of time. Spellings of people who type without "µ", "Ω" and "°" too.
constexpr std::array<std::string_view, 40> kPrefixed = {
    "m",  "g",  "s",  "A",  "K",   "mol", "cd", "Hz", "N",  "Pa", "J",   "W",  "C",   "V",    "F",   "Ω",   "Ohm", "ohm", "S",  "Wb",
    "T",  "H",  "lm", "lx", "Bq",  "Gy",  "Sv", "l",  "L",  "eV", "Wh",  "VA", "VAr", "var", "Ah",  "bar", "Nm",  "t",   "px", "B"};
constexpr std::array<std::string_view, 64> kWhole = {
    "°C", "°F", "°", "deg", "degC", "degF", "Grad", "rad", "rpm", "U", "Umdr", "a", "Jahr", "ppm", "ppb", "%", "‰",
    "vol%", "Vol%", "%RH", "%rF", "rF", "dB", "dBA", "dBm", "€", "EUR", "Euro", "ct", "Cent", "$", "USD", "US$", "£",
    "GBP", "CHF", "in", "inch", "ft", "mi", "mph", "kn", "psi", "atm", "mmHg", "Stk", "Stück", "St", "pcs", "Anzahl",
    "count", "counts", "bit", "cal", "ha", "Bar", "NM", "Ma", "grd", "Nl", "lb", "oz", "pH", "mWS"};
struct Time {
  std::string_view unit;
  double ms;
};
// "second" to "hr" are netCDF's.
constexpr std::array<Time, 37> kTimes = {
    {{"s", 1e3}, {"sec", 1e3}, {"secs", 1e3}, {"Sek", 1e3}, {"second", 1e3}, {"seconds", 1e3}, {"Sekunden", 1e3},
     {"ms", 1}, {"msec", 1}, {"millisecond", 1}, {"milliseconds", 1}, {"µs", 1e-3}, {"μs", 1e-3}, {"us", 1e-3},
     {"microsecond", 1e-3}, {"microseconds", 1e-3}, {"ns", 1e-6}, {"nanosecond", 1e-6}, {"nanoseconds", 1e-6},
     {"min", 6e4}, {"mins", 6e4}, {"minute", 6e4}, {"minutes", 6e4}, {"Minuten", 6e4}, {"h", 3.6e6}, {"hr", 3.6e6},
     {"hrs", 3.6e6}, {"hour", 3.6e6}, {"std", 3.6e6}, {"Std", 3.6e6}, {"hours", 3.6e6}, {"Stunden", 3.6e6},
     {"d", 8.64e7}, {"day", 8.64e7}, {"Tag", 8.64e7}, {"Tage", 8.64e7}, {"days", 8.64e7}}};
constexpr std::array<std::string_view, 20> kPrefixes = {"k", "m", "M", "µ", "μ", "u", "n", "p", "c", "d", "h", "G", "T",
                                                        "f", "da", "P", "E", "Ki", "Mi", "Gi"};

constexpr size_t kUnitMaxBytes = 24;

bool IsOneUnit(std::string_view text) {
  const auto is_in = [&](const auto& list) { return std::ranges::find(list, text) != list.end(); };
  if (is_in(kWhole) || is_in(kPrefixed) || MillisecondsOf(text) > 0) return true;
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) {
    return text.starts_with(prefix) && std::ranges::find(kPrefixed, text.substr(prefix.size())) != kPrefixed.end();
  });
}

// Takes a power off the end: "²", "^-1", "2".
std::string_view WithoutPower(std::string_view text) {
  constexpr std::array<std::string_view, 5> kPowers = {"²", "³", "⁻¹", "⁻²", "⁻³"};
  for (const std::string_view power : kPowers) {
    if (text.ends_with(power)) return text.substr(0, text.size() - power.size());
  }
  const size_t last = text.find_last_not_of("0123456789");
  if (last == std::string_view::npos || last + 1 == text.size()) return text;
  text = text.substr(0, last + 1);
  if (text.ends_with('-')) text.remove_suffix(1);
  if (text.ends_with('^')) text.remove_suffix(1);
  return text;
}

// The next factor of a product or quotient, whose sign is taken too.
std::string_view TakeFactor(std::string_view& text) {
  constexpr std::string_view kSigns = "/*. ()";
  constexpr std::string_view kDot = "·";
  size_t end = 0;
  while (end < text.size() && kSigns.find(text[end]) == std::string_view::npos && !text.substr(end).starts_with(kDot)) ++end;
  const std::string_view factor = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with(kDot)) text.remove_prefix(kDot.size());
  else if (!text.empty()) text.remove_prefix(1);
  return factor;
}

// The unit in brackets at the end of a head; empty where there are none.
std::string_view InBrackets(std::string_view text, char open, char close) {
  if (!text.ends_with(close)) return {};
  const size_t begin = text.rfind(open);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin + 1, text.size() - begin - 2);
}

ColumnHead HeadOf(std::string_view name, std::string_view unit) {
  return {std::string(WithoutSpaces(name)), std::string(WithoutSpaces(unit))};
}

}  // namespace

bool LooksLikeUnit(std::string_view text) {
  text = WithoutSpaces(text);
  if (text.empty() || text.size() > kUnitMaxBytes) return false;
  bool found = false;
  while (!text.empty()) {
    const std::string_view factor = TakeFactor(text);
    if (factor.empty() || factor == "1") continue;
    if (!IsOneUnit(factor) && !IsOneUnit(WithoutPower(factor))) return false;
    found = true;
  }
  return found;
}

ColumnHead ReadColumnHead(std::string_view text) {
  text = WithoutSpaces(text);
  if (const auto unit = InBrackets(text, '[', ']'); !unit.empty()) {
    return HeadOf(text.substr(0, text.size() - unit.size() - 2), unit);
  }
  if (const auto unit = InBrackets(text, '(', ')'); LooksLikeUnit(unit)) {
    return HeadOf(text.substr(0, text.size() - unit.size() - 2), unit);
  }
  for (const std::string_view word : {" in ", " / "}) {
    const size_t at = text.find(word);
    if (at == std::string_view::npos || at == 0) continue;
    if (const auto unit = text.substr(at + word.size()); LooksLikeUnit(unit)) return HeadOf(text.substr(0, at), unit);
  }
  return HeadOf(text, {});
}

double MillisecondsOf(std::string_view unit) {
  const auto* found = std::ranges::find(kTimes, unit, &Time::unit);
  return found == kTimes.end() ? 0 : found->ms;
}

NumberWithUnit SplitUnit(std::string_view text) {
  text = WithoutSpaces(text);
  for (const std::string_view currency : {"€", "$", "£", "EUR", "USD", "CHF"}) {
    if (text.starts_with(currency)) return {WithoutSpaces(text.substr(currency.size())), currency};
  }
  const size_t last = text.find_last_of("0123456789");
  if (last == std::string_view::npos || last + 1 == text.size()) return {text, {}};
  const std::string_view unit = WithoutSpaces(text.substr(last + 1));
  // "12,-" and SAP's "12,5-" are numbers of their own.
  if (!LooksLikeUnit(unit)) return {text, {}};
  return {WithoutSpaces(text.substr(0, last + 1)), unit};
}

}  // namespace walchen::data
