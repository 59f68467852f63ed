// SPDX-License-Identifier: Apache-2.0
#include "serve/json_text.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/limits.h"

namespace walchen::serve {
namespace {

std::string Repeat(std::string_view text, int64_t times) {
  std::string all;
  for (int64_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(JsonText, ReadsEveryKindOfValueInOrder) {
  const std::string text = R"({"z":null,"a":[true,-1,18446744073709551615,2.5,"Gr\u00fc\u00df"],"m":{"x":{}}})";
  const auto json = ParseJson(text);
  ASSERT_TRUE(json) << json.error().ToString();
  EXPECT_EQ(WriteJson(*json), R"({"z":null,"a":[true,-1,18446744073709551615,2.5,"Grüß"],"m":{"x":{}}})");
}

TEST(JsonText, SaysAtWhichByteItIsMalformed) {
  const std::vector<std::pair<std::string, uint64_t>> cases = {
      {"", 0},         {"{", 1},        {"[1,]", 3},        {R"({"a" 1})", 5}, {"[1] x", 4},
      {"nul", 3},      {"[01]", 2},     {"[1e999]", 5},     {"{'a':1}", 1},    {"\"\x01\"", 1},
      {"\"\xff\"", 1}, {"\"\xc3\"", 2}, {R"("\ud800")", 7}, {"[\"a\\x\"]", 4}, {"\xed\xa0\x80", 0},
  };
  for (const auto& [text, offset] : cases) {
    const auto json = ParseJson(text);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code(), ErrorCode::kCorrupt) << text;
    ASSERT_TRUE(json.error().offset()) << text;
    EXPECT_EQ(*json.error().offset(), offset) << text << ": " << json.error().message();
  }
}

TEST(JsonText, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](int64_t depth) { return Repeat("[", depth) + Repeat("]", depth); };
  EXPECT_TRUE(ParseJson(nested(base::kJsonMaxDepth)));
  const auto json = ParseJson(nested(base::kJsonMaxDepth + 1));
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code(), ErrorCode::kTooLarge);
  // A megabyte of opening brackets must cost no stack.
  EXPECT_FALSE(ParseJson(Repeat("[", 1'000'000)));
  EXPECT_FALSE(ParseJson(Repeat("{\"a\":", 200'000)));
}

TEST(JsonText, RefusesANameThatStandsTwice) {
  const auto json = ParseJson(R"({"a":1,"b":{"c":1,"d":2,"c":3}})");
  ASSERT_FALSE(json);
  EXPECT_NE(json.error().message().find("\"c\""), std::string::npos);
}

TEST(JsonText, BoundsTheNumberOfValues) {
  EXPECT_TRUE(ParseJson("[" + Repeat("0,", base::kRequestMaxJsonValues - 2) + "0]"));
  const auto json = ParseJson("[" + Repeat("0,", base::kRequestMaxJsonValues) + "0]");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code(), ErrorCode::kTooLarge);
}

TEST(JsonText, ReadsAnObjectOfManyNamesInLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += fmt::format("\"{}\":0,", i);
  text.back() = '}';
  const base::Stopwatch watch;
  ASSERT_TRUE(ParseJson(text));
  // Quadratic time would be minutes; this is 0.1 s on a slow machine.
  EXPECT_LT(watch.Ms(), 10'000);
}

TEST(JsonText, WritesValidUtf8WhateverItIsGiven) {
  EXPECT_EQ(WriteJson(Json("a\xff"
                           "b\xc3")),
            "\"a\xef\xbf\xbd"
            "b\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace walchen::serve
