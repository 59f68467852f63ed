// SPDX-License-Identifier: Apache-2.0
#include "train/global_batch.h"

#include <torch/torch.h>

namespace walchen::train {

Lanes LanesOf(int lanes, int rank, int world) {
  const auto begin_of = [&](int which) { return static_cast<int>(int64_t{lanes} * which / world); };
  return {.first = begin_of(rank), .count = begin_of(rank + 1) - begin_of(rank)};
}

Result<void> ShareTargets(std::span<Batch> batches, Ranks& ranks) {
  if (ranks.alone()) return {};
  // In the order of the layout, so that it is the same everywhere.
  std::vector<double> here;
  for (const Batch& batch : batches) {
    for (const BatchSegment& segment : batch.segments) {
      here.push_back(segment.targets.defined() ? (segment.targets >= 0).sum().item<double>() : 0);
      for (const BatchSegment::Targets& head : segment.heads) here.push_back((head.weights > 0).sum().item<double>());
    }
  }
  std::vector<double> all = here;
  TRY(ranks.Sum(all));
  size_t at = 0;
  const auto next_share = [&] {
    const double share = all[at] > 0 ? here[at] / all[at] : 1;
    ++at;
    return share;
  };
  for (Batch& batch : batches) {
    for (BatchSegment& segment : batch.segments) {
      segment.share = next_share();
      // The others have targets here, so there is a loss of this name.
      if (segment.share == 0) segment.targets = torch::full({batch.lanes, segment.rows}, -1, torch::kInt);
      for (BatchSegment::Targets& head : segment.heads) head.share = next_share();
    }
  }
  return {};
}

}  // namespace walchen::train
