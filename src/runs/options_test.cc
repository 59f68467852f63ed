// SPDX-License-Identifier: Apache-2.0
#include "runs/options.h"

#include <gtest/gtest.h>

namespace walchen::runs {
namespace {

Options Example() {
  Options options("recipe.toml", "[data.options] of \"speech\"");
  options.Set("channels", int64_t{4}, 12);
  options.Set("noise", 0.5, 13);
  options.Set("voice", std::string("low"), 14);
  options.Set("loud", true, 15);
  return options;
}

TEST(Options, GiveWhatIsThereAndElseWhatIsMeantByNothing) {
  Options options = Example();
  EXPECT_EQ(options.Int("channels", 1, 1, 64).value(), 4);
  EXPECT_EQ(options.Int("rate", 7, 1, 64).value(), 7);
  EXPECT_EQ(options.Number("noise", 0, 0, 1).value(), 0.5);
  EXPECT_EQ(options.Number("channels", 0, 0, 10).value(), 4.0) << "a whole number is a number";
  EXPECT_EQ(options.Number("gain", 1.5, 0, 1).value(), 1.5);
  EXPECT_EQ(options.Text("voice", "high").value(), "low");
  EXPECT_EQ(options.Text("accent", "none").value(), "none");
  EXPECT_TRUE(options.Flag("loud", false).value());
  EXPECT_TRUE(options.Flag("fast", true).value());
  EXPECT_TRUE(options.RefuseOthers());
}

TEST(Options, SayWhatWasExpectedAndFoundAndWhere) {
  Options options = Example();
  EXPECT_EQ(options.Int("channels", 1, 1, 3).error().message(),
            "recipe.toml:12: [data.options] of \"speech\": channels: expected a whole number from 1 to 3, found 4");
  EXPECT_NE(options.Int("noise", 1, 1, 3).error().message().find("found 0.5"), std::string::npos);
  EXPECT_NE(options.Number("voice", 0, 0, 1).error().message().find("a number from 0 to 1, found \"low\""),
            std::string::npos);
  EXPECT_NE(options.Text("loud", "").error().message().find("expected a text, found true"), std::string::npos);
  EXPECT_NE(options.Flag("channels", true).error().message().find("expected true or false, found 4"), std::string::npos);
  EXPECT_EQ(options.Flag("channels", true).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Options, RefuseAKeyThatNobodyAskedFor) {
  Options options = Example();
  ASSERT_TRUE(options.Int("chanels", 1, 1, 64));
  ASSERT_TRUE(options.Flag("loud", true));
  ASSERT_TRUE(options.Number("noise", 0, 0, 1));
  ASSERT_TRUE(options.Text("voice", ""));
  EXPECT_EQ(options.RefuseOthers().error().message(),
            "recipe.toml:12: [data.options] of \"speech\": unknown key \"channels\"; did you mean chanels?");
  EXPECT_NE(Example().RefuseOthers().error().message().find("unknown key \"channels\"; known are none"),
            std::string::npos);
}

TEST(Options, AreEqualWhereverTheyStandAndWhateverWasAsked) {
  Options a = Example(), b("other.toml", "x");
  for (const auto& [key, value] : a.values()) b.Set(key, value);
  ASSERT_TRUE(a.Flag("loud", false));
  EXPECT_TRUE(a == b);
  b.Set("loud", false);
  EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace walchen::runs
