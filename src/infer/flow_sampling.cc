// SPDX-License-Identifier: Apache-2.0
#include "infer/flow_sampling.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace walchen::infer {
namespace {

using model::NoisySegment;

Result<void> CheckFits(const SenseInfo& sense, const model::SenseTokens& tokens, size_t head, model::HeadLoss loss) {
  const model::Modality& modality = sense.config->modality;
  const bool fits = tokens.features.size() == static_cast<size_t>(tokens.rows) * static_cast<size_t>(modality.features) &&
                    head < modality.heads.size() && modality.heads[head].loss == loss;
  if (fits) return {};
  return Fail(ErrorCode::kInvalidArgument, "sense {} is of the modality {}, whose tokens and heads are others; name a sense of "
              "the right one", sense.config->name, modality.name);
}

// What one head says of the tokens.
Result<std::vector<float>> Ask(MixedSequence& sequence, std::string_view sense, const model::SenseTokens& tokens, size_t head) {
  TRY_ASSIGN(SenseOutputs outputs, sequence.Sense(sense, tokens));
  std::vector<float>& said = outputs[head];
  if (std::ranges::all_of(said, [](float x) { return std::isfinite(x); })) return std::move(said);
  return Fail(ErrorCode::kCorrupt, "sense {} predicts a value that is no finite number; train it again, or get it again", sense);
}

// The network as a sampler asks it. The segment must outlive it.
model::PredictClean NetworkOf(MixedSequence& sequence, std::string_view sense, NoisySegment& segment) {
  return [&sequence, sense, &segment](std::span<const float> z, float tau) -> Result<std::vector<float>> {
    segment.Put(z, tau);
    TRY_ASSIGN(const std::vector<float> said, Ask(sequence, sense, segment.tokens, segment.head));
    return segment.Clean(said);
  };
}

}  // namespace

Result<std::vector<float>> SampleUnknown(MixedSequence& sequence, std::string_view sense, NoisySegment segment,
                                         const FlowOptions& options) {
  TRY_ASSIGN(const SenseInfo info, sequence.FindSense(sense));
  TRY(CheckFits(info, segment.tokens, segment.head, model::HeadLoss::kFlow));
  if (segment.inputs.empty()) return Fail(ErrorCode::kInvalidArgument, "every value of the segment is known; nothing to sample");
  if (!std::isfinite(options.guidance.scale)) {
    return Fail(ErrorCode::kInvalidArgument, "expected a finite guidance, found {}", options.guidance.scale);
  }
  model::PredictClean network = NetworkOf(sequence, sense, segment);
  if (options.guidance.scale != 1) {
    if (options.without == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, "guidance of {} needs a sequence without the condition", options.guidance.scale);
    }
    network = model::Guided(std::move(network), NetworkOf(*options.without, sense, segment), options.guidance);
  }
  TRY_ASSIGN(std::vector<float> sample, model::SolveFlow(model::FlowNoise(options.seed, segment.inputs.size()), options.grid,
                                                         options.solver, network));
  if (options.keep) {
    segment.Put(sample, 1);
    TRY(sequence.Sense(sense, segment.tokens));
  }
  return sample;
}

Result<model::Picture> SamplePicture(MixedSequence& sequence, std::string_view sense, int width, int height,
                                     const FlowOptions& options) {
  TRY_ASSIGN(NoisySegment segment, model::UnknownPicture(width, height));
  TRY_ASSIGN(const std::vector<float> patches, SampleUnknown(sequence, sense, std::move(segment), options));
  return model::FromPatches(patches, width, height);
}

Result<model::MotionSteps> SampleActions(MixedSequence& sequence, std::string_view sense, int steps, int width,
                                         const FlowOptions& options) {
  TRY_ASSIGN(NoisySegment segment, model::UnknownActions(steps, width));
  TRY_ASSIGN(std::vector<float> values, SampleUnknown(sequence, sense, std::move(segment), options));
  return model::MotionSteps{.width = width, .values = std::move(values), .padding = {}};
}

Result<std::vector<std::vector<float>>> SampleTrajectory(MixedSequence& sequence, std::string_view sense,
                                                         const model::SignalWindow& window, const FlowOptions& options) {
  TRY_ASSIGN(const model::EncodedSignals encoded, model::EncodeSignals(window));
  TRY_ASSIGN(const std::vector<float> trajectory,
             SampleUnknown(sequence, sense, model::UnknownPoints(window, encoded), options));
  return model::WithTrajectory(window, encoded, trajectory);
}

Result<model::SignalForecast> Forecast(MixedSequence& sequence, std::string_view sense, const model::SignalWindow& window,
                                       bool keep) {
  TRY_ASSIGN(model::EncodedSignals encoded, model::EncodeSignals(window));
  TRY_ASSIGN(const SenseInfo info, sequence.FindSense(sense));
  TRY(CheckFits(info, encoded.tokens, model::kSignalQuantiles, model::HeadLoss::kQuantiles));
  encoded.tokens.kept = keep;
  TRY_ASSIGN(const std::vector<float> said, Ask(sequence, sense, encoded.tokens, model::kSignalQuantiles));
  return model::ForecastOf(window, encoded, said);
}

}  // namespace walchen::infer
