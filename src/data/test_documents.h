// SPDX-License-Identifier: Apache-2.0
//
// Seeded documents for tests of duplicates: words drawn with Zipf's frequencies, so that texts that have nothing to do with
// each other share words and short runs of them as real ones do.
#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"

namespace walchen::data {

using TestDocument = std::vector<uint32_t>;  // numbers of words

inline uint32_t DrawWord(base::Rng& rng) {
  constexpr double kVocabulary = 20'000;
  return static_cast<uint32_t>(std::exp(rng.Uniform() * std::log(kVocabulary)));  // density 1 / rank
}

inline TestDocument DrawDocument(base::Rng& rng, uint32_t words) {
  TestDocument document(words);
  for (uint32_t& word : document) word = DrawWord(rng);
  return document;
}

// Each word is replaced, left out or followed by a new one with this chance in all.
inline TestDocument EditWords(const TestDocument& document, base::Rng& rng, double chance) {
  TestDocument edited;
  for (const uint32_t word : document) {
    if (rng.Uniform() >= chance) {
      edited.push_back(word);
      continue;
    }
    const uint32_t kind = rng.Below(3);
    if (kind == 0) continue;
    if (kind == 1) edited.push_back(word);
    edited.push_back(DrawWord(rng));
  }
  return edited;
}

// What counts as a near-duplicate: up to 3 % of the words edited, or another header and footer that together are up to a
// tenth of the text, or up to 1 % and such a frame.
inline TestDocument PlantDuplicate(const TestDocument& document, base::Rng& rng) {
  const uint32_t kind = rng.Below(3);
  if (kind == 0) return EditWords(document, rng, 0.03 * rng.Uniform());
  TestDocument copy = kind == 1 ? document : EditWords(document, rng, 0.01 * rng.Uniform());
  const auto frame = static_cast<uint32_t>(0.05 * static_cast<double>(document.size()));
  const TestDocument header = DrawDocument(rng, rng.Below(frame + 1));
  const TestDocument footer = DrawDocument(rng, rng.Below(frame + 1));
  copy.insert(copy.begin(), header.begin(), header.end());
  copy.insert(copy.end(), footer.begin(), footer.end());
  return copy;
}

// A spelling for each word; the frequent ones are short.
inline std::string Text(const TestDocument& document) {
  std::string text;
  for (size_t i = 0; i < document.size(); ++i) {
    for (uint32_t rest = document[i]; rest > 0; rest /= 20) text += "bcdfghjklmnpqrstvwxz"[rest % 20], text += "aeiou"[rest % 5];
    text += i % 12 == 11 ? ".\n" : " ";
  }
  return text;
}

}  // namespace walchen::data
