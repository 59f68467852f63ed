// SPDX-License-Identifier: Apache-2.0
//
// Whether a network knows more than the one that always says the same: losses on samples that training never sees, beside
// those of the trivial predictor (the frequency of each token, the mean patch, picture or action, the quantiles of all).
#pragma once

#include <string>
#include <vector>

#include "train/network.h"

namespace walchen::train {

struct EvaluationRow {
  std::string name;     // of the loss, with the data's name in front
  double trained = 0;   // the network's loss
  double trivial = 0;   // the trivial predictor's
};

// `seen` are training batches, from which the trivial predictor learns; `unseen` is compared. All of one source.
std::vector<EvaluationRow> Evaluate(Network& network, std::span<const Batch> seen, std::span<const Batch> unseen);

}  // namespace walchen::train
