// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people and programs write them in tables: "1,234.5" and "1.234,5", "1 234,5", "1'234.5", "12,5-" (SAP),
// "−3,5e+02". Whether a comma is a decimal sign can only be told from a whole column: "1.234" is a number either way.
#pragma once

#include <optional>
#include <string_view>

namespace walchen::data {

enum class DecimalSign { kDot, kComma };

// The number that a text is with this decimal sign. The other sign, a space or an apostrophe may stand between groups of
// three digits. Nothing where it is none, or out of a double's range.
std::optional<double> ReadNumber(std::string_view text, DecimalSign sign);

// What a text says of the decimal sign.
enum class NumberForm {
  kNone,   // it is no number
  kPlain,  // it is the same number with both: "12", "-3e5"
  kDot,    // it is a number only with a decimal dot: "1.5", "1,234.5"
  kComma,  // only with a decimal comma: "1,5", "1.234.567"
  kBoth,   // it is one number with a dot and another with a comma: "1.234"
};
NumberForm FormOf(std::string_view text);

// Digits with a zero in front, as in "00123": the name of something, not how much there is of it.
bool LooksLikeIdentifier(std::string_view text);

// Whether a cell says that there is no value: empty, "-", "n/a", "NaN", "NULL", "k. A.", "#NV", "#DIV/0!" and the like.
bool MeansMissing(std::string_view text);

// Without spaces at both ends, those that do not break a line among them.
std::string_view WithoutSpaces(std::string_view text);

}  // namespace walchen::data
