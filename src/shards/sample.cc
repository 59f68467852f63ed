// SPDX-License-Identifier: Apache-2.0
#include "shards/sample.h"

namespace walchen::shards {

Segment TextSegment(std::vector<int32_t> tokens, int32_t next) {
  Segment segment;
  segment.targets.assign(tokens.begin() + 1, tokens.end());
  segment.targets.push_back(next);
  segment.tokens = std::move(tokens);
  return segment;
}

Segment PromptSegment(std::vector<int32_t> tokens, size_t length, int32_t filling) {
  Segment segment;
  segment.tokens = std::move(tokens);
  segment.tokens.resize(length, filling);
  segment.targets.assign(length, -1);
  return segment;
}

}  // namespace walchen::shards
