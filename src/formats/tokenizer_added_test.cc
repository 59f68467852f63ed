// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_added.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace walchen::formats {
namespace {

// "text|<id>|text": the sections of a text.
std::string Find(std::vector<AddedToken> tokens, std::string_view text, const AllowedRanges& allowed = {}) {
  const auto added = AddedTokens::Build(std::move(tokens));
  EXPECT_TRUE(added.has_value());
  std::string out;
  for (const Section& section : added->Find(text, allowed)) {
    if (!out.empty()) out += '|';
    out += section.token == kNoToken ? std::string(text.substr(section.begin, section.end - section.begin))
                                     : fmt::format("<{}>", section.token);
  }
  return out;
}

TEST(AddedTokens, TakesTheLongestTokenAtTheLeftmostPlace) {
  const std::vector<AddedToken> tokens = {{.content = "ab", .id = 1}, {.content = "abc", .id = 2}, {.content = "bcd", .id = 3}};
  EXPECT_EQ(Find(tokens, "xabcdab"), "x|<2>|d|<1>");
  EXPECT_EQ(Find(tokens, "abd"), "<1>|d");
  EXPECT_EQ(Find(tokens, ""), "");
  EXPECT_EQ(Find({}, "ab"), "ab");
}

TEST(AddedTokens, FindsASpecialTokenOnlyInsideAnAllowedRange) {
  const std::vector<AddedToken> tokens = {{.content = "<s>", .id = 1, .special = true}};
  EXPECT_EQ(Find(tokens, "<s><s><s>", {{3, 6}}), "<s>|<1>|<s>");
  EXPECT_EQ(Find(tokens, "<s><s>", {{0, 4}}), "<1>|<s>");
  EXPECT_EQ(Find(tokens, "<s>", {{1, 3}}), "<s>");
  EXPECT_EQ(Find(tokens, "<s>", {}), "<s>");
}

TEST(AddedTokens, AForbiddenSpecialTokenDoesNotHideAShorterOne) {
  EXPECT_EQ(Find({{.content = "<s>", .id = 1, .special = true}, {.content = "<", .id = 2}}, "<s>"), "<2>|s>");
}

TEST(AddedTokens, SingleWordsStandFree) {
  const std::vector<AddedToken> tokens = {{.content = "the", .id = 1, .single_word = true}};
  EXPECT_EQ(Find(tokens, "the other the, the\u00E4 _the"), "<1>| other |<1>|, the\u00E4 _the");
}

TEST(AddedTokens, StripTakesTheSpaceBesideThem) {
  EXPECT_EQ(Find({{.content = "x", .id = 1, .left_strip = true}}, "a \u3000x b"), "a|<1>| b");
  EXPECT_EQ(Find({{.content = "x", .id = 1, .right_strip = true}}, "a x \n b"), "a |<1>|b");
}

TEST(AddedTokens, RefusesATokenThatIsTooLong) {
  const auto added = AddedTokens::Build({{.content = std::string(base::kAddedTokenMaxBytes + 1, 'x'), .id = 0}});
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::formats
