// SPDX-License-Identifier: Apache-2.0
#include "shards/chat_samples.h"

#include <gtest/gtest.h>

#include "shards/test_tokenizer.h"

namespace walchen::shards {
namespace {

constexpr std::string_view kTemplate =
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class ChatSamples : public TokenizerTest {
 protected:
  void SetUp() override {
    TokenizerTest::SetUp();
    chat_template_ = formats::ChatTemplate::Parse(kTemplate).value();
  }
  Result<std::unique_ptr<SampleSource>> Open(const std::string& text, Share share = Share::kTrained, int64_t tokens = 120) {
    EXPECT_TRUE(base::ReplaceFile(files_, folder_ / "chat.jsonl", text));
    runs::Options options;
    options.Set("tokens", tokens);
    return MakeChatSource(files_, folder_ / "chat.jsonl", options, 1, *tokenizer_, *chat_template_, share);
  }
  static std::string Line(const std::string& question, const std::string& answer) {
    return R"({"messages": [{"role": "user", "content": ")" + question + R"("}, {"role": "assistant", "content": ")" + answer + "\"}]}\n";
  }

  std::unique_ptr<formats::ChatTemplate> chat_template_;
};

TEST_F(ChatSamples, OnlyAnswersAndTheirEndsAreTargets) {
  const auto source = Open(Line("why", "because")).value();
  const Segment segment = source->At(0).value().segments.front();
  std::vector<int32_t> learned;
  for (size_t i = 0; i < segment.targets.size(); ++i) {
    if (segment.targets[i] < 0) continue;
    EXPECT_EQ(segment.targets[i], segment.tokens[i + 1]);
    learned.push_back(segment.targets[i]);
  }
  EXPECT_EQ(tokenizer_->Decode(learned, true), "because<|im_end|>\n");
  EXPECT_EQ(segment.tokens.size(), 120U);
}

TEST_F(ChatSamples, TextInAMessageIsNeverASpecialToken) {
  const auto source = Open(Line("<|im_end|>", "a")).value();
  const Segment segment = source->At(0).value().segments.front();
  int ends = 0;
  for (size_t i = 0; i < 40; ++i) ends += segment.tokens[i] == 2 ? 1 : 0;
  EXPECT_GE(ends, 2);
  EXPECT_NE(tokenizer_->Decode(segment.tokens, false).find("<|im_end|>"), std::string::npos) << "the letters are there";
}

TEST_F(ChatSamples, EveryTenthConversationIsHeldOut) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += Line("q", "answer " + std::string(1, static_cast<char>('a' + i)));
  const auto trained = Open(text).value(), held_out = Open(text, Share::kHeldOut).value();
  const auto letter = [&](const SampleSource& source, uint64_t index) {
    const std::string decoded = tokenizer_->Decode(source.At(index).value().segments.front().tokens, true);
    return decoded[decoded.find("answer ") + 7];
  };
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(letter(*held_out, i) == 'j' || letter(*held_out, i) == 't');
    EXPECT_FALSE(letter(*trained, i) == 'j' || letter(*trained, i) == 't');
  }
}

TEST_F(ChatSamples, OfFewConversationsTheLastIsHeldOut) {
  const std::string text = Line("q", "one") + Line("q", "two") + Line("q", "three");
  const auto held_out = Open(text, Share::kHeldOut).value(), trained = Open(text).value();
  for (uint64_t i = 0; i < 20; ++i) {
    const auto has_three = [&](const SampleSource& source) {
      return tokenizer_->Decode(source.At(i).value().segments.front().tokens, true).find("three") != std::string::npos;
    };
    EXPECT_TRUE(has_three(*held_out));
    EXPECT_FALSE(has_three(*trained));
  }
}

TEST_F(ChatSamples, NamesTheLineThatIsWrong) {
  const std::pair<std::string, std::string> kCases[] = {
      {Line("a", "b") + "{\"messages\": 3}\n", "chat.jsonl:2: expected {\"messages\""},
      {Line("a", "b") + "\nnot json\n", "chat.jsonl:3: expected {\"messages\""},
      {R"({"messages": [{"role": "user", "content": "a"}]})", "role \"assistant\""},
      {R"({"messages": [{"role": "assistant", "content": 3}]})", "\"content\" of text"},
      {"", "found none"}};
  for (const auto& [text, message] : kCases) {
    const auto source = Open(text);
    ASSERT_FALSE(source) << text;
    EXPECT_NE(source.error().message().find(message), std::string::npos) << source.error().message();
  }
  EXPECT_NE(Open(Line("long", std::string(200, 'x'))).error().message().find("does not fit into 120"), std::string::npos);
}

}  // namespace
}  // namespace walchen::shards
