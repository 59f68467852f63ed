// SPDX-License-Identifier: Apache-2.0
#include "ledger/canonical_json.h"

#include "base/limits.h"

namespace walchen::ledger {
namespace {

using nlohmann::json;

TEST(CanonicalJson, SortsMembersAndWritesNoWhiteSpace) {
  EXPECT_EQ(CanonicalJson({{"b", 1}, {"a", {{"d", true}, {"c", nullptr}}}, {"B", {1, "x"}}}).value(),
            R"({"B":[1,"x"],"a":{"c":null,"d":true},"b":1})");
}

TEST(CanonicalJson, EscapesAsRfc8785Does) {
  // The example of section 3.2.2: euro sign literal, control characters short where there is a short form.
  EXPECT_EQ(CanonicalJson({{"s", "\xE2\x82\xAC$\x0F\nA'B\"\\\\\"/\x7F\b\t\f\r"}}).value(),
            "{\"s\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\x7F\\b\\t\\f\\r\"}");
}

TEST(CanonicalJson, RefusesWhatReadersDoNotKeepExact) {
  EXPECT_EQ(CanonicalJson({{"x", 0.5}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson({{"x", (int64_t{1} << 53)}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson({{"x", -(int64_t{1} << 53)}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson({{"x", UINT64_MAX}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson({{"x", INT64_MIN}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson({{"x", (int64_t{1} << 53) - 1}, {"y", 1 - (int64_t{1} << 53)}}).value(),
            R"({"x":9007199254740991,"y":-9007199254740991})");
}

TEST(CanonicalJson, RefusesBytesThatAreNotUtf8AndNamesThatAreNotAscii) {
  EXPECT_EQ(CanonicalJson({{"x", "\xFF"}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson({{"ä", 1}}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CanonicalJson(json::binary({1, 2})).error().code(), ErrorCode::kInvalidArgument);
}

TEST(CanonicalJson, RefusesDeepNestingWithoutRecursion) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(ParseCanonical(deep).error().code(), ErrorCode::kCorrupt);
  json nested = json::object();
  for (int64_t level = 1; level < base::kJsonMaxDepth; ++level) nested = {{"a", std::move(nested)}};
  EXPECT_TRUE(CanonicalJson(nested));
  EXPECT_EQ(CanonicalJson({{"a", nested}}).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(ParseCanonical(std::string(base::kLedgerBodyMaxBytes + 1, ' ')).error().code(), ErrorCode::kTooLarge);
}

TEST(CanonicalJson, ReadsOnlyTheOneTextOfAValue) {
  EXPECT_EQ(ParseCanonical(R"({"a":1,"b":[]})").value(), json({{"a", 1}, {"b", json::array()}}));
  for (const char* text :
       {"", "{", "[1]", "1", R"({"b":1,"a":1})", R"({"a":1,"a":1})", R"({"a": 1})", R"({"a":1.0})", R"({"a":-0})",
        R"({"a":1e2})", R"({"\u0061":1})", R"({"a":"\u00e4"})", R"({"a":1} )", "{\"a\":\"\xFF\"}"}) {
    const auto value = ParseCanonical(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code(), ErrorCode::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace walchen::ledger
