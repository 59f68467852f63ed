// SPDX-License-Identifier: Apache-2.0
#include "train/shared_folder.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "train/test_ranks.h"

namespace walchen::train {
namespace {

runs::Recipe Example(int64_t seed) {
  runs::Recipe recipe;
  recipe.name = "example";
  recipe.seed = seed;
  recipe.text.base = "a-model";
  recipe.data.push_back({.name = "text", .text_template = "text", .source = {}, .sequences = 1, .tiers = {}, .options = {}});
  recipe.data.back().source.place = "sentences";
  recipe.budget = {.kind = runs::Budget::Kind::kSteps, .amount = 10};
  return recipe;
}

class SharedFolder : public testing::Test {
 protected:
  // What each rank finds at its own path, where rank 0 makes a run of seed 1.
  std::vector<Result<runs::RunFolder>> Share(const std::vector<base::Path>& paths) {
    std::vector<Result<runs::RunFolder>> found;
    for (size_t i = 0; i < paths.size(); ++i) found.emplace_back(Fail(ErrorCode::kNotFound, "not called"));
    OnRanks(static_cast<int>(paths.size()), [&](Ranks& ranks) {
      const auto rank = static_cast<size_t>(ranks.rank());
      const auto open = [&] { return runs::RunFolder::Create(files_, paths[0], Example(1)); };
      found[rank] = ShareFolder(files_, paths[rank], ranks, open, std::chrono::milliseconds(300));
    }, Leaving::kWithout);
    return found;
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
};

TEST_F(SharedFolder, IsHeldByRank0AndReadByTheOthers) {
  const auto found = Share({folder_ / "a", folder_ / "a"});
  ASSERT_TRUE(found[0] && found[1]);
  EXPECT_TRUE(found[1]->recipe() == found[0]->recipe());
  EXPECT_TRUE(runs::IsRunning(folder_ / "a"));
}

TEST_F(SharedFolder, ThatIsNotSharedIsNamedByTheRankThatDoesNotSeeIt) {
  const auto found = Share({folder_ / "a", folder_ / "b"});
  ASSERT_FALSE(found[1]);
  EXPECT_EQ(found[1].error().code(), ErrorCode::kNotFound);
  EXPECT_NE(found[1].error().message().find("rank 1 of 2 does not see the run of rank 0"), std::string::npos);
  EXPECT_EQ(found[0].error().code(), ErrorCode::kUnavailable);
}

TEST_F(SharedFolder, OfAnotherRunIsNotTakenForIt) {
  { ASSERT_TRUE(runs::RunFolder::Create(files_, folder_ / "b", Example(2))); }
  const auto found = Share({folder_ / "a", folder_ / "b"});
  ASSERT_FALSE(found[1]);
  EXPECT_EQ(found[1].error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace walchen::train
