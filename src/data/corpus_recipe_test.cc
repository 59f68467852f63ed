// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_recipe.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "ledger/records.h"

namespace walchen::data {
namespace {

constexpr std::string_view kBegin = "name = \"c\"\ntiers = [\"A\", \"D\"]\n";

std::string With(std::string_view package) { return std::string(kBegin) + "[[package]]\n" + std::string(package); }

std::string ErrorOf(const std::string& toml) {
  const auto recipe = ReadCorpusRecipe(toml, "c.toml");
  return recipe ? "none" : recipe.error().message();
}

TEST(CorpusRecipe, ReadsPackagesAndWhatIsLeftOut) {
  const auto recipe = ReadCorpusRecipe(With(R"(system = "npm"
name = "@scope/series"
version = "1.2.3"
profiles = ["tiny"]
include = ["package/*.csv"]
use = "evaluation"
[[left_out]]
name = "fortunes"
reason = "quotations"
)"),
                                       "c.toml");
  ASSERT_TRUE(recipe) << recipe.error().ToString();
  EXPECT_EQ(recipe->tiers, "AD");
  ASSERT_EQ(recipe->packages.size(), 1u);
  const CorpusPackage& package = recipe->packages[0];
  EXPECT_EQ(package.Source(), "npm.scope-series");
  EXPECT_EQ(package.Url(), "pkg:npm/%40scope/series");
  EXPECT_EQ(package.use, ledger::kEvaluationUse);
  EXPECT_TRUE(package.IsIn("tiny"));
  EXPECT_FALSE(package.IsIn("full"));
  EXPECT_EQ(recipe->left_out[0].reason, "quotations");
}

TEST(CorpusRecipe, SaysWhatIsWrongAndWhere) {
  EXPECT_NE(ErrorOf(With("system = \"npm\"\nname = \"a\"\nprofiles = [\"x\"]\n")).find("version"), std::string::npos);
  EXPECT_NE(ErrorOf(With("system = \"debian\"\nname = \"-o\"\nprofiles = [\"x\"]\n")).find("c.toml:5"), std::string::npos);
  EXPECT_NE(ErrorOf(With("system = \"debian\"\nname = \"a;b\"\nprofiles = [\"x\"]\n")).find("name"), std::string::npos);
  EXPECT_NE(ErrorOf(With("system = \"debian\"\nname = \"a\"\nprofiles = []\n")).find("profiles"), std::string::npos);
  EXPECT_NE(ErrorOf(With("system = \"debian\"\nname = \"a\"\nprofiles = [\"x\"]\nlicence = \"MIT\"\n")).find("note"), std::string::npos);
  EXPECT_NE(ErrorOf(With("system = \"debian\"\nname = \"a\"\nprofiles = [\"x\"]\nuse = \"fun\"\n")).find("use"), std::string::npos);
  EXPECT_NE(ErrorOf("name = \"c\"\ntiers = [\"E\"]\n").find("tiers"), std::string::npos);
  EXPECT_NE(ErrorOf(With("system = \"debian\"\nname = \"a\"\nprofiles = [\"x\"]\n[[left_out]]\nname = \"a\"\nreason = \"r\"\n")).find("left_out"),
            std::string::npos);
}

TEST(CorpusRecipe, TheOneOfThisRepositoryIsRead) {
  base::Files& files = base::Files::Os();
  const auto toml = files.Read(base::Path(WALCHEN_SOURCE_DIR) / "recipes/corpus.toml", 1 << 20);
  ASSERT_TRUE(toml);
  const auto recipe = ReadCorpusRecipe(*toml, "recipes/corpus.toml");
  ASSERT_TRUE(recipe) << recipe.error().ToString();
  int tiny = 0;
  for (const CorpusPackage& package : recipe->packages) {
    tiny += package.IsIn("tiny") ? 1 : 0;
    EXPECT_TRUE(package.IsIn("full")) << package.name;
  }
  EXPECT_EQ(tiny, 3);
  EXPECT_GE(recipe->left_out.size(), 6u);
}

}  // namespace
}  // namespace walchen::data
