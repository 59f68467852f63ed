// SPDX-License-Identifier: Apache-2.0
#include "infer/sense_throughput.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "base/clock.h"
#include "infer/flow_sampling.h"

namespace walchen::infer {
namespace {

using formats::TokenId;

// A short caption.
const std::array<TokenId, 8> kPrompt = {1, 2, 3, 4, 5, 6, 7, 8};

struct Task {
  std::string_view modality;
  std::string name;
  bool reads_text = false;  // runs only with a text stream
  int context_tokens = 0;   // of the same sense, in front of the segment
  int tokens = 0;
  int passes = 0;
  std::function<Result<void>(MixedSequence&, std::string_view sense)> run;
};

Result<void> DrawPicture(MixedSequence& sequence, std::string_view sense, const model::Guidance& guidance) {
  TRY_ASSIGN(const model::TauGrid grid, model::TauGrid::Uniform(25));
  FlowOptions options = {.grid = grid, .guidance = guidance};
  if (guidance.scale == 1) {
    TRY(SamplePicture(sequence, sense, 64, 64, options));
    return {};
  }
  TRY_ASSIGN(const auto without, sequence.NewSequence());
  options.without = without.get();
  TRY(sequence.Text(kPrompt));
  TRY(without->Text(std::vector<TokenId>(kPrompt.size(), kPrompt.front())));
  TRY(SamplePicture(sequence, sense, 64, 64, options));
  return {};
}

Result<void> ForecastWave(MixedSequence& sequence, std::string_view sense) {
  constexpr size_t kKnown = 512, kUnknown = 512;
  model::SignalChannel channel;
  for (size_t i = 0; i < kKnown + kUnknown; ++i) {
    channel.points.push_back(static_cast<float>(std::sin(2 * std::numbers::pi * static_cast<double>(i) / 50)));
    channel.observed.push_back(i < kKnown ? 1 : 0);
  }
  TRY(Forecast(sequence, sense, {.channels = {std::move(channel)}}, false));
  return {};
}

Result<void> Act(MixedSequence& sequence, std::string_view sense) {
  TRY_ASSIGN(const model::TauGrid grid, model::TauGrid::Uniform(10));
  const model::MotionSteps states = {.width = 7, .values = std::vector<float>(14, 0.1f), .padding = {}};
  TRY(sequence.Sense(sense, model::EncodeStates(states)));
  TRY(SampleActions(sequence, sense, 16, 7, {.grid = grid, .solver = model::FlowSolver::kEuler}));
  return {};
}

std::vector<Task> Tasks() {
  const auto draw = [](float guidance) {
    return [guidance](MixedSequence& sequence, std::string_view sense) {
      return DrawPicture(sequence, sense, {.scale = guidance});
    };
  };
  return {{"vision", "picture of 64x64, 25 Heun steps", false, 0, 64, 49, draw(1)},
          {"vision", "the same of a text, guided", true, 0, 64, 2 * 49, draw(3)},
          {"signals", "forecast of 512 points after 512", false, 0, 65, 1, ForecastWave},
          {"motion", "16 actions, 10 Euler steps", false, 2, 16, 10, Act}};
}

// Of all passes; each token's queries meet the keys of what stands in front of the segment and of the segment.
int64_t Operations(const Task& task, const model::SenseConfig& sense) {
  const int64_t seen = task.context_tokens + (task.reads_text ? static_cast<int64_t>(kPrompt.size()) : 0) + task.tokens;
  const int64_t attention = int64_t{4} * sense.layers() * sense.q_width() * seen;
  return int64_t{task.passes} * task.tokens * (sense.operations_per_token() + attention);
}

}  // namespace

Result<std::vector<SenseTiming>> MeasureSenses(MixedSequence& sequence, int repeats) {
  std::vector<SenseTiming> timings;
  for (const SenseInfo& sense : sequence.senses()) {
    for (const Task& task : Tasks()) {
      if (task.modality != sense.config->modality.name || (task.reads_text && !sequence.has_text())) continue;
      SenseTiming timing = {.task = task.name, .sense = sense.config->name, .type = sense.type, .tokens = task.tokens,
                            .passes = task.passes, .operations = Operations(task, *sense.config)};
      for (int repeat = 0; repeat < repeats; ++repeat) {
        sequence.Clear();
        const base::Stopwatch watch;
        TRY(task.run(sequence, sense.config->name));
        timing.ms = repeat == 0 ? watch.Ms() : std::min(timing.ms, watch.Ms());
      }
      timings.push_back(std::move(timing));
    }
  }
  sequence.Clear();
  return timings;
}

Result<TextTiming> MeasureText(MixedSequence& sequence, int tokens) {
  sequence.Clear();
  TRY(sequence.Text(kPrompt));
  TextTiming timing;
  double ms = 0;
  for (int i = 0; i < tokens; ++i) {
    const TokenId token = kPrompt[static_cast<size_t>(i) % kPrompt.size()];
    const base::Stopwatch watch;
    TRY_ASSIGN(const std::vector<float> logits, sequence.Text(std::span(&token, 1)));
    ms += watch.Ms();
    timing.logits.insert(timing.logits.end(), logits.begin(), logits.end());
  }
  timing.tokens_per_s = 1e3 * tokens / ms;
  sequence.Clear();
  return timing;
}

}  // namespace walchen::infer
