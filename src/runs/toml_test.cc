// SPDX-License-Identifier: Apache-2.0
#include "runs/toml.h"

#include <limits>

#include <gtest/gtest.h>

#include "runs/plain_toml.h"

namespace walchen::runs {
namespace {

// The text under x, or the error.
std::string TextOfX(std::string_view toml) {
  const auto root = ParseToml(toml, "t");
  if (!root) return root.error().message();
  const auto& keys = std::get<TomlKeys>(root->value);
  const auto x = keys.find("x");
  return x == keys.end() ? "there is no x" : std::get<std::string>(x->second.value);
}

TEST(PlainToml, SaysTheSameInAscii) {
  EXPECT_EQ(PlainToml("a = \"ü€😀\" # ü\n", "t").value(), "a = \"\\u00FC\\u20AC\\U0001F600\" \n");
  EXPECT_EQ(PlainToml("a = 'C:\\x \"ü\"'\n", "t").value(), "a = \"C:\\\\x \\\"\\u00FC\\\"\"\n");
  EXPECT_EQ(PlainToml("\xef\xbb\xbf" "a = 1", "t").value(), "a = 1") << "the mark of UTF-8";
}

TEST(ParseToml, ReadsTextsInAllKindsOfQuotes) {
  EXPECT_EQ(TextOfX("x = \"ü \\u00e9 \\\" \\\\ € 😀\""), "ü é \" \\ € 😀");
  EXPECT_EQ(TextOfX("x = 'C:\\neu \"ü\"'"), "C:\\neu \"ü\"");
  EXPECT_EQ(TextOfX("x = \"\"\"\nzwei\nZeilen: ü\"\"\""), "zwei\nZeilen: ü");
  EXPECT_EQ(TextOfX("x = '''\nzwei\n\\n Zeilen: ü'''"), "zwei\n\\n Zeilen: ü");
  EXPECT_EQ(TextOfX("x = \"\"\"a\"\"\"\"\""), "a\"\"");
  EXPECT_EQ(TextOfX("x = '''a''''"), "a'");
  EXPECT_EQ(TextOfX("x = '''\"\"\"\"'''"), "\"\"\"\"");
  EXPECT_EQ(TextOfX("x = \"\"\"a \\\n   ü\"\"\""), "a ü") << "a backslash joins two lines";
  EXPECT_EQ(TextOfX("x = \"\"  # none \"\n"), "");
  EXPECT_EQ(TextOfX("y = 1 # '\nx = \"#\""), "#");
  EXPECT_EQ(TextOfX("\"ü\" = 1\n'ä' = 2\nx = \"a\""), "a");
}

TEST(ParseToml, SaysInWhichLineItIsNoToml) {
  const std::vector<std::pair<std::string_view, std::string_view>> texts = {
      {"\nx = \"a\x01\"", "t:2: expected TOML: found the control character \"\\x01\""},
      {"\n# \x7f", "t:2: expected TOML: found the control character \"\\x7f\""},
      {"x = \"\"\"\n\n\xff\"\"\"", "t:3: expected TOML: found a byte that is not UTF-8, \"\\xff\""},
      {"x = \"\xc3", "t:1: expected TOML: found a byte that is not UTF-8, \"\\xc3\""},
      {"x = \"\xc0\x80\"", "t:1: expected TOML: found a byte that is not UTF-8"},
      {"x = \"\xed\xa0\x80\"", "t:1: expected TOML: found a byte that is not UTF-8"},
      {"x = \"\xf5\x80\x80\x80\"", "t:1: expected TOML: found a byte that is not UTF-8"},
      {"ü = 1", "t:1: expected TOML: found a letter outside of quotes that is not ASCII"},
      {"x = \"\\ü\"", "t:1: expected TOML: found a backslash before a letter that is not ASCII"},
      {"x = \"a\ny = 1", "t:1: expected TOML:"},
      {"x = 'a\ny = 1", "t:1: expected TOML:"},
      {"x = 1\n\n[=]\ny = 1", "t:3: expected TOML: found a name or value that cannot begin like this"},
      {"x = 1\"ü\"", "t:1: expected TOML:"},
      {"x = 'a'b'", "t:1: expected TOML:"},
  };
  for (const auto& [toml, message] : texts) {
    const std::string found = TextOfX(toml);
    EXPECT_TRUE(found.starts_with(message)) << found;
  }
}

TEST(WriteToml, IsReadBackTheSame) {
  const auto x_of = [](const std::string& toml) {
    const auto root = ParseToml("x = " + toml, "t");
    EXPECT_TRUE(root) << root.error().message();
    return std::get<TomlKeys>(root->value).at("x").value;
  };
  for (const double number : {0.0, 1.0, -2.5, 1e-10, 1e300, 123456789.0, 0.1}) {
    EXPECT_EQ(std::get<double>(x_of(WriteToml(number))), number) << WriteToml(number);
  }
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(std::get<int64_t>(x_of(WriteToml(kLeast))), kLeast);
  std::string all;
  for (int c = 1; c < 0x80; ++c) all += static_cast<char>(c);
  all += "ü\\u";
  EXPECT_EQ(std::get<std::string>(x_of(WriteToml(all))), all);
  EXPECT_EQ(WriteTomlKey("a_B-9"), "a_B-9");
  EXPECT_EQ(WriteTomlKey("a b"), "\"a b\"");
  EXPECT_EQ(WriteTomlKey(""), "\"\"");
}

}  // namespace
}  // namespace walchen::runs
