// SPDX-License-Identifier: Apache-2.0
#include "data/words.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace walchen::data {
namespace {

std::vector<std::string> Spellings(std::string_view text) {
  std::vector<std::string> out;
  for (const Word& word : SplitWords(text)) out.emplace_back(text.substr(word.begin, word.size));
  return out;
}

TEST(Words, AreRunsOfLettersAndDigits) {
  EXPECT_EQ(Spellings("Größe: 3,5 mm – (nicht 4)."),
            (std::vector<std::string>{"Größe", "3", "5", "mm", "nicht", "4"}));
  EXPECT_EQ(Spellings("it's the dogs' don’t"), (std::vector<std::string>{"it's", "the", "dogs", "don’t"}));
  EXPECT_EQ(Spellings("日本語 текст"), (std::vector<std::string>{"日本語", "текст"}));
  EXPECT_TRUE(Spellings(" \n…„“— ").empty());
  EXPECT_TRUE(Spellings("").empty());
}

TEST(Words, HashesIgnoreCaseAndNothingElse) {
  EXPECT_EQ(WordHash("ÄRGER"), WordHash("ärger"));
  EXPECT_EQ(WordHash("Straße"), WordHash("straße"));
  EXPECT_EQ(WordHash("don't"), WordHash("don’t"));
  EXPECT_NE(WordHash("Straße"), WordHash("strasse"));
  EXPECT_NE(WordHash("a"), WordHash("aa"));
  EXPECT_NE(WordHash("abcdefgh"), WordHash("abcdefghi"));
  EXPECT_NE(WordHash("ab"), WordHash("ba"));
}

TEST(Words, HashesOfManyWordsDiffer) {
  std::set<uint64_t> hashes;
  std::set<std::string> words;
  base::Rng rng(3);
  while (words.size() < 50'000) {
    std::string word;
    for (uint32_t i = rng.Below(12) + 1; i > 0; --i) word += static_cast<char>('a' + rng.Below(26));
    if (words.insert(word).second) hashes.insert(WordHash(word));
  }
  EXPECT_EQ(hashes.size(), words.size());
}

TEST(Words, RollingRunsEqualRunsComputedAlone) {
  const std::string text = "der alte Baum vor dem Haus trägt in diesem Jahr wieder viele rote Äpfel";
  const std::vector<Word> words = SplitWords(text);
  for (const size_t length : {1u, 2u, 5u, 13u, 14u}) {
    const RollingRuns runs(words, length);
    EXPECT_EQ(runs.count(), words.size() + 1 - length);
    size_t seen = 0;
    runs.ForEach([&](size_t start, uint64_t hash) {
      EXPECT_EQ(start, seen++);
      EXPECT_EQ(hash, RunHash(std::span(words).subspan(start, length)));
    });
    EXPECT_EQ(seen, runs.count());
  }
  EXPECT_EQ(RollingRuns(words, 15).count(), 0);
}

TEST(Words, RunsDependOnTheOrder) {
  const std::vector<Word> one = SplitWords("rot grün blau");
  const std::vector<Word> other = SplitWords("grün rot blau");
  EXPECT_NE(RunHash(one), RunHash(other));
}

}  // namespace
}  // namespace walchen::data
