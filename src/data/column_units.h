// SPDX-License-Identifier: Apache-2.0
//
// Units in the heads and cells of tables: "Temperatur [°C]", "P (kW)", "v / m/s", "Druck in bar", "12,5 %".
#pragma once

#include <string>
#include <string_view>

namespace walchen::data {

// Whether a text is a unit: SI and usual others with prefixes, products, quotients and powers of them ("kWh/m²", "1/min",
// "m s^-1"), percent, currencies. A list decides, so "alt" and "Halle 3" are none.
bool LooksLikeUnit(std::string_view text);

// A column's head as name and unit. What stands in brackets at the end is the unit, in round ones, behind "in" or behind
// a slash only where it looks like one.
struct ColumnHead {
  std::string name;
  std::string unit;

  bool operator==(const ColumnHead&) const = default;
};
ColumnHead ReadColumnHead(std::string_view text);

// How many ms one of a unit of time is ("s", "ms", "min", "h", "d"); 0 where it is no unit of time.
double MillisecondsOf(std::string_view unit);

// A cell such as "21,5 °C" or "€ 12,50" as number and unit; an empty unit where it has none of both.
struct NumberWithUnit {
  std::string_view number;
  std::string_view unit;
};
NumberWithUnit SplitUnit(std::string_view text);

}  // namespace walchen::data
