// SPDX-License-Identifier: Apache-2.0
#include "cli/conversation.h"

#include <fstream>

#include <gtest/gtest.h>

namespace walchen::cli {
namespace {

class ConversationTest : public testing::Test {
 protected:
  ~ConversationTest() override { std::filesystem::remove(path_); }

  Result<void> LoadText(Conversation& conversation, std::string_view text) {
    std::ofstream(path_) << text;
    return conversation.Load(base::Files::Os(), path_);
  }

  base::Path path_ = base::Path(testing::TempDir()) / fmt::format("walchen-conversation-{}.json", ::getpid());
};

TEST_F(ConversationTest, KeepsTheSystemMessageFirstAndThroughAReset) {
  Conversation conversation("Be brief.");
  conversation.Add("user", "Hello");
  conversation.SetSystem("Be polite.");
  EXPECT_EQ(conversation.messages().dump(),
            R"([{"role":"system","content":"Be polite."},{"role":"user","content":"Hello"}])");
  conversation.Reset();
  EXPECT_EQ(conversation.messages().size(), 1u);
  EXPECT_EQ(conversation.system(), "Be polite.");
  conversation.SetSystem("");
  EXPECT_EQ(conversation.messages().size(), 0u);
}

TEST_F(ConversationTest, TakesBackAQuestionWithoutAnswer) {
  Conversation conversation("");
  conversation.Add("user", "Hello");
  conversation.DropLast();
  conversation.DropLast();
  EXPECT_EQ(conversation.messages().size(), 0u);
}

TEST_F(ConversationTest, ComesBackFromTheDiskAsItWas) {
  Conversation written("Grüß Gott");
  written.Add("user", "a\n\"b\"\xff");  // half a character becomes U+FFFD, as everywhere
  written.Add("assistant", "\U0001F600");
  ASSERT_TRUE(written.Save(base::Files::Os(), path_));
  Conversation read("");
  ASSERT_TRUE(read.Load(base::Files::Os(), path_));
  EXPECT_EQ(read.system(), "Grüß Gott");
  EXPECT_EQ(read.messages()[1]["content"], "a\n\"b\"\xef\xbf\xbd");
  EXPECT_EQ(read.messages()[2], written.messages()[2]);
}

TEST_F(ConversationTest, IsLeftAloneByAFileThatIsNoConversation) {
  Conversation conversation("Be brief.");
  for (const std::string_view text : {"", "{}", "[1]", R"([{"role":"tool","content":"x"}])", R"([{"role":"user"}])",
                                      R"([{"role":"user","content":"x"},{"role":"system","content":"y"}])",
                                      R"([{"role":"user","content":1}])", "[[[["}) {
    const Result<void> loaded = LoadText(conversation, text);
    ASSERT_FALSE(loaded) << text;
    EXPECT_EQ(loaded.error().code(), ErrorCode::kCorrupt) << text;
    EXPECT_EQ(conversation.system(), "Be brief.") << text;
  }
}

TEST_F(ConversationTest, SurvivesAMillionOpenBrackets) {
  Conversation conversation("");
  EXPECT_FALSE(LoadText(conversation, std::string(1'000'000, '[')));
  EXPECT_FALSE(LoadText(conversation, "[" + std::string(400'000, '[') + std::string(400'000, ']') + "]"));
}

}  // namespace
}  // namespace walchen::cli
