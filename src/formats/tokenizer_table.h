// SPDX-License-Identifier: Apache-2.0
//
// The two tables that tokenizers look up most: a hash table from a pair of small numbers, and a trie over bytes on top.
// Open addressing in one array, because these look-ups are most of the time that a text takes. Not thread-safe while
// they are filled, thread-safe afterwards.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace walchen::formats {

template <class Value>
class PairTable {
 public:
  // The later value of the same pair replaces the earlier one. Neither number may be ~0.
  void Insert(uint32_t left, uint32_t right, Value value) {
    if (count_ * 2 >= slots_.size()) Grow();
    Slot& slot = slots_[Place(Key(left, right))];
    if (slot.key == kEmpty) ++count_;
    slot = {Key(left, right), std::move(value)};
  }

  const Value* Find(uint32_t left, uint32_t right) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[Place(Key(left, right))];
    return slot.key == kEmpty ? nullptr : &slot.value;
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t key = kEmpty;
    Value value{};
  };

  static uint64_t Key(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

  // Where the key is or would be. Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
  size_t Place(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t i = static_cast<size_t>((key * 0x9E3779B97F4A7C15u) >> shift_);
    while (slots_[i].key != key && slots_[i].key != kEmpty) i = (i + 1) & mask;
    return i;
  }

  void Grow() {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : slots_.size() * 2));
    shift_ = 64 - std::countr_zero(slots_.size());
    for (Slot& slot : old) {
      if (slot.key != kEmpty) slots_[Place(slot.key)] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
  int shift_ = 0;
};

class ByteTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kDead = ~Node{0} - 1;  // after bytes that begin no entry
  static constexpr int32_t kNoValue = -1;

  // The first value of the same bytes stays.
  void Insert(std::string_view bytes, int32_t value) {
    Node node = kRoot;
    for (const char c : bytes) {
      Node next = Step(node, c);
      if (next == kDead) {
        next = static_cast<Node>(values_.size());
        values_.push_back(kNoValue);
        next_.Insert(node, static_cast<unsigned char>(c), next);
      }
      node = next;
    }
    if (values_[node] == kNoValue) values_[node] = value;
  }

  Node Step(Node node, char byte) const {
    const Node* next = next_.Find(node, static_cast<unsigned char>(byte));
    return next == nullptr ? kDead : *next;
  }
  // kNoValue where no entry ends.
  int32_t ValueAt(Node node) const { return values_[node]; }

 private:
  PairTable<Node> next_;
  std::vector<int32_t> values_{kNoValue};
};

}  // namespace walchen::formats
