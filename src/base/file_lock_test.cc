// SPDX-License-Identifier: Apache-2.0
#include "base/file_lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace walchen::base {
namespace {

class FileLockTest : public ::testing::Test {
 protected:
  FileLockTest() : path_(Path(::testing::TempDir()) / fmt::format("walchen_lock_{}", ::getpid())) {}
  ~FileLockTest() override { std::filesystem::remove(path_); }
  const Path path_;
};

TEST_F(FileLockTest, IsHeldByOneAndSaysWhatTheHolderNoted) {
  EXPECT_FALSE(FileLock::IsHeld(path_)) << "there is no such file yet";
  auto first = FileLock::Take(path_);
  ASSERT_TRUE(first) << first.error().ToString();
  EXPECT_TRUE(FileLock::IsHeld(path_));
  EXPECT_EQ(FileLock::NoteOf(path_), "");
  ASSERT_TRUE(first->Note("a longer note"));
  ASSERT_TRUE(first->Note("4711"));
  EXPECT_EQ(FileLock::NoteOf(path_), "4711");
  const auto second = FileLock::Take(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(FileLock::NoteOf(path_), "4711") << "who was turned away must not wipe the note";
}

TEST_F(FileLockTest, GoesWithItsHolderAndForgetsItsNote) {
  {
    auto lock = FileLock::Take(path_);
    ASSERT_TRUE(lock && lock->Note("4711"));
    const FileLock moved = std::move(*lock);
    EXPECT_TRUE(FileLock::IsHeld(path_));
  }
  EXPECT_FALSE(FileLock::IsHeld(path_));
  EXPECT_EQ(FileLock::NoteOf(path_), "4711");
  ASSERT_TRUE(FileLock::Take(path_));
  EXPECT_EQ(FileLock::NoteOf(path_), "");
}

TEST_F(FileLockTest, OfAKilledProcessIsFree) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = FileLock::Take(path_);
    (void)!::write(ready[1], lock ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char taken = 0;
  ASSERT_EQ(::read(ready[0], &taken, 1), 1);
  EXPECT_EQ(taken, 'y');
  EXPECT_EQ(FileLock::Take(path_).error().code(), ErrorCode::kUnavailable);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(FileLock::Take(path_));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(FileLockTest, InAFolderThatIsNotThereIsAnErrorWithThePath) {
  const auto lock = FileLock::Take(path_ / "lock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(lock.error().message().find(path_.native()), std::string::npos);
}

}  // namespace
}  // namespace walchen::base
