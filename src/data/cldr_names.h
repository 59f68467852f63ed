// SPDX-License-Identifier: Apache-2.0
//
// The German and English short names of emoji and symbols, from Unicode's Common Locale Data Repository. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace walchen::data {

struct CldrName {
  std::string_view code_points;  // in hexadecimal, lower case, "-" between, without U+FE0F: "1f469-200d-1f33e"
  std::string_view german;
  std::string_view english;
};

struct ShortNames {
  std::string german;
  std::string english;

  bool operator==(const ShortNames&) const = default;
};

// The names of a sequence of code points as CldrName has it, also with U+FE0F, zeros in front and in upper case; the skin
// tones in it are named behind a colon. Nothing where CLDR has no name for it.
std::optional<ShortNames> FindShortNames(std::string_view code_points);

// The names of which this is the English one, as icon sets write it: "man-farmer", "flag-germany",
// "waving-hand-light-skin-tone".
std::optional<ShortNames> FindShortNamesByEnglish(std::string_view dashed_name);

}  // namespace walchen::data
