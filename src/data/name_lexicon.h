// SPDX-License-Identifier: Apache-2.0
//
// What is known of a word as part of a name, or beside one.
#pragma once

#include <cstdint>

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

// The hints of a word by its hash (words.h), 0 for most. Thread-safe.
uint16_t NameHints(uint64_t word_hash);

}  // namespace walchen::data
