// SPDX-License-Identifier: Apache-2.0
#include "runs/run_curves.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/test_folder.h"

namespace walchen::runs {
namespace {

StepRecord PlainExample(int64_t step) {
  return {.step = step,
          .loss = {{"speech", static_cast<double>(step)}, {"text", 0.5}},
          .tokens = step * 100,
          .seconds = static_cast<double>(step),
          .tokens_per_s = 100,
          .grad_norm = 2,
          .rate = 1};
}

class RunCurvesTest : public testing::Test {
 protected:
  void AppendLine(std::string_view line) {
    const auto file = files_.OpenEnd(path_);
    ASSERT_TRUE(file && (*file)->Append(base::AsBytes(std::string(line) + "\n")));
  }
  void Append(int64_t first, int64_t last) {
    const auto file = files_.OpenEnd(path_);
    std::string text;
    for (int64_t step = first; step <= last; ++step) text += WriteStep(PlainExample(step)) + "\n";
    ASSERT_TRUE(file && (*file)->Append(base::AsBytes(text)));
  }
  CurvePoints Read(int64_t after = 0) {
    do {
      const auto read = curves_.Update();
      EXPECT_TRUE(read) << read.error().ToString();
    } while (curves_.behind());
    return curves_.After(after);
  }
  static const Curve& Find(const CurvePoints& points, CurveKind kind, std::string_view name = "", int quarter = 0) {
    static const Curve none;
    const auto found = std::ranges::find_if(
        points.curves, [&](const Curve& each) { return each.kind == kind && each.name == name && each.quarter == quarter; });
    EXPECT_NE(found, points.curves.end()) << name;
    return found == points.curves.end() ? none : *found;
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  const base::Path path_ = folder_ / "log.jsonl";
  RunCurves curves_{files_, path_};
};

TEST_F(RunCurvesTest, AShortLogIsThereStepByStep) {
  EXPECT_TRUE(Read().steps.empty()) << "there is no file yet";
  Append(1, 3);
  const CurvePoints points = Read();
  EXPECT_EQ(points.stride, 1);
  EXPECT_EQ(points.steps, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(Find(points, CurveKind::kLoss, "speech").values, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(Find(points, CurveKind::kLoss, "text").values, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(Find(points, CurveKind::kTokensPerS).values, (std::vector<double>{100, 100, 100}));
  EXPECT_EQ(Find(points, CurveKind::kGradNorm).values, (std::vector<double>{2, 2, 2}));
  EXPECT_EQ(Find(points, CurveKind::kRate).values, (std::vector<double>{1, 1, 1}));
  EXPECT_TRUE(*curves_.newest() == PlainExample(3));
}

TEST_F(RunCurvesTest, WhatComesLaterGoesOnWhereTheLastAnswerSaidSo) {
  Append(1, 3);
  EXPECT_EQ(Read().after, 2) << "the newest point may still change";
  Append(4, 5);
  EXPECT_EQ(Read(2).steps, (std::vector<int64_t>{3, 4, 5}));
  EXPECT_EQ(Read(5).steps.size(), 0u);
}

TEST_F(RunCurvesTest, ALongLogIsThinnedToMeansBetweenItsFirstAndItsNewestStep) {
  const int64_t last = 2 * base::kRunCurvesMaxPoints + 1;
  Append(1, last);
  const CurvePoints points = Read();
  EXPECT_EQ(points.stride, 4);
  EXPECT_LE(std::ssize(points.steps), base::kRunCurvesMaxPoints + 2);
  EXPECT_GE(std::ssize(points.steps), base::kRunCurvesMaxPoints / 2);
  EXPECT_TRUE(std::ranges::is_sorted(points.steps, std::less_equal())) << "each step once";
  const std::vector<double>& loss = Find(points, CurveKind::kLoss, "speech").values;
  ASSERT_EQ(loss.size(), points.steps.size());
  EXPECT_EQ(points.steps.front(), 1);
  EXPECT_EQ(loss.front(), 1);
  EXPECT_EQ(points.steps[1], 4);
  EXPECT_EQ(loss[1], 2.5) << "the mean of 1 to 4";
  EXPECT_EQ(points.steps.back(), last);
  EXPECT_EQ(loss.back(), static_cast<double>(last));
}

TEST_F(RunCurvesTest, PiecesOfAGrowingLogAreTheWholeWhileTheStrideStays) {
  Append(1, base::kRunCurvesMaxPoints + 10);
  const CurvePoints before = Read();
  ASSERT_EQ(before.stride, 2);
  Append(base::kRunCurvesMaxPoints + 11, base::kRunCurvesMaxPoints + 51);
  const CurvePoints added = Read(before.after);
  RunCurves other(files_, path_);
  ASSERT_TRUE(other.Update());
  const CurvePoints whole = other.After(0);
  ASSERT_EQ(whole.stride, 2);
  std::vector<int64_t> steps;
  std::ranges::copy_if(before.steps, std::back_inserter(steps), [&](int64_t step) { return step <= before.after; });
  steps.insert(steps.end(), added.steps.begin(), added.steps.end());
  EXPECT_EQ(steps, whole.steps);
}

TEST_F(RunCurvesTest, ASkippedStepAndAnExplodedOneDoNotHideTheOthers) {
  StepRecord exploded = PlainExample(2);
  exploded.loss["speech"] = 1e300;
  exploded.loss["text"] = std::nan("");
  StepRecord skipped = PlainExample(3);
  skipped.skipped = true;
  Append(1, 1);
  AppendLine(WriteStep(exploded));
  AppendLine(WriteStep(skipped));
  Append(4, 4);
  const CurvePoints points = Read();
  ASSERT_EQ(points.steps, (std::vector<int64_t>{1, 2, 3, 4}));
  for (const char* name : {"speech", "text"}) {
    const auto& loss = Find(points, CurveKind::kLoss, name).values;
    EXPECT_FALSE(std::isnan(loss[0]));
    EXPECT_TRUE(std::isnan(loss[1]));
    EXPECT_TRUE(std::isnan(loss[2]));
    EXPECT_FALSE(std::isnan(loss[3]));
  }
  EXPECT_TRUE(std::isnan(Find(points, CurveKind::kGradNorm).values[2]));
  EXPECT_EQ(Find(points, CurveKind::kTokensPerS).values[2], 100);
  EXPECT_EQ(curves_.skipped(), 1);
}

TEST_F(RunCurvesTest, LossesByNoiseLevelAreFourCurves) {
  StepRecord record = PlainExample(1);
  record.loss_by_tau = {{"shapes/vision.pixels", {4, std::nan(""), 2, 1, 99}}};
  AppendLine(WriteStep(record));
  const CurvePoints points = Read();
  const auto value = [&](int quarter) { return Find(points, CurveKind::kLossByTau, "shapes/vision.pixels", quarter).values.at(0); };
  EXPECT_EQ(value(0), 4);
  EXPECT_TRUE(std::isnan(value(1)));
  EXPECT_EQ(value(2), 2);
  EXPECT_EQ(value(3), 1);
  EXPECT_EQ(std::ranges::count(points.curves, CurveKind::kLossByTau, &Curve::kind), 4);
}

TEST_F(RunCurvesTest, ARunThatWasTakenBackBeginsAnew) {
  Append(1, 9);
  EXPECT_EQ(Read().steps.size(), 9u);
  auto log = RunLog::Open(files_, path_, 5);
  ASSERT_TRUE(log && log->Append(PlainExample(6)));
  EXPECT_EQ(Read().steps, (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(RunCurvesTest, ALogWithTooManyLossesIsBounded) {
  StepRecord record = PlainExample(1);
  for (int i = 0; i < base::kRunCurvesMax; ++i) record.loss[fmt::format("loss {}", i)] = 1;
  AppendLine(WriteStep(record));
  EXPECT_EQ(std::ssize(Read().curves), base::kRunCurvesMax);
  EXPECT_TRUE(curves_.has_left_out());
}

TEST_F(RunCurvesTest, ALossWithTooLongANameIsLeftOut) {
  StepRecord record = PlainExample(1);
  record.loss[std::string(static_cast<size_t>(base::kRunCurveNameMaxBytes) + 1, 'x')] = 1;
  AppendLine(WriteStep(record));
  EXPECT_EQ(std::ranges::count(Read().curves, CurveKind::kLoss, &Curve::kind), 2);
  EXPECT_TRUE(curves_.has_left_out());
}

TEST_F(RunCurvesTest, StepsInAnyOrderAndFarApartAreSorted) {
  for (const int64_t step : {int64_t{7}, int64_t{3}, int64_t{1} << 62, int64_t{0}}) AppendLine(WriteStep(PlainExample(step)));
  const CurvePoints points = Read();
  EXPECT_EQ(points.steps, (std::vector<int64_t>{3, 7, int64_t{1} << 62})) << "0 is before all that are asked for";
  AppendLine("rubbish");
  Read();
  EXPECT_EQ(curves_.bad_lines(), 1);
}

}  // namespace
}  // namespace walchen::runs
