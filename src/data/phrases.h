// SPDX-License-Identifier: Apache-2.0
//
// A fixed set of phrases of one to eight words, found in a text's words whatever their case and whatever stands between them.
// Immutable after construction; thread-safe.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "data/words.h"

namespace walchen::data {

class PhraseSet {
 public:
  // Phrases are valid UTF-8 with at least one word; of equal ones the first counts.
  explicit PhraseSet(std::span<const std::string_view> phrases);

  // The words of the longest phrase that begins at words[0], 0 for none. O(1).
  size_t MatchAt(std::span<const Word> words) const {
    // Most words begin no phrase, and one bit says so.
    if (words.empty() || !first_words_.test(words[0].hash % kFirstWordBits)) return 0;
    return Search(words);
  }

 private:
  static constexpr size_t kWordsMax = 8;
  static constexpr size_t kFirstWordBits = 1 << 14;
  size_t Search(std::span<const Word> words) const;

  std::bitset<kFirstWordBits> first_words_;
  std::bitset<kWordsMax + 1> lengths_;
  std::unordered_map<uint64_t, size_t> phrases_;  // RunHash to the number of words
};

}  // namespace walchen::data
