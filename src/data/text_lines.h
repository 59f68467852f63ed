// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace walchen::data {

// Takes the first line off `text`, without its line feed; a carriage return stays.
inline std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace walchen::data
