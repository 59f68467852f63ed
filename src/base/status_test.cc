// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include <set>

namespace walchen::base {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(ErrorCode::kInvalidArgument, "expected an even number, found {}", value);
  return value / 2;
}

Result<int> Quarter(int value) {
  TRY_ASSIGN(const int half, Half(value));
  TRY_ASSIGN(const int quarter, Half(half));
  return quarter;
}

Result<void> CheckEven(int value) {
  TRY(Half(value));
  return {};
}

TEST(Status, AResultHoldsAValueOrAnError) {
  EXPECT_EQ(Half(4).value(), 2);
  const auto failed = Half(5);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(failed.error().message(), "expected an even number, found 5");
}

TEST(Status, TryLeavesTheFunctionWithTheFirstError) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).error().message(), "expected an even number, found 3");
  EXPECT_EQ(Quarter(7).error().message(), "expected an even number, found 7");
  EXPECT_TRUE(CheckEven(2));
  EXPECT_FALSE(CheckEven(3));
}

TEST(Status, TryMovesValuesThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    TRY_ASSIGN(const std::unique_ptr<int> number, make());
    return *number;
  };
  EXPECT_EQ(use().value(), 7);
}

TEST(Status, AnErrorSaysWhereItIs) {
  const Result<int> at = FailAt(12, ErrorCode::kCorrupt, "expected {}", "magic");
  EXPECT_EQ(at.error().offset(), 12U);
  EXPECT_EQ(at.error().ToString(), "expected magic (at byte 12)");
  EXPECT_EQ(at.error().message(), "expected magic");
  EXPECT_EQ(Half(1).error().ToString(), Half(1).error().message());
}

TEST(Status, ForwardPutsThePlaceInFrontAndKeepsTheRest) {
  Result<int> inner = FailAt(3, ErrorCode::kTruncated, "expected 8 bytes");
  const Result<std::string> outer = Forward(inner, "model.gguf");
  EXPECT_EQ(outer.error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(outer.error().ToString(), "model.gguf: expected 8 bytes (at byte 3)");
}

TEST(Status, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kIo); ++code) {
    names.insert(ErrorCodeName(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::kIo) + 1);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(ErrorCodeName(ErrorCode::kResourceExhausted), "resource_exhausted");
}

TEST(StatusDeathTest, AFailedCheckNamesItself) {
  const int layer = 3;
  EXPECT_DEATH(CHECK(layer == 4, "layer {}", layer),
               "bug: .*status_test.cc:[0-9]+: CHECK\\(layer == 4\\) failed: layer 3");
  EXPECT_DEATH(CHECK(layer == 4), "CHECK\\(layer == 4\\) failed");
  CHECK(layer == 3, "never formatted");
}

}  // namespace
}  // namespace walchen::base
