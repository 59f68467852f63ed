// SPDX-License-Identifier: Apache-2.0
#include "data/phrases.h"

#include <algorithm>

#include "base/status.h"

namespace walchen::data {

PhraseSet::PhraseSet(std::span<const std::string_view> phrases) {
  for (const std::string_view phrase : phrases) {
    const std::vector<Word> words = SplitWords(phrase);
    CHECK(!words.empty() && words.size() <= kWordsMax, "the phrase '{}' has {} words", phrase, words.size());
    first_words_.set(words[0].hash % kFirstWordBits);
    lengths_.set(words.size());
    phrases_.emplace(RunHash(words), words.size());
  }
}

size_t PhraseSet::Search(std::span<const Word> words) const {
  for (size_t count = std::min(kWordsMax, words.size()); count > 0; --count) {
    if (!lengths_.test(count)) continue;
    const auto found = phrases_.find(RunHash(words.first(count)));
    if (found != phrases_.end() && found->second == count) return count;
  }
  return 0;
}

}  // namespace walchen::data
