// SPDX-License-Identifier: Apache-2.0
//
// How often each of at most `expected` 64-bit hashes was seen: one flat table, because a document's words are counted at the
// speed of memory or not at all.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace walchen::data {

class HashCounter {
 public:
  explicit HashCounter(size_t expected) : slots_(std::bit_ceil(expected * 2 + 2)) {}

  // Counts it once more and returns how often it has been seen now. Hashes are well mixed; at most `expected` different ones.
  uint32_t Add(uint64_t hash) {
    const uint64_t key = hash | 1;  // 0 is the empty slot
    for (size_t i = hash >> 20;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.key == 0) slot.key = key;
      if (slot.key == key) return ++slot.count;
    }
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t count = 0;
  };
  std::vector<Slot> slots_;
};

}  // namespace walchen::data
