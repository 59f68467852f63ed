// SPDX-License-Identifier: Apache-2.0
#include "runs/curves.h"

#include <cmath>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace walchen::runs {
namespace {

// Losses that fall with noise, as those of a run do.
std::vector<StepRecord> ExampleRun(int steps, int losses) {
  base::Rng rng(1);
  std::vector<StepRecord> records;
  for (int step = 1; step <= steps; ++step) {
    StepRecord record{.step = step, .loss = {}};
    for (int loss = 0; loss < losses; ++loss) {
      const double clean = 2.0 + loss + 7.0 * std::exp(-4.0 * step / steps);
      record.loss[fmt::format("loss{}", loss)] = clean + 0.2 * rng.Normal();
    }
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Every character here is one column wide.
size_t Width(std::string_view line) {
  return static_cast<size_t>(std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(DrawCurves, FitIntoWhatTheyAreGiven) {
  for (const int losses : {1, 2, 3, 5, 8, 13}) {
    for (const int steps : {1, 2, 3, 10, 100, 5'000}) {
      const auto records = ExampleRun(steps, losses);
      for (const auto& [columns, rows] : {std::pair(80, 24), {20, 5}, {1, 1}, {40, 11}, {200, 60}, {133, 7}}) {
        const std::string text = DrawCurves(records, columns, rows);
        const auto lines = Lines(text);
        EXPECT_LE(lines.size(), static_cast<size_t>(std::max(rows, 5))) << text;
        EXPECT_TRUE(text.ends_with('\n'));
        for (const std::string& line : lines) {
          EXPECT_LE(Width(line), static_cast<size_t>(std::max(columns, 20))) << text;
          EXPECT_FALSE(line.ends_with(' '));
        }
      }
    }
  }
}

TEST(DrawCurves, NameEachLossWithItsFirstAndLastValueAndSteps) {
  std::vector<StepRecord> records;
  for (int i = 0; i < 40; ++i) records.push_back({.step = 1'000 + 5 * i, .loss = {{"speech", 8.0 - 0.1 * i}}});
  const std::string text = DrawCurves(records, 80, 12);
  EXPECT_TRUE(Has(text, "speech ")) << text;
  EXPECT_TRUE(Has(text, "8 at step 1,000, 4.1 at step 1,195")) << text;
  const auto lines = Lines(text);
  ASSERT_EQ(lines.size(), 12u);
  EXPECT_TRUE(lines[1].starts_with("       8 ┤")) << text;
  EXPECT_TRUE(lines[10].starts_with("     4.1 ┤")) << text;
  EXPECT_TRUE(lines[11].starts_with("         └1,000─")) << text;
  EXPECT_TRUE(lines[11].ends_with("─1,195")) << text;
}

TEST(DrawCurves, AFallingLossGoesDownFromLeftToRight) {
  std::vector<StepRecord> records;
  for (int step = 1; step <= 4; ++step) records.push_back({.step = step, .loss = {{"a", 5.0 - step}}});
  const auto lines = Lines(DrawCurves(records, 20, 6));
  ASSERT_EQ(lines.size(), 6u);
  // Ten columns and four rows: two and a half columns of a straight line in each row.
  EXPECT_EQ(lines[1], "       4 ┤⠉⠢⡀");
  EXPECT_EQ(lines[4].substr(0, std::string("       1 ┤").size()), "       1 ┤");
  EXPECT_EQ(Width(lines[4]), 20u);
}

TEST(DrawCurves, TheScaleIsLogarithmicWhereALossFallsFar) {
  std::vector<StepRecord> records;
  for (int step = 0; step < 50; ++step) records.push_back({.step = step, .loss = {{"a", 100.0 * std::pow(0.8, step)}}});
  EXPECT_TRUE(Has(DrawCurves(records, 80, 24), "a (log scale)"));
  records.back().loss["a"] = -1;
  EXPECT_FALSE(Has(DrawCurves(records, 80, 24), "log")) << "there is no logarithm of that";
}

TEST(DrawCurves, TheRangeOfSingleStepsIsShaded) {
  EXPECT_TRUE(Has(DrawCurves(ExampleRun(5'000, 1), 80, 24), "░"));
  std::vector<StepRecord> smooth;
  for (int step = 1; step <= 10; ++step) smooth.push_back({.step = step, .loss = {{"a", 1.0 * step}}});
  EXPECT_FALSE(Has(DrawCurves(smooth, 80, 24), "░"));
}

TEST(DrawCurves, OneSpikeDoesNotPressTheRestToTheGround) {
  auto records = ExampleRun(1'000, 1);
  records[500].loss["loss0"] = 1e6;
  EXPECT_FALSE(Has(DrawCurves(records, 80, 24), "e+06"));
}

TEST(DrawCurves, LeaveOutWhatWasSkippedAndWhatIsNoNumber) {
  auto records = ExampleRun(100, 1);
  records[99].skipped = true;
  records[0].loss["loss0"] = std::numeric_limits<double>::infinity();
  records[1].loss["loss0"] = std::nan("");
  records[2].loss["loss0"] = -1e300;
  const std::string text = DrawCurves(records, 80, 24);
  EXPECT_TRUE(Has(text, "at step 4, ")) << text;
  EXPECT_TRUE(Has(text, "at step 99\n")) << text;
  EXPECT_EQ(DrawCurves({}, 80, 24), "no step yet\n");
  records.resize(2);
  EXPECT_EQ(DrawCurves(records, 80, 24), "no step with a finite loss yet\n");
}

TEST(DrawCurves, ALevelLineStandsInTheMiddle) {
  const std::vector<StepRecord> records = {{.step = 1, .loss = {{"a", 3.0}}}, {.step = 9, .loss = {{"a", 3.0}}}};
  const auto lines = Lines(DrawCurves(records, 40, 9));
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_TRUE(Has(lines[4], "       3 ┤⠤⠤⠤")) << lines[4];
}

TEST(DrawCurves, NamesTheLossesThatFindNoRoom) {
  const std::string text = DrawCurves(ExampleRun(10, 13), 80, 24);
  EXPECT_TRUE(Has(text, "and 5 more: loss5 loss6 loss7 loss8 loss9")) << text;
}

TEST(DrawCurves, ANameCannotCarryEscapeSequences) {
  const std::vector<StepRecord> records = {{.step = 1, .loss = {{"a\x1b[2Jü", 3.0}}}};
  const std::string text = DrawCurves(records, 80, 24);
  EXPECT_FALSE(Has(text, "\x1b"));
  EXPECT_TRUE(Has(text, "a?[2J??")) << text;
}

}  // namespace
}  // namespace walchen::runs
