// SPDX-License-Identifier: Apache-2.0
#include "runs/run_folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/faulty_files.h"
#include "base/test_folder.h"
#include "runs/test_recipe.h"

namespace walchen::runs {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
};

TEST_F(RunFolderTest, IsMadeWithItsParentsAndOpenedAgain) {
  {
    const auto run = RunFolder::Create(files_, folder_ / "runs/today/a/", ExampleRecipe());
    ASSERT_TRUE(run) << run.error().ToString();
    EXPECT_EQ(run->path(), folder_ / "runs/today/a");
    EXPECT_TRUE(IsRunning(folder_ / "runs/today/a"));
  }
  EXPECT_FALSE(IsRunning(folder_ / "runs/today/a"));
  const auto run = RunFolder::Open(files_, folder_ / "runs/today/a");
  ASSERT_TRUE(run) << run.error().ToString();
  EXPECT_TRUE(run->recipe() == ExampleRecipe());
  EXPECT_EQ(files_.Read(run->path() / "recipe.toml", 1 << 16).value(), WriteRecipe(ExampleRecipe()));
}

TEST_F(RunFolderTest, IsFollowedBesideTheOneThatHoldsIt) {
  EXPECT_EQ(RunFolder::Follow(files_, folder_ / "a").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(files_.Exists(folder_ / "a"));
  const auto holder = RunFolder::Create(files_, folder_ / "a", ExampleRecipe());
  ASSERT_TRUE(holder);
  const auto follower = RunFolder::Follow(files_, folder_ / "a/");
  ASSERT_TRUE(follower) << follower.error().ToString();
  EXPECT_EQ(follower->path(), holder->path());
  EXPECT_TRUE(follower->recipe() == ExampleRecipe());
}

TEST_F(RunFolderTest, ThatHoldsARunIsNotMadeAgain) {
  { ASSERT_TRUE(RunFolder::Create(files_, folder_ / "a", ExampleRecipe())); }
  const auto again = RunFolder::Create(files_, folder_ / "a", ExampleRecipe());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_NE(again.error().message().find("--resume"), std::string::npos);
}

TEST_F(RunFolderTest, OfSomebodyElseIsLeftAlone) {
  ASSERT_TRUE(base::ReplaceFile(files_, folder_ / "thesis.txt", "precious"));
  const auto run = RunFolder::Create(files_, folder_.path(), ExampleRecipe());
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_NE(run.error().message().find("found \"thesis.txt\" in it"), std::string::npos);
  EXPECT_EQ(RunFolder::Open(files_, folder_.path()).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(folder_.size(), 1u);
}

TEST_F(RunFolderTest, ThatIsNoRunSaysHowToBeginOne) {
  for (const char* name : {"", "missing"}) {
    const auto run = RunFolder::Open(files_, folder_ / name);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code(), ErrorCode::kNotFound);
    EXPECT_NE(run.error().message().find("walchen train RECIPE --run DIR"), std::string::npos);
  }
}

TEST_F(RunFolderTest, IsUsedByOneTrainerAtATime) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto run = RunFolder::Create(files_, folder_ / "a", ExampleRecipe());
    (void)!::write(ready[1], run ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char made = 0;
  ASSERT_EQ(::read(ready[0], &made, 1), 1);
  EXPECT_EQ(made, 'y');
  const auto second = RunFolder::Open(files_, folder_ / "a");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  const std::string message = second.error().message();
  EXPECT_NE(message.find(fmt::format("process {}.", child)), std::string::npos) << message;
  EXPECT_TRUE(RecipeOf(files_, folder_ / "a")) << "looking on is free";
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(RunFolder::Open(files_, folder_ / "a"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(RunFolderTest, WhoseMakingFailedAnywhereCanBeMadeOrOpened) {
  base::FaultyFiles counting(files_);
  ASSERT_TRUE(RunFolder::Create(counting, folder_ / "counted", ExampleRecipe()));
  for (int64_t at = 1; at <= counting.calls(); ++at) {
    const base::Path path = folder_ / fmt::format("run-{}", at);
    base::FaultyFiles faulty(files_, {base::Fault::Kind::kFailFrom, at, ErrorCode::kResourceExhausted});
    (void)RunFolder::Create(faulty, path, ExampleRecipe());
    if (const auto made = RunFolder::Create(files_, path, ExampleRecipe()); !made) {
      EXPECT_EQ(made.error().code(), ErrorCode::kAlreadyExists) << at;
      EXPECT_TRUE(RunFolder::Open(files_, path)) << at;
    }
  }
}

TEST_F(RunFolderTest, WithARecipeThatSomebodySpoiltSaysWhere) {
  { ASSERT_TRUE(RunFolder::Create(files_, folder_ / "a", ExampleRecipe())); }
  ASSERT_TRUE(base::ReplaceFile(files_, folder_ / "a/recipe.toml", "name = 3\n"));
  EXPECT_NE(RunFolder::Open(files_, folder_ / "a").error().message().find("a/recipe.toml:1: name:"), std::string::npos);
}

}  // namespace
}  // namespace walchen::runs
