// SPDX-License-Identifier: Apache-2.0
#include "cli/access_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "cli/home_lock.h"

namespace walchen::cli {
namespace {

class ServerHomeTest : public testing::Test {
 protected:
  ServerHomeTest() : home_(base::Path(testing::TempDir()) / fmt::format("walchen-server-home-{}", ::getpid())) {}
  ~ServerHomeTest() override { std::filesystem::remove_all(home_.folder()); }

  base::Path Write(std::string_view content) {
    std::filesystem::create_directories(home_.folder());
    const base::Path path = home_.folder() / "token";
    std::ofstream(path) << content;
    return path;
  }

  base::Files& files_ = base::Files::Os();
  const base::Home home_;
};

using AccessKey = ServerHomeTest;
using HomeLockTest = ServerHomeTest;

TEST_F(AccessKey, IsMadeOnceAndReadableByTheUserOnly) {
  ASSERT_TRUE(files_.MakeFolders(home_.folder()));
  const auto first = HomeKey(files_, home_);
  ASSERT_TRUE(first) << first.error().ToString();
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(HomeKey(files_, home_).value(), *first);
  struct stat info{};
  ASSERT_EQ(stat((home_.folder() / "token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AccessKey, IsOneLineOfAFile) {
  EXPECT_EQ(KeyFromFile(files_, Write("sk-abc_123~\r\n")).value(), "sk-abc_123~");
  for (const char* content : {"", "\n \n", "two words\n", "two\nlines\n", "schlüssel", "a\x01"}) {
    const auto key = KeyFromFile(files_, Write(content));
    ASSERT_FALSE(key) << content;
    EXPECT_EQ(key.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(KeyFromFile(files_, Write(std::string(10'000, 'a'))).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(KeyFromFile(files_, home_.folder() / "missing").error().code(), ErrorCode::kNotFound);
}

TEST_F(HomeLockTest, KeepsASecondServerOutAndNamesTheFirst) {
  auto first = HomeLock::Take(files_, home_);
  ASSERT_TRUE(first) << first.error().ToString();
  EXPECT_NE(HomeLock::Take(files_, home_).error().message().find("still starting"), std::string::npos);
  ASSERT_TRUE(first->Announce("http://127.0.0.1:19240/"));
  ASSERT_TRUE(first->Announce("http://127.0.0.1:1924/"));
  const auto second = HomeLock::Take(files_, home_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message().find("http://127.0.0.1:1924/. "), std::string::npos) << second.error().message();
}

TEST_F(HomeLockTest, GoesWithItsHolder) {
  ASSERT_TRUE(HomeLock::Take(files_, home_));
  EXPECT_TRUE(HomeLock::Take(files_, home_));
}

}  // namespace
}  // namespace walchen::cli
