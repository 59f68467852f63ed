// SPDX-License-Identifier: Apache-2.0
//
// What a trainer reads: samples, each a sequence of segments ready for its streams.
//
// A source gives the n-th sample as a pure function of its seed and n, so the order of training is a pure function of the
// recipe and the step, on every machine and after every resume. All samples of one source have one layout: the same
// streams in the same order with the same numbers of rows, positions and marks, so that a batch is a rectangle.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "formats/tokenizer.h"
#include "model/modality.h"

namespace walchen::shards {

struct Segment {
  std::string sense;               // the modality's name; empty: text
  std::vector<int32_t> tokens;     // of text
  std::vector<int32_t> targets;    // of text: the token that each one should predict; -1: none
  model::SenseTokens continuous;   // of a sense, with its targets (none: an input only)
  model::SenseTargets continuous_targets;
};

struct Sample {
  std::vector<Segment> segments;
};

// What a source takes of its data: what is trained on, or what is kept to evaluate with.
enum class Share { kTrained, kHeldOut };

// Thread-safe.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  // Errors: kCorrupt, kIo (a source of files). The same for the same `index`.
  virtual Result<Sample> At(uint64_t index) const = 0;
};

// A segment of text; each token's target is the next one, the last one's is `next` (-1: none).
Segment TextSegment(std::vector<int32_t> tokens, int32_t next);
// The same without targets, cut or filled up with `filling` to `length` tokens.
Segment PromptSegment(std::vector<int32_t> tokens, size_t length, int32_t filling);

}  // namespace walchen::shards
