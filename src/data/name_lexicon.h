// SPDX-License-Identifier: Apache-2.0
//
// What is known of a word as part of a name, or beside one.
#pragma once

#include <cstdint>
#include <vector>

namespace walchen::data {

// Bits; a word may have several.
enum NameHint : uint16_t {
  kFirstName = 1,       // says by itself: a person
  kWeakFirstName = 2,   // a first name that is a word as well, or rare
  kLastName = 4,
  kTitle = 8,           // Frau, Mr, Dr: a name follows
  kTitlePart = 16,      // Dr, med, Prof, Bürgermeisterin: may stand between title and name
  kParticle = 32,       // von, van, de, al
  kGreeting = 64,       // Hallo, Dear
  kClosing = 128,       // Grüße, regards
  kLabel = 256,         // Name, Techniker, with a colon behind it
  kOccupation = 512,    // Monteur, coach: a name may follow
  kNoName = 1024,       // capitalised, but never a name or part of one
  kFirm = 2048,         // GmbH, Ltd: what stands before it is a firm
};

// The hints of every known word. Immutable; thread-safe.
class NameLexicon {
 public:
  // Made when it is first asked for.
  static const NameLexicon& Get();

  // Of a word by its hash (words.h), 0 for most.
  uint16_t Hints(uint64_t word_hash) const {
    // Words that are not there, most, are told by one bit of 64 KiB.
    const uint64_t bit = word_hash % kFilterBits;
    if ((may_have_[bit / 64] >> (bit % 64) & 1) == 0) return 0;
    return Search(word_hash);
  }

 private:
  struct Entry {
    uint64_t hash = 0;
    uint16_t hints = 0;
  };
  static constexpr uint64_t kFilterBits = 1 << 19;

  NameLexicon();
  void Add(uint64_t word_hash, NameHint hint);
  uint16_t Search(uint64_t word_hash) const;

  std::vector<Entry> entries_;  // an open table, at most half full
  std::vector<uint64_t> may_have_;
};

}  // namespace walchen::data
