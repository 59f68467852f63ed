// SPDX-License-Identifier: Apache-2.0
#include "base/home.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace walchen::base {
namespace {

// A home with empty files as models: finding them does not open them.
class FindModelTest : public testing::Test {
 protected:
  FindModelTest() : folder_(Path(testing::TempDir()) / fmt::format("walchen-home-{}", ::getpid())), home_(folder_) {
    std::filesystem::create_directories(home_.models());
  }
  ~FindModelTest() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& name) { std::ofstream(home_.models() / name) << "x"; }
  // The file's name, or the error.
  std::string Find(std::string_view model) {
    const auto path = FindModel(Files::Os(), home_, model);
    return path ? path->filename().native() : path.error().message();
  }

  Path folder_;
  Home home_;
};

TEST_F(FindModelTest, TakesAWholeNameEvenWhereItBeginsAnother) {
  Put("llama.gguf");
  Put("llama-1b.gguf");
  EXPECT_EQ(Find("llama"), "llama.gguf");
}

TEST_F(FindModelTest, TakesAnAbbreviationThatFitsOneAndIgnoresCase) {
  Put("SmolLM2.Q4_1.gguf");
  Put("Qwen3.Q8_0.gguf");
  EXPECT_EQ(Find("smol"), "SmolLM2.Q4_1.gguf");
  EXPECT_EQ(Find("QWEN3.Q8_0.gguf"), "Qwen3.Q8_0.gguf");
}

TEST_F(FindModelTest, NamesTheModelsThatAnAbbreviationFits) {
  Put("llama-1b.gguf");
  Put("llama-8b.gguf");
  EXPECT_EQ(Find("llama"), "--model llama: expected one model, several fit: llama-1b, llama-8b");
}

TEST_F(FindModelTest, SaysHowToGetAMissingModel) {
  const std::string message = Find("nothing");
  EXPECT_NE(message.find("no model and no file \"nothing\""), std::string::npos) << message;
  EXPECT_NE(message.find("make up"), std::string::npos) << message;
  EXPECT_NE(message.find("walchen model import"), std::string::npos) << message;
}

TEST_F(FindModelTest, WithoutANamePrefersTheDefaultModel) {
  Put("aaa.gguf");
  Put(std::string(kDefaultModel) + ".gguf");
  EXPECT_EQ(Find(""), std::string(kDefaultModel) + ".gguf");
}

TEST_F(FindModelTest, WithoutANameTakesTheOnlyOneAndRefusesToGuess) {
  Put("aaa.gguf");
  EXPECT_EQ(Find(""), "aaa.gguf");
  Put("bbb.gguf");
  EXPECT_EQ(Find(""), "--model is not given: expected one model, several fit: aaa, bbb");
}

TEST_F(FindModelTest, TakesAPathToAFileOutsideTheHome) {
  std::ofstream(folder_ / "mine.gguf") << "x";
  EXPECT_EQ(Find((folder_ / "mine.gguf").native()), "mine.gguf");
  EXPECT_NE(Find((folder_ / "other.gguf").native()).find("cannot find"), std::string::npos);
}

TEST_F(FindModelTest, SeesOnlyGgufFilesAsModels) {
  Put("a.gguf");
  Put("a.gguf.sha256");
  Put("notes.txt");
  Put(".gguf");
  const auto names = ModelNames(Files::Os(), home_);
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, std::vector<std::string>{"a"});
}

TEST(Home, IsTheFlagThenTheEnvironmentInItsOrder) {
  ::setenv("HOME", "/h", 1);
  ::unsetenv("XDG_DATA_HOME");
  ::unsetenv("WALCHEN_HOME");
  EXPECT_EQ(Home::Find("")->folder(), "/h/.local/share/walchen");
  ::setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(Home::Find("")->folder(), "/data/walchen");
  ::setenv("WALCHEN_HOME", "/w", 1);
  EXPECT_EQ(Home::Find("")->folder(), "/w");
  EXPECT_EQ(Home::Find("/flag")->folder(), "/flag");
  ::setenv("WALCHEN_HOME", "", 1);
  EXPECT_EQ(Home::Find("")->folder(), "/data/walchen");
}

TEST(Home, IsAnErrorWhenNothingSaysWhere) {
  ::unsetenv("HOME");
  ::unsetenv("XDG_DATA_HOME");
  ::unsetenv("WALCHEN_HOME");
  EXPECT_EQ(Home::Find("").error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace walchen::base
