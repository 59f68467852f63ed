// SPDX-License-Identifier: Apache-2.0
#include "model/sequence_layout.h"

#include <algorithm>

namespace walchen::model {

SegmentPlace SequenceLayout::Place(int rows) const {
  SegmentPlace place = {.rows = rows, .first_position = next_position_};
  if (!text_only_) place.first_slot_of_layer = slots_;
  return place;
}

SegmentPlace SequenceLayout::AddText(int rows) {
  const SegmentPlace place = Place(rows);
  next_position_ += rows;
  for (int64_t& slots : slots_) slots += rows;
  return place;
}

SegmentPlace SequenceLayout::AddSense(const SenseConfig& sense, const SenseTokens& tokens) {
  SegmentPlace place = Place(tokens.rows);
  place.causal = false;
  for (const Position& relative : tokens.positions) {
    Position position;
    for (size_t axis = 0; axis < position.size(); ++axis) {
      position[axis] = static_cast<int32_t>(next_position_) + relative[axis];
    }
    place.positions.push_back(position);
  }
  place.first_slot_of_layer = slots_;
  if (!tokens.kept) return place;
  text_only_ = false;
  next_position_ += tokens.extent;
  for (size_t layer = 0; layer < slots_.size(); ++layer) {
    if (sense.HasLayer(static_cast<int>(layer))) slots_[layer] += tokens.rows;
  }
  return place;
}

int64_t SequenceLayout::slots() const { return *std::ranges::max_element(slots_); }

}  // namespace walchen::model
