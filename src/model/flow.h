// SPDX-License-Identifier: Apache-2.0
//
// Samplers of a network that predicts the clean value x' of a noisy z = tau x + (1 - tau) e at noise level tau.
//
// x' implies the velocity v = (x' - z) / (1 - tau) of the flow that carries noise (tau = 0) to data (tau = 1): Liu et al.
// 2022, "Flow straight and fast". Solving dz/dtau = v from a normal e gives a sample; Heun's method as in Karras et al.
// 2022, "Elucidating the design space of diffusion-based generative models", algorithm 1. Plain code on floats; pure.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/modality.h"

namespace walchen::model {

// The noise levels that a sampler stops at: ascending, the first 0, the last 1.
class TauGrid {
 public:
  // Steps of one length. Errors: kInvalidArgument (none, or more than kFlowMaxSteps).
  static Result<TauGrid> Uniform(int steps);
  // Errors: kInvalidArgument (names the first level that is wrong).
  static Result<TauGrid> Of(std::vector<float> levels);

  size_t steps() const { return levels_.size() - 1; }
  float operator[](size_t i) const { return levels_[i]; }

 private:
  explicit TauGrid(std::vector<float> levels) : levels_(std::move(levels)) {}
  std::vector<float> levels_;
};

enum class FlowSolver {
  kEuler,  // one call of the network per step; error ~ 1 / steps
  kHeun,   // two, but one in the last step; error ~ 1 / steps^2
};
// How often SolveFlow calls the network.
size_t NetworkCalls(const TauGrid& grid, FlowSolver solver);

// The network: x' for all values of z. Called in the grid's order, never at tau = 1.
using PredictClean = std::function<Result<std::vector<float>>(std::span<const float> z, float tau)>;

// (x' - z) / max(1 - tau, .05): near the end, where a small error of x' would become a large one of v, as careful as the
// loss in training is (FlowWeight).
std::vector<float> FlowVelocity(std::span<const float> clean, std::span<const float> z, float tau);

// The sample that the noise `z` becomes. Errors: those of `predict`.
// The last step is Euler's for both solvers, without the bound of FlowVelocity: z + (1 - tau) (x' - z) / (1 - tau) is x'
// itself. Heun's second velocity there would be 0 / 0, and bounded it would leave a part of the noise in the sample.
Result<std::vector<float>> SolveFlow(std::vector<float> z, const TauGrid& grid, FlowSolver solver, const PredictClean& predict);

// Classifier-free guidance (Ho and Salimans 2022): away from what the network says without its condition. In a part of the
// noise levels only (Kynkaanniemi et al. 2024, "Applying guidance in a limited interval"): [from, to).
struct Guidance {
  float scale = 1;  // 1: none
  float from = 0;
  float to = 1;
  bool IsOn(float tau) const { return scale != 1 && tau >= from && tau < to; }
};
// x'_without + scale (x'_with - x'_without); outside the interval only `with` is called.
PredictClean Guided(PredictClean with, PredictClean without, const Guidance& guidance);

// Normal numbers, a pure function of the seed; a shorter count gives the beginning of a longer one.
std::vector<float> FlowNoise(uint64_t seed, size_t count);

}  // namespace walchen::model
