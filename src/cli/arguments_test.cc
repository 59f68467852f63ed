// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <gtest/gtest.h>

#include "cli/shared_flags.h"

namespace walchen::cli {
namespace {

// A sub-command with one of each kind of argument.
struct Example {
  bool loud = false;
  int count = 7;
  float share = 0.5f;
  std::optional<uint64_t> seed;
  std::string name = "none";
  std::vector<int64_t> ids;

  // The exit code, or -1 for "go on"; what was said on standard error goes to `said`.
  int Parse(std::vector<std::string> words) {
    words.insert(words.begin(), "example");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    Arguments arguments("walchen example", "An example.");
    arguments.Flag("--loud", loud, "Loud");
    arguments.Option("--count", count, "Count", Range{0, 10});
    arguments.Option("--share", share, "Share", Range{0, 1});
    arguments.Option("--seed", seed, "Seed");
    arguments.Option("--name", name, "Name");
    arguments.Option("--ids", ids, "Ids");
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const auto exit_code = arguments.Parse(static_cast<int>(argv.size()), argv.data());
    said = testing::internal::GetCapturedStderr();
    printed = testing::internal::GetCapturedStdout();
    return exit_code.value_or(-1);
  }
  std::string said;
  std::string printed;
};

TEST(Arguments, ReadsEveryKind) {
  Example e;
  ASSERT_EQ(e.Parse({"--loud", "--count", "3", "--share=0.25", "--seed", "18446744073709551615", "--name", "a b", "--ids",
                     "1,2,3"}),
            -1)
      << e.said;
  EXPECT_TRUE(e.loud);
  EXPECT_EQ(e.count, 3);
  EXPECT_EQ(e.share, 0.25f);
  EXPECT_EQ(e.seed, ~uint64_t{0});
  EXPECT_EQ(e.name, "a b");
  EXPECT_EQ(e.ids, (std::vector<int64_t>{1, 2, 3}));
}

TEST(Arguments, LeaveWhatIsNotNamed) {
  Example e;
  ASSERT_EQ(e.Parse({}), -1);
  EXPECT_EQ(e.count, 7);
  EXPECT_EQ(e.seed, std::nullopt);
  EXPECT_EQ(e.name, "none");
}

TEST(Arguments, SayWhatWasExpectedAndFound) {
  Example e;
  EXPECT_EQ(e.Parse({"--count", "11"}), 2);
  EXPECT_EQ(e.said,
            "walchen example: --count: expected a whole number from 0 to 10, found \"11\"\nSee: walchen example --help\n");
  EXPECT_EQ(e.Parse({"--count", "3x"}), 2);
  EXPECT_EQ(e.Parse({"--count", "99999999999999999999"}), 2);
  EXPECT_EQ(e.Parse({"--count", ""}), 2);
  EXPECT_EQ(e.Parse({"--share", "nan"}), 2);
  EXPECT_EQ(e.Parse({"--share", "-0.1"}), 2);
  EXPECT_EQ(e.Parse({"--seed", "-1"}), 2);
  EXPECT_EQ(e.Parse({"--count"}), 2);
  EXPECT_EQ(e.count, 7) << "a refused value must not stick";
}

TEST(Arguments, GuessWhatAnUnknownFlagWasMeantToBe) {
  Example e;
  EXPECT_EQ(e.Parse({"--cuont", "3"}), 2);
  EXPECT_NE(e.said.find("unknown flag --cuont; did you mean --count?"), std::string::npos) << e.said;
  EXPECT_EQ(e.Parse({"--zzzzzzzzzz"}), 2);
  EXPECT_NE(e.said.find("unknown flag --zzzzzzzzzz\n"), std::string::npos) << e.said;
  EXPECT_EQ(e.Parse({"word"}), 2);
  EXPECT_NE(e.said.find("unexpected argument \"word\""), std::string::npos) << e.said;
}

TEST(Arguments, PrintHelpWithDefaultsOnStandardOutput) {
  Example e;
  EXPECT_EQ(e.Parse({"--help"}), 0);
  EXPECT_EQ(e.said, "");
  EXPECT_NE(e.printed.find("--count N=7"), std::string::npos) << e.printed;
}

TEST(SharedFlags, GiveTheSeedThatWasAskedFor) {
  SharedFlags flags;
  flags.seed = 0;
  EXPECT_EQ(flags.SeedOrClock(), 0u);
  flags.seed.reset();
  EXPECT_NE(flags.SeedOrClock(), flags.SeedOrClock());
}

}  // namespace
}  // namespace walchen::cli
