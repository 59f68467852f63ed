// SPDX-License-Identifier: Apache-2.0
#include "runs/run_log.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/faulty_files.h"
#include "base/limits.h"
#include "base/test_folder.h"

namespace walchen::runs {
namespace {

StepRecord Example(int64_t step) {
  return {.step = step,
          .loss = {{"speech", 2.5 / static_cast<double>(step)}, {"text", 0.1}},
          .loss_by_tau = {{"shapes/vision.pixels", {0.5, 0.25, 1.0 / static_cast<double>(step), 3}}},
          .tokens = step * 1'000,
          .seconds = 0.5 * static_cast<double>(step),
          .tokens_per_s = 2'000.25,
          .flop_per_s = 1.5e10,
          .grad_norm = 0.75,
          .rate = 1,
          .skipped = step % 7 == 0,
          .energy_j = step % 2 == 0 ? std::optional(12.5) : std::nullopt};
}

class RunLogTest : public testing::Test {
 protected:
  void Append(int64_t first, int64_t last, int64_t after) {
    auto log = RunLog::Open(files_, path_, after);
    ASSERT_TRUE(log) << log.error().ToString();
    for (int64_t step = first; step <= last; ++step) ASSERT_TRUE(log->Append(Example(step)));
    ASSERT_TRUE(log->Sync());
  }
  static std::vector<int64_t> StepsOf(RunLogReader& reader) {
    EXPECT_TRUE(reader.Update());
    std::vector<int64_t> steps;
    for (const StepRecord& record : reader.records()) steps.push_back(record.step);
    return steps;
  }
  void AppendText(std::string_view text) {
    const auto file = files_.OpenEnd(path_);
    ASSERT_TRUE(file && (*file)->Append(base::AsBytes(text)));
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  const base::Path path_ = folder_ / "log.jsonl";
};

TEST_F(RunLogTest, ALineIsOneObjectWithEveryFieldAndReadBackTheSame) {
  for (const int64_t step : {1, 2, 7}) {
    const std::string line = WriteStep(Example(step));
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto record = ReadStep(line);
    ASSERT_TRUE(record) << record.error().ToString();
    EXPECT_TRUE(*record == Example(step)) << line;
  }
  EXPECT_EQ(WriteStep({.step = 3, .loss = {{"a", 0.5}}, .tokens = 4}),
            R"({"step":3,"loss":{"a":0.5},"tokens":4,"seconds":0.0,"tokens_per_s":0.0,"flop_per_s":0.0,)"
            R"("grad_norm":0.0,"rate":0.0,"skipped":false})");
}

TEST_F(RunLogTest, ANumberThatIsNoneStaysNone) {
  StepRecord record = Example(1);
  record.loss["speech"] = std::numeric_limits<double>::infinity();
  record.grad_norm = std::nan("");
  const auto back = ReadStep(WriteStep(record));
  ASSERT_TRUE(back) << back.error().ToString();
  EXPECT_TRUE(std::isnan(back->loss.at("speech")));
  EXPECT_TRUE(std::isnan(back->grad_norm));
}

TEST_F(RunLogTest, ALineThatIsNoRecordIsAnErrorThatNamesTheField) {
  const std::string good = WriteStep(Example(2));
  const auto error = [&](std::string_view part, std::string_view other) {
    std::string line = good;
    const auto record = ReadStep(line.replace(line.find(part), part.size(), other));
    return record ? "no error" : record.error().message();
  };
  EXPECT_EQ(error("\"step\":2", "\"step\":-2"), "step: expected a whole number from 0, found \"-2\"");
  EXPECT_EQ(error("\"step\":2", "\"step\":2.5"), "step: expected a whole number from 0, found \"2.5\"");
  EXPECT_EQ(error("\"step\":2", "\"step\":18446744073709551615"),
            "step: expected a whole number from 0, found \"18446744073709551615\"");
  EXPECT_EQ(error("\"loss\"", "\"lost\""), "loss: expected an object");
  EXPECT_EQ(error("\"text\":0.1", "\"text\":\"x\""), "text: expected a number, found \"\\x22x\\x22\"");
  EXPECT_EQ(error("\"skipped\":false", "\"skipped\":0"), "skipped: expected true or false, found \"0\"");
  EXPECT_EQ(error("[0.5,0.25,", "[0.5,\"much\","), "loss_by_tau: shapes/vision.pixels: expected numbers");
  EXPECT_EQ(error("\"energy_j\":12.5", "\"energy_j\":[]"), "energy_j: expected a number, found \"[]\"");
  EXPECT_EQ(error("\"step\":2", "\"new\":[{}],\"step\":2"), "no error") << "of a later version";
  for (const char* line : {"", "{", "[]", "null", "{\"step\":1}"}) EXPECT_FALSE(ReadStep(line)) << line;
  const std::string large(static_cast<size_t>(base::kRunLogLineMaxBytes) + 1, ' ');
  EXPECT_EQ(ReadStep(large).error().code(), ErrorCode::kTooLarge);
}

TEST_F(RunLogTest, WhatWasAppendedIsRead) {
  RunLogReader reader(files_, path_);
  EXPECT_TRUE(StepsOf(reader).empty()) << "there is no file yet";
  Append(1, 3, 0);
  EXPECT_EQ(StepsOf(reader), (std::vector<int64_t>{1, 2, 3}));
  Append(4, 5, 3);
  EXPECT_EQ(StepsOf(reader), (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(reader.records()[3] == Example(4));
  EXPECT_EQ(StepsOf(reader).size(), 5u) << "nothing is read twice";
  EXPECT_EQ(reader.bad_lines(), 0);
}

TEST_F(RunLogTest, ATornLastLineIsLeftUntilItIsWhole) {
  Append(1, 2, 0);
  const std::string line = WriteStep(Example(3)) + "\n";
  RunLogReader reader(files_, path_);
  for (size_t i = 0; i < line.size(); ++i) {
    EXPECT_EQ(StepsOf(reader).size(), 2u);
    AppendText(line.substr(i, 1));
  }
  EXPECT_EQ(StepsOf(reader).size(), 3u);
  EXPECT_EQ(reader.bad_lines(), 0);
}

TEST_F(RunLogTest, BadLinesAreSkippedAndCounted) {
  Append(1, 1, 0);
  AppendText("rubbish\n\n{\"step\":9}\n");
  Append(2, 2, 1);
  RunLogReader reader(files_, path_);
  EXPECT_EQ(StepsOf(reader), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(reader.bad_lines(), 3);
}

TEST_F(RunLogTest, AResumedRunCutsLaterStepsAndATornLine) {
  Append(1, 9, 0);
  AppendText("{\"step\":10,\"lo");
  RunLogReader reader(files_, path_);
  EXPECT_EQ(StepsOf(reader).size(), 9u);
  Append(6, 6, 5);
  EXPECT_EQ(StepsOf(reader), (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(reader.bad_lines(), 0);
}

TEST_F(RunLogTest, AReaderNoticesACutEvenWhenTheFileHasGrownBeyondItAgain) {
  Append(1, 9, 0);
  RunLogReader reader(files_, path_);
  EXPECT_EQ(StepsOf(reader).size(), 9u);
  Append(8, 30, 6);
  std::vector<int64_t> expected = {1, 2, 3, 4, 5, 6};
  for (int64_t step = 8; step <= 30; ++step) expected.push_back(step);
  EXPECT_EQ(StepsOf(reader), expected);
}

TEST_F(RunLogTest, AHalfWrittenLineSpoilsOnlyItself) {
  base::FaultyFiles faulty(files_, {base::Fault::Kind::kFailOnce, 5, ErrorCode::kResourceExhausted});
  auto log = RunLog::Open(faulty, path_, 0);  // one look, one opening, one sync of the folder
  ASSERT_TRUE(log);
  ASSERT_EQ(faulty.calls(), 3);
  EXPECT_TRUE(log->Append(Example(1)));
  EXPECT_EQ(log->Append(Example(2)).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_TRUE(log->Append(Example(3)));
  EXPECT_TRUE(log->Append(Example(4)));
  RunLogReader reader(files_, path_);
  EXPECT_EQ(StepsOf(reader), (std::vector<int64_t>{1, 3, 4}));
  EXPECT_EQ(reader.bad_lines(), 1);
}

TEST_F(RunLogTest, CuttingThatFailsAnywhereLosesNothing) {
  for (int64_t at = 1; at <= 12; ++at) {
    Append(1, 6, 0);
    base::FaultyFiles faulty(files_, {base::Fault::Kind::kFailFrom, at, ErrorCode::kIo});
    (void)RunLog::Open(faulty, path_, 4);
    RunLogReader reader(files_, path_);
    const size_t steps = StepsOf(reader).size();
    EXPECT_TRUE(steps == 6 || steps == 4) << steps << " after a fault in call " << at;
    std::filesystem::remove(path_);
  }
}

}  // namespace
}  // namespace walchen::runs
