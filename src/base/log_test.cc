// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

namespace walchen::base {
namespace {

std::string LoggedAt(LogLevel threshold, LogLevel level, std::string_view text) {
  SetLogLevel(threshold);
  ::testing::internal::CaptureStderr();
  Log(level, "{} {}", text, 7);
  SetLogLevel(LogLevel::kInfo);
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesLinesOfItsLevelAndAboveToStandardError) {
  const std::string line = LoggedAt(LogLevel::kInfo, LogLevel::kWarning, "disk");
  EXPECT_NE(line.find("warning"), std::string::npos);
  EXPECT_TRUE(line.ends_with("disk 7\n")) << line;
  EXPECT_EQ(LoggedAt(LogLevel::kInfo, LogLevel::kDebug, "disk"), "");
  EXPECT_EQ(LoggedAt(LogLevel::kQuiet, LogLevel::kError, "disk"), "");
  EXPECT_NE(LoggedAt(LogLevel::kDebug, LogLevel::kDebug, "disk"), "");
}

TEST(Log, TextIsNoFormat) { EXPECT_TRUE(LoggedAt(LogLevel::kInfo, LogLevel::kInfo, "{} %s").ends_with("{} %s 7\n")); }

}  // namespace
}  // namespace walchen::base
