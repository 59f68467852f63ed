// SPDX-License-Identifier: Apache-2.0
//
// Muon for the matrices of the blocks (Jordan et al. 2024, "Muon: an optimizer for hidden layers"), AdamW for everything
// else (Loshchilov and Hutter 2019), a moving average of the weights.
//
// Of several ranks each owns a part of the parameters, and holds the moments and averages of these alone (Rajbhandari et al.
// 2020, "ZeRO", stage 1). A step of all is
//   SumGradients (to their owners), Step (of what is owned), SpreadValues (from their owners)
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "runs/recipe.h"
#include "train/ranks.h"
#include "train/torch_backend.h"

namespace walchen::train {

class Optimiser {
 public:
  // Trains those of the parameters that are to be trained; they must outlive it.
  Optimiser(std::vector<Parameter>& parameters, const runs::OptimiserPlan& plan, int rank = 0, int world = 1);

  // The norm of all owned gradients together, as a double. Not finite if one of them is not.
  double GradientNorm() const;
  // Scales the gradients down to the plan's norm, updates the owned weights with all rates times `rate_factor`, and their
  // average. `gradient_norm` is that of all ranks together.
  void Step(double gradient_norm, double rate_factor);
  void ClearGradients();

  // Between ranks; see above. Errors: those of Ranks.
  Result<void> SumGradients(Ranks& ranks);
  Result<void> SpreadValues(Ranks& ranks);
  // Rank 0 holds the state of all from GatherState to ReleaseState, as long as a checkpoint is being written.
  Result<void> GatherState(Ranks& ranks);
  void ReleaseState();

  // Everything a checkpoint has to hold that is here, by name: moments, averages, the count of steps.
  std::vector<std::pair<std::string, torch::Tensor>> state() const;
  // The moving average of a parameter, or its value where there is none.
  torch::Tensor Average(const Parameter& parameter) const;
  int64_t trained_values() const;

 private:
  struct Trained {
    Parameter* parameter = nullptr;
    int owner = 0;
    bool muon = false;
    double rate = 0;
    bool decays = false;
    torch::Tensor first = {}, second = {};  // Muon: momentum only; undefined: another rank's
    torch::Tensor average = {};  // undefined: none, or another rank's
  };
  void AddState(Trained& trained) const;
  void MuonStep(Trained& trained, const torch::Tensor& gradient, double rate) const;
  void AdamStep(Trained& trained, const torch::Tensor& gradient, double rate) const;

  runs::OptimiserPlan plan_;
  int rank_ = 0;
  std::vector<Trained> trained_;
  torch::Tensor steps_;  // one int64: so that it is saved with the rest
};

// Which rank owns what, so that all have about the same to do: the costliest first, each to the rank that has least. A
// pure function, so that all ranks come to the same.
std::vector<int> OwnersOf(std::span<const double> costs, int world);

// An orthogonal matrix near `g`, by five Newton-Schulz steps with Jordan's coefficients. g is [rows, columns].
torch::Tensor Orthogonal(const torch::Tensor& g);

}  // namespace walchen::train
