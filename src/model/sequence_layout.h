// SPDX-License-Identifier: Apache-2.0
//
// Where the segments of a mixed sequence lie: their rotation positions, and their slots in each layer's cache.
//
// Text takes a slot at every layer, a sense's token only at the layers that the sense has. Positions go on after the
// largest one of the segment before, so that a picture of 8 x 8 patches takes 8 of them.
#pragma once

#include <cstdint>
#include <vector>

#include "model/backend.h"
#include "model/sense_config.h"

namespace walchen::model {

// One segment's place; the segments made of it point into it.
struct SegmentPlace {
  int rows = 0;
  int64_t first_position = 0;
  std::vector<int64_t> first_slot_of_layer = {};  // empty: first_position at every layer
  std::vector<Position> positions = {};           // empty: first_position and on
  bool causal = true;

  template <class Cache>
  Segment<Cache> In(Cache& cache) const {
    return {.first_row = 0,
            .rows = rows,
            .first_position = first_position,
            .cache = &cache,
            .first_slot_of_layer = first_slot_of_layer,
            .positions = positions,
            .causal = causal};
  }
};

class SequenceLayout {
 public:
  explicit SequenceLayout(int text_layers) : slots_(static_cast<size_t>(text_layers)) {}

  SegmentPlace AddText(int rows);
  // A noisy segment (not kept) gets a place, which the next segment gets too.
  SegmentPlace AddSense(const SenseConfig& sense, const SenseTokens& tokens);

  int64_t next_position() const { return next_position_; }
  // The most slots in use at any layer.
  int64_t slots() const;

 private:
  SegmentPlace Place(int rows) const;

  int64_t next_position_ = 0;
  std::vector<int64_t> slots_;  // of each text layer, in use
  bool text_only_ = true;
};

}  // namespace walchen::model
