// SPDX-License-Identifier: Apache-2.0
//
// A text as words with hashes, computed once and read by every filter that counts or compares words: quality,
// near-duplicates, contamination, word lists.
//
// A word is a run of letters, marks, digits and underscores (Unicode 16); an apostrophe between two letters belongs to it.
// The hash is of the word in lower case, so "Straße," and "straße" are equal. 64 bits: within one document a collision has
// a chance of 1e-9 at 200,000 words; across documents only runs of words are compared.
//
// Input is valid UTF-8 below 4 GiB. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace walchen::data {

struct Word {
  uint64_t hash = 0;
  uint32_t begin = 0;  // bytes
  uint32_t size = 0;
};

// Changes whenever a hash does: what was stored under another version cannot be compared.
inline constexpr int kWordsVersion = 1;

std::vector<Word> SplitWords(std::string_view valid);

// The hash of one word, as SplitWords computes it.
uint64_t WordHash(std::string_view valid_word);

// One number for a run of words, in order; words that change places change it.
uint64_t RunHash(std::span<const Word> run);

// A good 64-bit mixer (the finaliser of MurmurHash3, public domain, by Austin Appleby).
constexpr uint64_t Mix64(uint64_t x) {
  x ^= x >> 33;
  x *= 0xFF51AFD7ED558CCDull;
  x ^= x >> 33;
  x *= 0xC4CEB9FE1A85EC53ull;
  return x ^ (x >> 33);
}

// Hashes of the runs of `length` words, one per start, rolling: hash(i) is a function of the words i to i + length - 1
// alone. Words are weighed by powers of an odd number, so the next run costs one multiplication and two additions.
class RollingRuns {
 public:
  // length >= 1; there are words.size() - length + 1 runs, none if there are fewer words.
  RollingRuns(std::span<const Word> words, size_t length);
  size_t count() const { return count_; }

  template <class Visit>  // Visit(size_t start, uint64_t hash)
  void ForEach(Visit visit) const {
    if (count_ == 0) return;
    const Word* const words = words_.data();
    uint64_t sum = 0;
    for (size_t i = 0; i < length_; ++i) sum = sum * kFactor + words[i].hash;
    for (size_t i = 0;; ++i) {
      visit(i, Mix64(sum));
      if (i + 1 == count_) return;
      sum = (sum - words[i].hash * highest_power_) * kFactor + words[i + length_].hash;
    }
  }

 private:
  static constexpr uint64_t kFactor = 0x9E3779B97F4A7C15ull;
  std::span<const Word> words_;
  size_t length_;
  size_t count_;
  uint64_t highest_power_ = 1;
};

}  // namespace walchen::data
