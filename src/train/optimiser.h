// SPDX-License-Identifier: Apache-2.0
//
// Muon for the matrices of the blocks (Jordan et al. 2024, "Muon: an optimizer for hidden layers"), AdamW for everything
// else (Loshchilov and Hutter 2019), a moving average of the weights.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "runs/recipe.h"
#include "train/torch_backend.h"

namespace walchen::train {

class Optimiser {
 public:
  // Trains those of the parameters that are to be trained; they must outlive it.
  Optimiser(std::vector<Parameter>& parameters, const runs::OptimiserPlan& plan);

  // The norm of all gradients together, as a double. Not finite if one of them is not.
  double GradientNorm() const;
  // Scales the gradients down to the plan's norm, updates the weights with all rates times `rate_factor`, and the average.
  void Step(double gradient_norm, double rate_factor);
  void ClearGradients();

  // Everything a checkpoint has to hold, by name: moments, averages, the count of steps.
  std::vector<std::pair<std::string, torch::Tensor>> state() const;
  // The moving average of a parameter, or its value where there is none.
  torch::Tensor Average(const Parameter& parameter) const;
  int64_t trained_values() const;

 private:
  struct Trained {
    Parameter* parameter = nullptr;
    bool muon = false;
    double rate = 0;
    bool decays = false;
    torch::Tensor first = {}, second = {};  // Muon: momentum only
    torch::Tensor average = {};  // undefined: none
  };
  void MuonStep(Trained& trained, const torch::Tensor& gradient, double rate) const;
  void AdamStep(Trained& trained, const torch::Tensor& gradient, double rate) const;

  runs::OptimiserPlan plan_;
  std::vector<Trained> trained_;
  torch::Tensor steps_;  // one int64: so that it is saved with the rest
};

// An orthogonal matrix near `g`, by five Newton-Schulz steps with Jordan's coefficients. g is [rows, columns].
torch::Tensor Orthogonal(const torch::Tensor& g);

}  // namespace walchen::train
