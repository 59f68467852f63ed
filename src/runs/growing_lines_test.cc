// SPDX-License-Identifier: Apache-2.0
#include "runs/growing_lines.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/test_folder.h"

namespace walchen::runs {
namespace {

class GrowingLinesTest : public testing::Test {
 protected:
  void Append(std::string_view text) {
    const auto file = files_.OpenEnd(path_);
    ASSERT_TRUE(file && (*file)->Append(base::AsBytes(text)));
  }
  // The sizes of the lines of one Read, with -1 where it began anew.
  std::vector<int64_t> Read() {
    std::vector<int64_t> sizes;
    const auto read = lines_.Read({.restart = [&] { sizes.push_back(-1); },
                                   .line = [&](std::string_view line) { sizes.push_back(std::ssize(line)); }});
    EXPECT_TRUE(read) << read.error().ToString();
    return sizes;
  }
  using Sizes = std::vector<int64_t>;

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  const base::Path path_ = folder_ / "log";
  GrowingLines lines_{files_, path_};
};

TEST_F(GrowingLinesTest, WholeLinesAreGivenOnce) {
  EXPECT_EQ(Read(), Sizes{-1}) << "no file is an empty one";
  Append("a\nbb\nccc");
  EXPECT_EQ(Read(), (Sizes{1, 2}));
  EXPECT_EQ(Read(), Sizes{});
  Append("c\n\n");
  EXPECT_EQ(Read(), (Sizes{4, 0}));
}

TEST_F(GrowingLinesTest, ACutFileBeginsAnew) {
  Append("first\nsecond\n");
  EXPECT_EQ(Read(), (Sizes{5, 6}));
  ASSERT_TRUE(base::ReplaceFile(files_, path_, "first\n"));
  EXPECT_EQ(Read(), (Sizes{-1, 5})) << "shorter";
  ASSERT_TRUE(base::ReplaceFile(files_, path_, "other\nand more of it\n"));
  EXPECT_EQ(Read(), (Sizes{-1, 5, 14})) << "longer, but with another beginning";
}

TEST_F(GrowingLinesTest, AReadIsBounded) {
  const std::string line(999, 'x');
  std::string text;
  while (std::ssize(text) <= base::kRunReadMaxBytes) text += line + "\n";
  Append(text);
  const size_t first = Read().size();
  EXPECT_TRUE(lines_.behind());
  EXPECT_EQ(first, static_cast<size_t>(base::kRunReadMaxBytes) / 1'000);
  EXPECT_EQ(first + Read().size(), text.size() / 1'000);
  EXPECT_FALSE(lines_.behind());
}

TEST_F(GrowingLinesTest, ALineWithoutAnEndDoesNotStopTheReading) {
  Append(std::string(static_cast<size_t>(base::kRunReadMaxBytes) + 10, 'x'));
  EXPECT_EQ(Read(), Sizes{});
  EXPECT_TRUE(lines_.behind());
  EXPECT_EQ(Read(), Sizes{});
  Append("\nnext\n");
  EXPECT_EQ(Read(), (Sizes{0, 4})) << "the endless one is a line that cannot be read";
}

}  // namespace
}  // namespace walchen::runs
