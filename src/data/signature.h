// SPDX-License-Identifier: Apache-2.0
//
// What is kept of a text to find texts like it: 64 bytes, from which the text cannot be read.
//
// Similarity is Jaccard's, of the sets of word 5-grams. It is estimated from 128 minima by one-permutation hashing (Li, Owen,
// Zhang, 2012) with optimal densification (Shrivastava, 2017), of each of which two bits are kept (Li and König, "b-bit
// minwise hashing", 2010): standard error 0.046 at 0.75, 0.05 at 0.6, 0.036 at 0.
//
// Candidates are found by six keys, each the minimum of one sixth of the hashes of word 8-grams: bands of one row over long
// shingles. Next to bands of several rows over short ones they find as much with a third of the keys, because two texts that
// have nothing to do with each other share single 5-grams ("at the end of the") but hardly an 8-gram. A text of which every
// word was changed with a chance of 3 % shares a key with a chance of 1 - (1 - 0.645)^6 = 0.998.
//
// Texts with fewer words than a shingle count as one shingle, texts without a word by their bytes. Pure, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/words.h"

namespace walchen::data {

// Signatures of two versions cannot be compared. Counts on kWordsVersion.
inline constexpr int kSignatureVersion = 1;

struct Signature {
  static constexpr size_t kMinima = 128;
  static constexpr size_t kKeys = 6;

  uint64_t content = 0;                           // of all words in order: equal for texts that differ in case and punctuation only
  std::array<uint64_t, kMinima * 2 / 64> minima{};  // two bits each
  std::array<uint32_t, kKeys> keys{};

  bool operator==(const Signature&) const = default;
};

// `words` are SplitWords(text).
Signature MakeSignature(std::string_view text, std::span<const Word> words);

// A signature of this version as text, and back: nothing where it is another version's, or none.
std::string TextOf(const Signature& signature);
std::optional<Signature> SignatureOfText(std::string_view text);

// The estimate of Jaccard's similarity, 0 to 1.
double Similarity(const std::array<uint64_t, 4>& a, const std::array<uint64_t, 4>& b);

}  // namespace walchen::data
