// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/model_summary.h"

namespace walchen::cli {
namespace {

constexpr const char* kMark = "\xef\xbf\xbd";

TEST(Printable, LeavesTextAlone) {
  const std::string text = "Grüße,\n\tmoño \U0001F600 \u00a0 ~";
  EXPECT_EQ(Printable(text), text);
}

TEST(Printable, DisarmsEscapeSequences) {
  EXPECT_EQ(Printable("\x1b[2J"), std::string(kMark) + "[2J");
  EXPECT_EQ(Printable("a\rb\bc\x07"), std::string("a") + kMark + "b" + kMark + "c" + kMark);
  EXPECT_EQ(Printable("\xc2\x9b" "2J"), std::string(kMark) + "2J") << "U+009B is an escape sequence's beginning in one";
  EXPECT_EQ(Printable(std::string_view("\0\x7f", 2)), std::string(kMark) + kMark);
}

TEST(Report, DisarmsEscapeSequencesThatAModelFilePutIntoAMessage) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Report("chat", Error(ErrorCode::kInvalidArgument, "no \x1b]0;owned\x07 users")), kFailed);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), fmt::format("walchen chat: no {}]0;owned{} users\n", kMark, kMark));
}

TEST(HumanBytes, ReadsLikeADisksLabel) {
  EXPECT_EQ(HumanBytes(0), "0 bytes");
  EXPECT_EQ(HumanBytes(999), "999 bytes");
  EXPECT_EQ(HumanBytes(1000), "1.0 kB");
  EXPECT_EQ(HumanBytes(98'362'432), "98.4 MB");
  EXPECT_EQ(HumanBytes(999'960'000), "1.0 GB");
}

TEST(HumanCount, ReadsLikeAModelsName) {
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(134'515'008), "134.5M");
  EXPECT_EQ(HumanCount(1'235'814'400), "1.24B");
}

class InputTest : public testing::Test {
 protected:
  ~InputTest() override { std::fclose(stream_); }
  void Write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream_);
    std::rewind(stream_);
  }
  std::FILE* stream_ = std::tmpfile();
};

TEST_F(InputTest, ReadsLinesAndALastOneWithoutItsEnd) {
  Write("a\n\nb");
  EXPECT_EQ(**ReadLine(stream_, 10), "a");
  EXPECT_EQ(**ReadLine(stream_, 10), "");
  EXPECT_EQ(**ReadLine(stream_, 10), "b");
  EXPECT_FALSE(ReadLine(stream_, 10)->has_value());
}

TEST_F(InputTest, RefusesALineOverTheBound) {
  Write("12345\n123456\n");
  EXPECT_EQ(**ReadLine(stream_, 5), "12345");
  EXPECT_EQ(ReadLine(stream_, 5).error().code(), ErrorCode::kTooLarge);
}

TEST_F(InputTest, ReadsAllWithZeroBytesInIt) {
  const std::string text("a\0\xff\n\n", 5);
  Write(text);
  EXPECT_EQ(*ReadAll(stream_, 5), text);
  std::rewind(stream_);
  EXPECT_EQ(ReadAll(stream_, 4).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::cli
