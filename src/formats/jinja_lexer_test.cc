// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_lexer.h"

#include <gtest/gtest.h>

namespace walchen::formats::jinja {
namespace {

// The tokens, one letter for the kind and the text behind it.
std::string Tokens(std::string_view source) {
  const std::string normalized = NormalizeNewlines(source);
  const auto tokens = Tokenize(normalized);
  if (!tokens) return tokens.error().message();
  std::string shown;
  for (const Token& token : *tokens) {
    switch (token.type) {
      case TokenType::kText: shown += "'" + token.text + "' "; break;
      case TokenType::kVariableBegin: shown += "{{ "; break;
      case TokenType::kVariableEnd: shown += "}} "; break;
      case TokenType::kBlockBegin: shown += "{% "; break;
      case TokenType::kBlockEnd: shown += "%} "; break;
      case TokenType::kName:
      case TokenType::kOperator: shown += token.text + " "; break;
      case TokenType::kString: shown += '"' + token.text + "\" "; break;
      case TokenType::kInteger: shown += std::to_string(token.integer) + " "; break;
      case TokenType::kFloat: shown += fmt::format("f{} ", token.number); break;
      case TokenType::kEnd: shown += "."; break;
    }
  }
  return shown;
}

TEST(JinjaLexer, CutsTextFromTags) {
  EXPECT_EQ(Tokens("a{{ b }}c{% d %}e"), "'a' {{ b }} 'c' {% d %} 'e' .");
  EXPECT_EQ(Tokens(""), ".");
  EXPECT_EQ(Tokens("{ {% a %} }"), "'{ ' {% a %} ' }' .");
  EXPECT_EQ(Tokens("{{a}}{{b}}"), "{{ a }} {{ b }} .");
}

TEST(JinjaLexer, TakesBlanksBeforeAndTheLineBreakBehindABlock) {
  EXPECT_EQ(Tokens("x\n  {% a %}\n  y"), "'x\n' {% a %} '  y' .");
  EXPECT_EQ(Tokens("  {% a %}\n\ny"), "{% a %} '\ny' .");
  EXPECT_EQ(Tokens("x {% a %} \ny"), "'x ' {% a %} ' \ny' .");
  EXPECT_EQ(Tokens("  {{ a }}\n  y"), "'  ' {{ a }} '\n  y' .");
  EXPECT_EQ(Tokens("{% a %}\n  {% b %}"), "{% a %} {% b %} .");
  EXPECT_EQ(Tokens("{{ a }}  {% b %}"), "{{ a }} '  ' {% b %} .");
}

TEST(JinjaLexer, SignsAtTheBorderOfATagDecideOnWhiteSpace) {
  EXPECT_EQ(Tokens("x \n {%- a -%} \n y"), "'x' {% a %} 'y' .");
  EXPECT_EQ(Tokens("x\n  {%+ a +%}\ny"), "'x\n  ' {% a %} '\ny' .");
  EXPECT_EQ(Tokens("x {{- a -}} y"), "'x' {{ a }} 'y' .");
  EXPECT_EQ(Tokens("x {#- a -#} y {# b #}\n{#+ c +#}\nz"), "'x' 'y ' '\nz' .");
}

TEST(JinjaLexer, ARawBlockIsText) {
  EXPECT_EQ(Tokens("{% raw %}{{ a }}{% b %}{# c #}{% endraw %}"), "'{{ a }}{% b %}{# c #}' .");
  EXPECT_EQ(Tokens("x {%- raw -%} y {%- endraw -%} z"), "'x' 'y' 'z' .");
  EXPECT_EQ(Tokens("{% raw %} never"), "line 1, column 1: a raw block has no end");
  EXPECT_EQ(Tokens("{% rawx %}"), "{% rawx %} .");
}

TEST(JinjaLexer, ReadsNumbers) {
  EXPECT_EQ(Tokens("{{ 1 1.5 1e3 1_000 0x1F 0b11 0o17 1.5E-2 00 }}"), "{{ 1 f1.5 f1000 1000 31 3 15 f0.015 0 }} .");
  EXPECT_EQ(Tokens("{{ a.0.1 }}"), "{{ a . 0 . 1 }} .");
  EXPECT_EQ(Tokens("{{ 1.x }}"), "{{ 1 . x }} .");
  EXPECT_EQ(Tokens("{{ 99999999999999999999 }}"),
            "line 1, column 4: the integer 99999999999999999999 does not fit 64 bits");
}

TEST(JinjaLexer, DecodesTexts) {
  EXPECT_EQ(Tokens(R"({{ 'a\n\t\\\'\x41\u00e9\U0001F680\101\q' "b'c" }})"),
            "{{ \"a\n\t\\'A\u00e9\U0001F680A\\q\" \"b'c\" }} .");
  EXPECT_EQ(Tokens("{{ 'a\\\nb' }}"), "{{ \"ab\" }} .");
  EXPECT_EQ(Tokens("{{ 'a }}"), "line 1, column 4: a text has no end");
  EXPECT_EQ(Tokens(R"({{ '\x4' }})"), "line 1, column 5: a \\x escape does not name a character");
  EXPECT_EQ(Tokens(R"({{ '\ud800' }})"), "line 1, column 5: a \\u escape does not name a character");
}

TEST(JinjaLexer, ATagEndsOnlyOutsideOfBrackets) {
  EXPECT_EQ(Tokens("{{ {'a': {}} }}"), "{{ { \"a\" : { } } }} .");
  EXPECT_EQ(Tokens("{{ {'a': {}}}}"), "{{ { \"a\" : { } } }} .");
  EXPECT_EQ(Tokens("{{ (1] }}"), "line 1, column 6: unexpected ']', expected ')'");
  EXPECT_EQ(Tokens("{{ 1) }}"), "line 1, column 5: unexpected ')'");
  EXPECT_EQ(Tokens("a\n {{ b"), "line 2, column 2: a tag has no end");
}

TEST(JinjaLexer, LineBreaksAreNewlinesAndTheLastOneGoes) {
  EXPECT_EQ(NormalizeNewlines("a\r\nb\rc\n\n"), "a\nb\nc\n");
  EXPECT_EQ(NormalizeNewlines("\r\n"), "");
}

TEST(JinjaLexer, TokensKnowTheirLine) {
  const auto tokens = Tokenize("a\n\n{{ b\n + c }}\n{% d %}");
  ASSERT_TRUE(tokens);
  std::vector<int> lines;
  for (const Token& token : *tokens) lines.push_back(token.line);
  EXPECT_EQ(lines, (std::vector<int>{1, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5}));
}

TEST(JinjaLexer, FindsLineAndColumnOfAByte) {
  EXPECT_EQ(PlaceOf("ab\ncd", 0).column, 1u);
  EXPECT_EQ(PlaceOf("ab\ncd", 4).line, 2u);
  EXPECT_EQ(PlaceOf("ab\ncd", 4).column, 2u);
}

}  // namespace
}  // namespace walchen::formats::jinja
