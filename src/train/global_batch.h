// SPDX-License-Identifier: Apache-2.0
//
// One batch of all ranks together: who has which lanes of it, and how much each one's losses count, so that any number of
// ranks computes what one would.
#pragma once

#include <span>

#include "train/batch.h"
#include "train/ranks.h"

namespace walchen::train {

struct Lanes {
  int first = 0, count = 0;
};
// The lanes of a rank: one after the other, as evenly as can be.
Lanes LanesOf(int lanes, int rank, int world);

// A loss is a mean over its own targets, and ranks have different numbers of them. Counts those of all ranks and sets the
// shares in `batches`, which have the same layout at all ranks. Of one process they stay 1. Errors: those of Ranks.
Result<void> ShareTargets(std::span<Batch> batches, Ranks& ranks);

}  // namespace walchen::train
