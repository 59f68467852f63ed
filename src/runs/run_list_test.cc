// SPDX-License-Identifier: Apache-2.0
#include "runs/run_list.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/test_folder.h"
#include "runs/run_folder.h"
#include "runs/test_recipe.h"

namespace walchen::runs {
namespace {

class RunListTest : public testing::Test {
 protected:
  void Make(const std::string& name, Budget::Kind kind = Budget::Kind::kSteps) {
    const auto run = RunFolder::Create(files_, runs_ / name, ExampleRecipe(kind));
    ASSERT_TRUE(run) << run.error().ToString();
  }
  void Write(const base::Path& path, std::string_view text) const {
    ASSERT_TRUE(files_.MakeFolders(path.parent_path()));
    ASSERT_TRUE(base::ReplaceFile(files_, path, text));
  }
  static std::string Line(int64_t step) { return WriteStep({.step = step, .loss = {{"text", 0.5}}}) + "\n"; }
  void SetLogTime(const std::string& name, int64_t seconds) const {
    const auto since = std::chrono::seconds(seconds);
    std::filesystem::last_write_time(LogPath(runs_ / name),
                                     std::chrono::file_clock::from_sys(std::chrono::sys_time<std::chrono::seconds>(since)));
  }
  RunList List() const {
    auto list = ListRuns(files_, runs_);
    EXPECT_TRUE(list) << list.error().ToString();
    return list ? *list : RunList();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const RunSummary& each : List().runs) names.push_back(each.name);
    return names;
  }
  bool Finds(std::string_view name) const { return FindRun(files_, runs_, name).has_value(); }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  const base::Path runs_ = folder_.path() / "runs";
};

TEST_F(RunListTest, SaysWhereEachRunIsTheOneWrittenLastFirst) {
  EXPECT_TRUE(List().runs.empty()) << "there is no folder yet";
  Make("a");
  Make("b");
  Make("c");
  Write(runs_ / "no-run/log.jsonl", Line(1));
  Write(LogPath(runs_ / "a"), Line(1) + Line(2) + "rubbish\n" + R"({"step":3,)");
  Write(LogPath(runs_ / "b"), Line(10));
  SetLogTime("a", 1'000);
  SetLogTime("b", 2'000);
  const RunList list = List();
  ASSERT_EQ(list.runs.size(), 3u);
  EXPECT_EQ(list.left_out, 0);
  EXPECT_EQ(list.runs[0].name, "b");
  EXPECT_EQ(list.runs[0].newest->step, 10);
  EXPECT_EQ(list.runs[1].name, "a");
  EXPECT_EQ(list.runs[1].recipe, "example");
  EXPECT_EQ(list.runs[1].newest->step, 2) << "neither the torn line nor the rubbish";
  EXPECT_EQ(list.runs[1].last_step, 10);
  EXPECT_EQ(list.runs[1].logged_at, 1'000);
  EXPECT_FALSE(list.runs[1].running);
  EXPECT_EQ(list.runs[2].name, "c");
  EXPECT_FALSE(list.runs[2].newest || list.runs[2].logged_at) << "no step yet";
}

TEST_F(RunListTest, ARunIsRunningWhileItsLockIsHeld) {
  const auto run = RunFolder::Create(files_, runs_ / "a", ExampleRecipe(Budget::Kind::kSteps));
  ASSERT_TRUE(run);
  EXPECT_TRUE(List().runs.at(0).running);
}

TEST_F(RunListTest, ABudgetOfMinutesEndsWhereItsCheckpointSays) {
  Make("a", Budget::Kind::kMinutes);
  EXPECT_FALSE(List().runs.at(0).last_step);
  Write(runs_ / "a/step-0/state.json", R"({"schedule_steps": 1029, "step": 0})");
  EXPECT_EQ(List().runs.at(0).last_step, 1'029);
  Write(runs_ / "a/step-5/state.json", R"({"schedule_steps": "many"})");
  EXPECT_FALSE(List().runs.at(0).last_step);
}

TEST_F(RunListTest, ARunWhoseRecipeCannotBeReadIsShownAllTheSame) {
  Write(runs_ / "a/recipe.toml", "name = 3");
  Write(LogPath(runs_ / "a"), Line(4));
  ASSERT_EQ(Names(), std::vector<std::string>{"a"});
  EXPECT_FALSE(List().runs[0].recipe);
  EXPECT_EQ(List().runs[0].newest->step, 4);
}

TEST_F(RunListTest, ANameLeadsNowhereElse) {
  Make("a");
  EXPECT_TRUE(Finds("a"));
  const base::Path other = folder_ / "other";
  ASSERT_TRUE(RunFolder::Create(files_, other, ExampleRecipe(Budget::Kind::kSteps)));
  for (const char* name : {"", ".", "..", "../other", "../runs/a", "a/", "a/../a", "/", "nothing", "a\n", "\x7f"}) {
    EXPECT_FALSE(Finds(name)) << name;
  }
  EXPECT_FALSE(Finds(other.native()));
  EXPECT_FALSE(Finds(std::string_view("a\0", 2)));
  EXPECT_FALSE(Finds(std::string(static_cast<size_t>(base::kRunNameMaxBytes) + 1, 'a')));
}

TEST_F(RunListTest, LinksOutOfTheFolderAreNoRuns) {
  const base::Path other = folder_ / "other";
  ASSERT_TRUE(RunFolder::Create(files_, other, ExampleRecipe(Budget::Kind::kSteps)));
  ASSERT_TRUE(files_.MakeFolders(runs_));
  std::filesystem::create_symlink(other, runs_ / "linked");
  Make("a");
  Write(folder_ / "secret", Line(7));
  std::filesystem::create_symlink(folder_ / "secret", LogPath(runs_ / "a"));
  Make("b");
  std::filesystem::remove(runs_ / "b/recipe.toml");
  std::filesystem::create_symlink(other / "recipe.toml", runs_ / "b/recipe.toml");
  Make("c");
  EXPECT_EQ(Names(), std::vector<std::string>{"c"});
  EXPECT_FALSE(Finds("linked") || Finds("a") || Finds("b"));
  std::filesystem::create_directory_symlink(runs_, folder_ / "runs-link");
  EXPECT_TRUE(FindRun(files_, folder_ / "runs-link", "c")) << "the folder itself may be a link: the owner named it";
}

TEST_F(RunListTest, OnlyTheNewestOfVeryManyAreListed) {
  for (int64_t i = 0; i <= base::kRunsMaxListed; ++i) {
    const std::string name = fmt::format("run-{:04}", i);
    Write(runs_ / name / "recipe.toml", "name = 3");
    Write(LogPath(runs_ / name), "");
    SetLogTime(name, 1'000 + i);
  }
  const RunList list = List();
  EXPECT_EQ(std::ssize(list.runs), base::kRunsMaxListed);
  EXPECT_EQ(list.left_out, 1);
  EXPECT_EQ(list.runs.back().name, "run-0001") << "the oldest is left out";
}

}  // namespace
}  // namespace walchen::runs
