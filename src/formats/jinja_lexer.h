// SPDX-License-Identifier: Apache-2.0
//
// Cuts a template into tokens: text, {{ }} and {% %} with what is inside. Comments are gone, white space is trimmed as
// jinja2 does with trim_blocks and lstrip_blocks on: a line break right after a block goes, and so do blanks before a
// block that starts its line; "-" at a tag's border takes all white space there, "+" none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::formats::jinja {

enum class TokenType : uint8_t {
  kText,           // outside of tags
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd,  // of the template
};

struct Token {
  TokenType type = TokenType::kEnd;
  size_t offset = 0;  // in the normalised source
  int line = 1;
  std::string text;   // of a text, name or operator; the decoded content of a string
  int64_t integer = 0;
  double number = 0;

  bool IsOperator(std::string_view which) const { return type == TokenType::kOperator && text == which; }
  bool IsName(std::string_view which) const { return type == TokenType::kName && text == which; }
};

// Line and column of a byte, both from 1.
struct Place {
  size_t line = 1;
  size_t column = 1;
};
Place PlaceOf(std::string_view source, size_t offset);

// The template with \n for every line break, and without the last one.
std::string NormalizeNewlines(std::string_view source);

// `source` must be normalised. The last token is kEnd. Errors: kCorrupt, kUnsupported; with line and column.
Result<std::vector<Token>> Tokenize(std::string_view source);

}  // namespace walchen::formats::jinja
