// SPDX-License-Identifier: Apache-2.0
#include "data/bpe_trainer.h"

#include <map>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/rng.h"
#include "base/test_folder.h"
#include "formats/gguf.h"
#include "formats/tokenizer.h"

namespace walchen::data {
namespace {

Bpe Learn(const std::vector<std::string>& texts, int merges, uint64_t least_count = 1) {
  BpeTrainer trainer;
  for (const std::string& text : texts) EXPECT_TRUE(trainer.Add(text));
  return trainer.Train({}, 256 + merges, least_count).value();
}

std::vector<std::string> MergedTokens(const Bpe& bpe) { return {bpe.tokens.begin() + 256, bpe.tokens.end()}; }

TEST(BpeTrainer, MergesTheMostFrequentPairFirst) {
  EXPECT_EQ(MergedTokens(Learn({"abab abab abc"}, 3)), (std::vector<std::string>{"ab", " ab", "abab"}));
}

TEST(BpeTrainer, StopsWhereNothingIsFrequentEnough) {
  EXPECT_EQ(MergedTokens(Learn({"xy xz"}, 5, 2)), (std::vector<std::string>{}));
  EXPECT_EQ(MergedTokens(Learn({"xy xy xz"}, 5, 2)), (std::vector<std::string>{"xy"}));
}

TEST(BpeTrainer, CutsDigitsAndWords) {
  for (const std::string& token : MergedTokens(Learn({"2024 2024 2024 a.b a.b"}, 20))) {
    EXPECT_EQ(token.find_first_of("0123456789"), std::string::npos) << token;
  }
}

// All pairs counted anew for each merge.
std::vector<std::pair<int32_t, int32_t>> SlowMerges(const std::vector<std::vector<int32_t>>& words, size_t merges) {
  std::vector<std::vector<int32_t>> now = words;
  std::vector<std::pair<int32_t, int32_t>> result;
  for (auto next = static_cast<int32_t>(256); result.size() < merges; ++next) {
    std::map<std::pair<int32_t, int32_t>, int> counts;
    for (const auto& word : now) {
      for (size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    }
    if (counts.empty()) break;
    auto best = counts.begin();
    for (auto at = counts.begin(); at != counts.end(); ++at) {
      if (at->second > best->second) best = at;
    }
    result.push_back(best->first);
    for (auto& word : now) {
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        if (std::pair(word[i], word[i + 1]) != best->first) continue;
        word[i] = next;
        word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return result;
}

TEST(BpeTrainer, EqualsCountingAnewForEachMerge) {
  base::Rng rng(5);
  const Bpe bytes = Learn({}, 0);
  const auto id_of = [&](char c) { return static_cast<int32_t>(std::ranges::find(bytes.tokens, std::string(1, c)) - bytes.tokens.begin()); };
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> texts;
    std::vector<std::vector<int32_t>> words;
    for (int i = 0; i < 40; ++i) {
      std::string word;
      // No two letters repeat in a run, whose pairs overlap: there what is counted depends on where one begins.
      for (uint32_t n = 2 + rng.Below(7); word.size() < n;) {
        const char letter = static_cast<char>('a' + rng.Below(5));
        if (word.empty() || word.back() != letter) word += letter;
      }
      words.emplace_back();
      for (const char c : word) words.back().push_back(id_of(c));
      texts.push_back(word);
    }
    const Bpe learned = Learn(texts, 12);
    const auto slow = SlowMerges(words, 12);
    ASSERT_EQ(learned.merges.size(), slow.size());
    EXPECT_EQ(learned.merges.front(), slow.front());
    // Tokens that come about in two ways have one id there and two here, so compare what they spell.
    const auto spelled = [&](const auto& merges) {
      std::vector<std::string> all = bytes.tokens;
      for (const auto& [left, right] : merges) all.push_back(all[static_cast<size_t>(left)] + all[static_cast<size_t>(right)]);
      return all;
    };
    if (learned.tokens.size() == 256 + slow.size()) {
      EXPECT_EQ(spelled(learned.merges), spelled(slow)) << "round " << round;
    }
  }
}

TEST(BpeTrainer, MakesATokenizerThatReadsWhatItWrites) {
  BpeTrainer trainer;
  ASSERT_TRUE(trainer.Add("Die Pumpe läuft. Die Pumpe steht. Das Ventil läuft über; the pump runs, the pump stops."));
  const Bpe bpe = trainer.Train(OwnSpecialTokens(), 300).value();
  base::TestFolder folder;
  formats::GgufWriter writer;
  for (auto& [key, value] : TokenizerKeys(bpe)) writer.Add(key, value);
  ASSERT_TRUE(writer.Write(base::Files::Os(), folder / "t.gguf"));
  const auto file = formats::GgufFile::Open(base::Files::Os(), folder / "t.gguf").value();
  const auto tokenizer = formats::Tokenizer::FromGguf(*file).value();
  EXPECT_EQ(tokenizer->vocabulary_size(), static_cast<int>(bpe.tokens.size()));
  const std::string text = "Die Pumpe läuft über 2024 Grad – ✓ <|endoftext|>";
  const std::vector<int32_t> ids = tokenizer->Encode(text);
  EXPECT_EQ(tokenizer->Decode(ids), text);
  EXPECT_LT(ids.size(), text.size());
  for (const int32_t id : ids) EXPECT_FALSE(tokenizer->IsSpecial(id));
  EXPECT_LT(tokenizer->Encode("Pumpe").size(), 4u) << "it was seen often";
}

TEST(BpeTrainer, LongRulesOfDashesMakeNoTokenThatATokenizerRefuses) {
  BpeTrainer trainer;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(trainer.Add(std::string(40'000, '-')));
  const Bpe bpe = trainer.Train(OwnSpecialTokens(), 400).value();
  EXPECT_GT(bpe.tokens.size(), 265u);
  for (const std::string& token : bpe.tokens) EXPECT_LE(token.size(), static_cast<size_t>(base::kTokenMaxBytes / 2));
}

TEST(BpeTrainer, RefusesAVocabularyWithoutRoomForTheBytes) {
  EXPECT_EQ(BpeTrainer().Train(OwnSpecialTokens(), 258).error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace walchen::data
