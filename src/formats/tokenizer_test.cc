// SPDX-License-Identifier: Apache-2.0
//
// What every tokenizer promises, on small ones written down here.
#include "formats/tokenizer.h"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "formats/tokenizer_vocabulary.h"

namespace walchen::formats {
namespace {

using nlohmann::json;
using Ids = std::vector<TokenId>;

// Bytes 0 to 255, then the merges in order, then added tokens.
json ByteLevel(const std::vector<std::pair<std::string, std::string>>& merges, const json& added) {
  json vocabulary = json::object();
  for (int byte = 0; byte < 256; ++byte) vocabulary[Gpt2SpellingOfByte(static_cast<unsigned char>(byte))] = byte;
  json list = json::array();
  for (const auto& [left, right] : merges) {
    vocabulary[left + right] = vocabulary.size();
    list.push_back({left, right});
  }
  json tokens = json::array();
  for (json token : added) {
    token["id"] = vocabulary.size() + tokens.size();
    tokens.push_back(std::move(token));
  }
  return {{"added_tokens", tokens},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", list}}}};
}

std::unique_ptr<Tokenizer> Load(const json& content) {
  auto tokenizer = Tokenizer::FromJson(content.dump());
  EXPECT_TRUE(tokenizer.has_value()) << tokenizer.error().ToString();
  return *std::move(tokenizer);
}

constexpr TokenId kEnd = 259, kSpaces = 260;

std::unique_ptr<Tokenizer> Example() {
  return Load(ByteLevel({{"a", "b"}, {"ab", "c"}, {"\u0120", "ab"}},
                        {{{"content", "<|im_end|>"}, {"special", true}, {"normalized", false}},
                         {{"content", "   "}, {"special", false}, {"normalized", false}}}));
}

TEST(Tokenizer, MergesByRankFromTheLeft) {
  const auto tokenizer = Example();
  EXPECT_EQ(tokenizer->Encode("abcab"), (Ids{257, 256}));
  EXPECT_EQ(tokenizer->Encode(" ab"), (Ids{258}));
  EXPECT_EQ(tokenizer->Encode("ba"), (Ids{'b', 'a'}));
  EXPECT_EQ(tokenizer->Encode(""), Ids{});
}

TEST(Tokenizer, ReadsSpecialTokensOnlyWhereTheyAreAllowed) {
  const auto tokenizer = Example();
  const std::string text = "a<|im_end|>b";
  EXPECT_EQ(tokenizer->Encode(text, true), (Ids{'a', kEnd, 'b'}));
  const Ids plain = tokenizer->Encode(text);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), kEnd), 0);
  EXPECT_EQ(tokenizer->Decode(plain), text);
}

TEST(Tokenizer, LetsASpecialTokenSpanPartsOnlyIfAllOfThemAllowIt) {
  const auto tokenizer = Example();
  const auto count = [&](std::vector<TextPart> parts) {
    const Ids ids = tokenizer->Encode(parts);
    return std::count(ids.begin(), ids.end(), kEnd);
  };
  EXPECT_EQ(count({{"<|im_", true}, {"end|>", true}}), 1);
  EXPECT_EQ(count({{"<|im_", true}, {"", false}, {"end|>", true}}), 1);
  EXPECT_EQ(count({{"<|im_", true}, {"end|>", false}}), 0);
  EXPECT_EQ(count({{"<|im_", false}, {"end|>", true}}), 0);
  EXPECT_EQ(count({{"<|im_end|>", false}, {"<|im_end|>", true}, {"<|im_end|>", false}}), 1);
}

TEST(Tokenizer, KeepsTheBordersOfPartsWhenBytesAreReplaced) {
  const auto tokenizer = Example();
  const Ids ids = tokenizer->Encode(std::vector<TextPart>{{"\xFF\xFF<|im_end|>\xE2", false}, {"<|im_end|>", true}});
  EXPECT_EQ(std::count(ids.begin(), ids.end(), kEnd), 1);
  EXPECT_EQ(ids.back(), kEnd);
}

TEST(Tokenizer, LetsOrdinaryTokensSpanParts) {
  const auto tokenizer = Example();
  EXPECT_EQ(tokenizer->Encode(std::vector<TextPart>{{"a", false}, {"b", true}, {"c", false}}), (Ids{257}));
}

TEST(Tokenizer, AlwaysFindsTokensThatUsersAdded) {
  const auto tokenizer = Example();
  EXPECT_EQ(tokenizer->Encode("a   b"), (Ids{'a', kSpaces, 'b'}));
  EXPECT_FALSE(tokenizer->IsSpecial(kSpaces));
}

TEST(Tokenizer, DecodesBytesAndLeavesSpecialTokensOut) {
  const auto tokenizer = Example();
  const Ids ids = {256, kEnd, 0xC3, 0xA4};
  EXPECT_EQ(tokenizer->Decode(ids), "ab\u00E4");
  EXPECT_EQ(tokenizer->Decode(ids, true), "ab<|im_end|>\u00E4");
  EXPECT_EQ(tokenizer->Decode(Ids{0xC3}), "\xC3");
  EXPECT_EQ(tokenizer->Bytes(258), " ab");
}

TEST(Tokenizer, AnswersForIdsOutsideTheVocabulary) {
  const auto tokenizer = Example();
  for (const TokenId id : {-1, tokenizer->vocabulary_size(), 1 << 30}) {
    EXPECT_EQ(tokenizer->Bytes(id), "");
    EXPECT_FALSE(tokenizer->IsSpecial(id));
    EXPECT_FALSE(tokenizer->EndsGeneration(id));
    EXPECT_EQ(tokenizer->Decode(Ids{id}), "");
  }
}

TEST(Tokenizer, FindsTokensByTheirSpelling) {
  const auto tokenizer = Example();
  EXPECT_EQ(tokenizer->Find("\u0120ab"), 258);
  EXPECT_EQ(tokenizer->Find("<|im_end|>"), kEnd);
  EXPECT_EQ(tokenizer->Find(" ab"), std::nullopt);
  EXPECT_EQ(tokenizer->vocabulary_size(), 261);
}

TEST(Tokenizer, KnowsTheEndsOfAnAnswerByTheirNames) {
  const auto tokenizer = Example();
  EXPECT_EQ(tokenizer->eos(), kEnd);
  EXPECT_TRUE(tokenizer->EndsGeneration(kEnd));
  EXPECT_FALSE(tokenizer->EndsGeneration('a'));
  EXPECT_FALSE(tokenizer->adds_bos());
}

// A heap over a linked list, no rescanning: a quadratic way would take minutes.
TEST(Tokenizer, TakesLinearTimeForOneLongWord) {
  const auto tokenizer = Load(ByteLevel({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}, {"\u0120", "\u0120"}}, json::array()));
  std::vector<std::string> texts = {std::string(1 << 20, 'a'), std::string(1 << 20, ' '), std::string(1 << 20, '\xFF'),
                                    std::string(1 << 20, '\'')};
  std::string& marks = texts.emplace_back();
  while (marks.size() < (1 << 20)) marks += "\u0323\u0301";
  for (const std::string& text : texts) {
    const auto start = std::chrono::steady_clock::now();
    const size_t tokens = tokenizer->Encode(text).size();
    EXPECT_GE(tokens, text.size() / 8);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  }
}

TEST(Tokenizer, GivesAWordTheSameTokensHoweverOftenItCame) {
  const auto tokenizer = Example();
  std::string text;
  Ids expected;
  for (int i = 0; i < 300; ++i) {
    const std::string word = " ab" + std::string(static_cast<size_t>(i % 90), 'c') + std::to_string(i % 7);
    const Ids alone = tokenizer->Encode(word);
    text += word;
    expected.insert(expected.end(), alone.begin(), alone.end());
  }
  EXPECT_EQ(tokenizer->Encode(text), expected);  // which knows these words
  EXPECT_EQ(Example()->Encode(text), expected);  // which does not
}

}  // namespace
}  // namespace walchen::formats
