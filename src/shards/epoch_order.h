// SPDX-License-Identifier: Apache-2.0
//
// The order in which a source gives its items: an epoch takes each once, in an order that the seed and the epoch decide.
// It is a formula, forwards and backwards, so that nothing has to be stored to say what a step read, or which step read this.
#pragma once

#include <cstdint>

namespace walchen::shards {

class EpochOrder {
 public:
  // count > 0.
  EpochOrder(uint64_t seed, uint64_t count) : seed_(seed), count_(count) {}

  // Which item is the index-th of all epochs in a row.
  uint64_t ItemAt(uint64_t index) const;
  // The index at which epoch `epoch` takes this item.
  uint64_t IndexOf(uint64_t item, uint64_t epoch) const;

 private:
  // item = (first + place * stride) mod count: a stride that shares no divisor with the count comes to each item once.
  struct Turn {
    uint64_t first = 0, stride = 1;
  };
  Turn TurnOf(uint64_t epoch) const;

  uint64_t seed_, count_;
};

}  // namespace walchen::shards
