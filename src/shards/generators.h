// SPDX-License-Identifier: Apache-2.0
//
// Small worlds that make training data from nothing but a seed: for smoke tests of the trainer and for the first hour of
// a new sense. They know the truth, so what is learned can be told from what is guessed.
//
// Raw data only: how it becomes a sample is said in shards/templates.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "model/motion.h"
#include "model/vision.h"

namespace walchen::shards {

// Short German and English sentences about machines of a workshop, from a small grammar.
std::string MakeSentence(base::Rng& rng);

// Channels of one machine: a cycle of a period that they share, overtones, a trend, noise, and in some windows a fault (a
// spike, a step or a swell), marked point by point.
struct Waves {
  std::vector<std::vector<float>> points;    // [channel][point]
  std::vector<std::vector<uint8_t>> faulty;  // the same shape
  double period = 0;                         // in points
  std::string name;                          // "pump 3, pressure, bar"
};
Waves MakeWaves(base::Rng& rng, int channels, int points, bool may_fail);

// A coloured shape on a plain ground, and what to call it: "a red circle at the top left".
struct ShapePicture {
  model::Picture picture;
  std::string caption;
};
ShapePicture MakeShape(base::Rng& rng, int edge);

// A hand in the plane that goes to a target around a post: states (x, y, target x, target y, post x, post y) and actions
// (dx, dy) of an expert, all in [-1, 1]. `steps` actions from a random moment of an episode on.
struct Reach {
  model::MotionSteps states;   // the one before and the one of the first action
  model::MotionSteps actions;
  std::string instruction;
};
Reach MakeReach(base::Rng& rng, int steps);

}  // namespace walchen::shards
