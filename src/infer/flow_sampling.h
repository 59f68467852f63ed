// SPDX-License-Identifier: Apache-2.0
//
// Drawing from senses: pictures, actions, trajectories of signals, and whatever else a modality marks as unknown.
//
// SampleUnknown is the sampler; it knows no modality. The functions below it say what is unknown for those of Walchen and
// bring the values into their form.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "infer/mixed_sequence.h"
#include "model/flow.h"
#include "model/motion.h"
#include "model/signals.h"
#include "model/vision.h"

namespace walchen::infer {

struct FlowOptions {
  uint64_t seed = 0;  // the same sample for the same seed, sequence and CPU path
  model::TauGrid grid;
  model::FlowSolver solver = model::FlowSolver::kHeun;
  model::Guidance guidance = {};
  // What guidance leads away from: a NewSequence without the condition, for instance after the empty prompt. Wanted if
  // guidance.scale is not 1.
  MixedSequence* without = nullptr;
  // Whether the sample is appended once more at tau = 1, so that what follows sees it (to the sequence, not to `without`).
  bool keep = false;
};

// The sampled values of a segment at the end of the sequence, in the order of its inputs. The values that it knows stay.
// Errors: those of MixedSequence::Sense; kInvalidArgument (nothing is unknown, tokens or head of another modality, guidance
// without `without`); kCorrupt (the network says something that is no finite number).
Result<std::vector<float>> SampleUnknown(MixedSequence& sequence, std::string_view sense, model::NoisySegment segment,
                                         const FlowOptions& options);

// A picture of the text so far. Errors: also those of model::UnknownPicture.
Result<model::Picture> SamplePicture(MixedSequence& sequence, std::string_view sense, int width, int height,
                                     const FlowOptions& options);
// A chunk of actions after the states so far. Errors: also those of model::UnknownActions.
Result<model::MotionSteps> SampleActions(MixedSequence& sequence, std::string_view sense, int steps, int width,
                                         const FlowOptions& options);
// All points of the window, [channel][point]: those that were not observed are sampled together.
// Errors: also those of model::EncodeSignals.
Result<std::vector<std::vector<float>>> SampleTrajectory(MixedSequence& sequence, std::string_view sense,
                                                         const model::SignalWindow& window, const FlowOptions& options);

// The quantiles of a window's points, in one pass; the segment is appended if `keep`.
// Errors: those of model::EncodeSignals and MixedSequence::Sense; kInvalidArgument, kCorrupt as SampleUnknown.
Result<model::SignalForecast> Forecast(MixedSequence& sequence, std::string_view sense, const model::SignalWindow& window,
                                       bool keep);

}  // namespace walchen::infer
