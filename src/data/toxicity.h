// SPDX-License-Identifier: Apache-2.0
//
// How many words of a text stand in a list of offensive words, German and English. A count and nothing more: no document is
// dropped for it here, and the lists do not justify that. They know words without their sense, so they count medicine,
// quotation, place names and words that people use of themselves, and miss insults made of harmless words (Dodge et al.,
// "Documenting Large Webtext Corpora", 2021, on what the English list took away from C4).
// The lists are npm's naughty-words 1.2.0 (CC-BY-4.0): 66 German and 403 English phrases. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "data/words.h"

namespace walchen::data {

inline constexpr int kToxicityVersion = 1;

struct ToxicityCounts {
  uint32_t german = 0;
  uint32_t english = 0;
};

// `words` of a whole text. What stands in both lists counts in both.
ToxicityCounts CountToxicWords(std::span<const Word> words);

}  // namespace walchen::data
