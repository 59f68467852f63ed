// SPDX-License-Identifier: Apache-2.0
#include "data/raw_files.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace walchen::data {
namespace {

class RawFiles : public testing::Test {
 protected:
  void Put(const std::string& name) {
    ASSERT_TRUE(files_.MakeFolders((folder_ / name).parent_path()));
    ASSERT_TRUE(base::ReplaceFile(files_, folder_ / name, name));
  }
  std::vector<RawFile> Walk(const base::Path& top) {
    std::vector<RawFile> found;
    EXPECT_TRUE(WalkFiles(files_, top, [&](const RawFile& file) -> Result<void> {
      found.push_back(file);
      return {};
    }));
    return found;
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
};

TEST_F(RawFiles, ComeInTheOrderOfTheirPathsWithoutHiddenOnes) {
  for (const char* name : {"b/2.txt", "b/10.txt", "a.txt", "c/d/e.txt", ".git/config", "c/.hidden"}) Put(name);
  std::vector<std::string> names;
  for (const RawFile& file : Walk(folder_.path())) {
    names.push_back(file.path.lexically_relative(folder_.path()));
    EXPECT_EQ(file.trouble, "");
    EXPECT_EQ(file.size, names.back().size());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a.txt", "b/10.txt", "b/2.txt", "c/d/e.txt"}));
  EXPECT_EQ(Walk(folder_ / "a.txt").size(), 1u);
}

TEST_F(RawFiles, LinksAreNamedAndNotFollowed) {
  Put("a/1.txt");
  std::filesystem::create_directory_symlink(folder_.path(), folder_ / "a/loop");
  std::filesystem::create_symlink(folder_ / "a/1.txt", folder_ / "a/2.txt");
  std::filesystem::create_symlink(folder_ / "nowhere", folder_ / "a/3.txt");
  const std::vector<RawFile> found = Walk(folder_.path());
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].trouble, "");
  for (size_t i = 1; i < 4; ++i) EXPECT_NE(found[i].trouble, "") << found[i].path;
}

TEST_F(RawFiles, TheirStateChangesWithEachOfThem) {
  Put("a.txt");
  const std::vector<base::Path> tops = {folder_.path()};
  const std::string before = StateOfFiles(files_, tops).value();
  EXPECT_EQ(StateOfFiles(files_, tops).value(), before);
  Put("b/c.txt");
  const std::string with_one_more = StateOfFiles(files_, tops).value();
  EXPECT_NE(with_one_more, before);
  std::filesystem::last_write_time(folder_ / "a.txt", std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_NE(StateOfFiles(files_, tops).value(), with_one_more);
  EXPECT_EQ(StateOfFiles(files_, {folder_ / "none"}).error().code(), ErrorCode::kNotFound);
}

TEST_F(RawFiles, WhatTakesThemMayEndTheWalk) {
  for (const char* name : {"1", "2", "3"}) Put(name);
  int seen = 0;
  const auto walked = WalkFiles(files_, folder_.path(), [&](const RawFile&) -> Result<void> {
    if (++seen == 2) return Fail(ErrorCode::kCancelled, "enough");
    return {};
  });
  EXPECT_EQ(walked.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(WalkFiles(files_, folder_ / "none", [](const RawFile&) -> Result<void> { return {}; }).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace walchen::data
