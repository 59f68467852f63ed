// SPDX-License-Identifier: Apache-2.0
#include "data/toxicity.h"

#include "data/phrases.h"

namespace walchen::data {
namespace {

#include "data/toxic_words.inc"

uint32_t Count(const PhraseSet& phrases, std::span<const Word> words) {
  uint32_t count = 0;
  for (size_t i = 0; i < words.size();) {
    const size_t matched = phrases.MatchAt(words.subspan(i));
    count += matched > 0 ? 1 : 0;
    i += std::max<size_t>(matched, 1);
  }
  return count;
}

}  // namespace

ToxicityCounts CountToxicWords(std::span<const Word> words) {
  static const PhraseSet kGerman(kToxicGerman);
  static const PhraseSet kEnglish(kToxicEnglish);
  return {.german = Count(kGerman, words), .english = Count(kEnglish, words)};
}

}  // namespace walchen::data
