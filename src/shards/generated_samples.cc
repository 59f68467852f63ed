// SPDX-License-Identifier: Apache-2.0
#include "shards/generated_samples.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "model/motion.h"
#include "model/signals.h"
#include "model/vision.h"
#include "shards/generators.h"

namespace walchen::shards {
namespace {

using formats::Tokenizer;

// What fills a prompt up to the length that all of its batch have: the end of a text.
int32_t FillingOf(const Tokenizer& tokenizer) { return tokenizer.eos().value_or(0); }

std::vector<float> NormalNumbers(base::Rng& rng, size_t count) {
  std::vector<float> numbers(count);
  for (float& number : numbers) number = static_cast<float>(rng.Normal());
  return numbers;
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

class TextSource : public SampleSource {
 public:
  TextSource(uint64_t seed, const Tokenizer& tokenizer, size_t tokens) : seed_(seed), tokenizer_(tokenizer), tokens_(tokens) {}

  Result<Sample> At(uint64_t index) const override {
    base::Rng rng(seed_, index);
    std::vector<int32_t> tokens = {FillingOf(tokenizer_)};
    while (tokens.size() < tokens_ + 1) {
      const std::vector<int32_t> sentence = tokenizer_.Encode(MakeSentence(rng) + "\n");
      tokens.insert(tokens.end(), sentence.begin(), sentence.end());
    }
    tokens.resize(tokens_ + 1);
    const int32_t next = tokens.back();
    tokens.pop_back();
    return Sample{{TextSegment(std::move(tokens), next)}};
  }

 private:
  uint64_t seed_;
  const Tokenizer& tokenizer_;
  size_t tokens_;
};

struct ForecastShape {
  int channels = 1, patches = 16, horizon_patches = 4;
  size_t header_tokens = 0;
  bool trajectories = false;
  int copies = 1;  // of a trajectory
};

class ForecastSource : public SampleSource {
 public:
  ForecastSource(uint64_t seed, const Tokenizer& tokenizer, const ForecastShape& shape)
      : seed_(seed), tokenizer_(tokenizer), shape_(shape) {}

  Result<Sample> At(uint64_t index) const override {
    base::Rng rng(seed_, index);
    const int points = shape_.patches * model::kPatchPoints;
    const uint32_t draw = rng.Below(100);
    const bool anomalies = draw >= 80;  // notes on mixtures: 50 forecast, 20 imputation, 15 anomaly; here without the rest
    const Waves waves = MakeWaves(rng, shape_.channels, points, anomalies);
    model::SignalWindow window = {.channels = {}, .period = rng.Below(2) == 0 ? waves.period : 0, .first_point = rng.Below(1'000)};
    const int known = points - shape_.horizon_patches * model::kPatchPoints;
    for (const std::vector<float>& channel : waves.points) {
      std::vector<uint8_t> observed(channel.size(), 1);
      if (draw < 60) {
        std::fill(observed.begin() + known, observed.end(), uint8_t{0});
      } else if (!anomalies) {
        HideGaps(rng, observed);
      }
      window.channels.push_back({channel, std::move(observed)});
    }
    TRY_ASSIGN(model::EncodedSignals encoded, model::EncodeSignals(window));
    const model::SignalTruth truth = {.points = waves.points, .anomaly = waves.faulty};
    Segment segment = {.sense = "signals", .tokens = {}, .targets = {}, .continuous = encoded.tokens,
                       .continuous_targets = model::SignalTargets(window, encoded, truth)};
    Sample sample;
    if (shape_.header_tokens > 0) {
      // A sense has to work without its header too.
      const std::string header = rng.Below(100) < 70 ? "" : waves.name;
      sample.segments.push_back(PromptSegment(tokenizer_.Encode(header), shape_.header_tokens, FillingOf(tokenizer_)));
    }
    sample.segments.push_back(segment);
    if (!shape_.trajectories) return sample;
    sample.segments.back().continuous.kept = false;
    for (int copy = 0; copy < shape_.copies; ++copy) {
      Segment noisy = segment;
      const std::vector<float> noise = NormalNumbers(rng, static_cast<size_t>(int64_t{shape_.channels} * points));
      AddSignalNoise(window, encoded, truth, noise, static_cast<float>(rng.Uniform()), noisy.continuous, &noisy.continuous_targets);
      for (const auto head : {model::kSignalQuantiles, model::kSignalAnomaly}) {
        std::ranges::fill(noisy.continuous_targets[head].weights, 0.0f);
      }
      sample.segments.push_back(std::move(noisy));
    }
    return sample;
  }

 private:
  static void HideGaps(base::Rng& rng, std::vector<uint8_t>& observed) {
    const auto size = static_cast<uint32_t>(observed.size());
    for (uint32_t gaps = 1 + rng.Below(4); gaps > 0; --gaps) {
      const uint32_t length = 1 + rng.Below(size / 6), first = rng.Below(size - length);
      std::fill_n(observed.begin() + first, length, uint8_t{0});
    }
  }

  uint64_t seed_;
  const Tokenizer& tokenizer_;
  ForecastShape shape_;
};

class PictureSource : public SampleSource {
 public:
  PictureSource(uint64_t seed, const Tokenizer& tokenizer, int edge, size_t prompt_tokens)
      : seed_(seed), tokenizer_(tokenizer), edge_(edge), prompt_tokens_(prompt_tokens) {}

  Result<Sample> At(uint64_t index) const override {
    base::Rng rng(seed_, index);
    const ShapePicture shape = MakeShape(rng, edge_);
    // Without its caption now and then, so that guidance (Ho and Salimans 2022) has something to lead away from.
    const std::string caption = rng.Below(10) == 0 ? "" : shape.caption;
    const auto tau = static_cast<float>(Sigmoid(-0.4 + rng.Normal()));
    const std::vector<float> noise = NormalNumbers(rng, shape.picture.values.size());
    Sample sample;
    sample.segments.push_back(PromptSegment(tokenizer_.Encode(caption), prompt_tokens_, FillingOf(tokenizer_)));
    sample.segments.push_back({.sense = "vision", .tokens = {}, .targets = {},
                               .continuous = model::EncodePicture(shape.picture, tau, noise),
                               .continuous_targets = model::PictureTargets(shape.picture, tau)});
    return sample;
  }

 private:
  uint64_t seed_;
  const Tokenizer& tokenizer_;
  int edge_;
  size_t prompt_tokens_;
};

class CaptionSource : public SampleSource {
 public:
  CaptionSource(uint64_t seed, const Tokenizer& tokenizer, int edge, size_t tokens)
      : seed_(seed), tokenizer_(tokenizer), edge_(edge), tokens_(tokens) {}

  Result<Sample> At(uint64_t index) const override {
    base::Rng rng(seed_, index);
    const ShapePicture shape = MakeShape(rng, edge_);
    std::vector<int32_t> tokens = {FillingOf(tokenizer_)};
    const std::vector<int32_t> caption = tokenizer_.Encode(shape.caption);
    tokens.insert(tokens.end(), caption.begin(), caption.end());
    const size_t length = std::min(tokens.size(), tokens_);
    Segment text = TextSegment(std::move(tokens), FillingOf(tokenizer_));
    text.tokens.resize(tokens_, FillingOf(tokenizer_));
    text.targets.resize(length);
    text.targets.resize(tokens_, -1);
    Sample sample;
    sample.segments.push_back({.sense = "vision", .tokens = {}, .targets = {},
                               .continuous = model::EncodePicture(shape.picture, 1, {}), .continuous_targets = {}});
    sample.segments.push_back(std::move(text));
    return sample;
  }

 private:
  uint64_t seed_;
  const Tokenizer& tokenizer_;
  int edge_;
  size_t tokens_;
};

class PolicySource : public SampleSource {
 public:
  PolicySource(uint64_t seed, const Tokenizer& tokenizer, int steps, size_t prompt_tokens, int copies)
      : seed_(seed), tokenizer_(tokenizer), steps_(steps), prompt_tokens_(prompt_tokens), copies_(copies) {}

  Result<Sample> At(uint64_t index) const override {
    base::Rng rng(seed_, index);
    const Reach reach = MakeReach(rng, steps_);
    // More noise than signal, mostly: the first steps of the sampler decide (Black et al. 2024, pi0, appendix B).
    const auto draw_tau = [&] { return static_cast<float>((1 - std::pow(rng.Uniform(), 1 / 1.5)) * 0.999); };
    Sample sample;
    if (prompt_tokens_ > 0) {
      sample.segments.push_back(PromptSegment(tokenizer_.Encode(reach.instruction), prompt_tokens_, FillingOf(tokenizer_)));
    }
    sample.segments.push_back({.sense = "motion", .tokens = {}, .targets = {},
                               .continuous = model::EncodeStates(reach.states), .continuous_targets = {}});
    for (int copy = 0; copy < copies_; ++copy) {
      const float tau = draw_tau();
      const std::vector<float> noise = NormalNumbers(rng, reach.actions.values.size());
      sample.segments.push_back({.sense = "motion", .tokens = {}, .targets = {},
                                 .continuous = model::EncodeActions(reach.actions, tau, noise),
                                 .continuous_targets = model::ActionTargets(reach.actions, tau)});
    }
    return sample;
  }

 private:
  uint64_t seed_;
  const Tokenizer& tokenizer_;
  int steps_;
  size_t prompt_tokens_;
  int copies_;
};

}  // namespace

Result<std::unique_ptr<SampleSource>> MakeTextSource(runs::Options& options, uint64_t seed, const Tokenizer& tokenizer) {
  TRY_ASSIGN(const int64_t tokens, options.Int("tokens", 128, 2, 65'536));
  return std::make_unique<TextSource>(seed, tokenizer, static_cast<size_t>(tokens));
}

namespace {
// Noisy copies of one sample, each with a noise level and noise of its own, behind one clean beginning: the gradient varies
// less, and what stands before is computed once.
Result<int> CopiesOf(runs::Options& options) {
  TRY_ASSIGN(const int64_t copies, options.Int("copies", 1, 1, 16));
  return static_cast<int>(copies);
}
}  // namespace

Result<std::unique_ptr<SampleSource>> MakeForecastSource(runs::Options& options, uint64_t seed, const Tokenizer& tokenizer) {
  ForecastShape shape;
  TRY_ASSIGN(const int64_t channels, options.Int("channels", 1, 1, 64));
  TRY_ASSIGN(const int64_t patches, options.Int("patches", 16, 2, 1'024));
  TRY_ASSIGN(const int64_t horizon, options.Int("horizon_patches", 4, 1, patches - 1));
  TRY_ASSIGN(const int64_t header, options.Int("header_tokens", 0, 0, 256));
  TRY_ASSIGN(shape.trajectories, options.Flag("trajectories", false));
  TRY_ASSIGN(shape.copies, CopiesOf(options));
  shape.channels = static_cast<int>(channels);
  shape.patches = static_cast<int>(patches);
  shape.horizon_patches = static_cast<int>(horizon);
  shape.header_tokens = static_cast<size_t>(header);
  return std::make_unique<ForecastSource>(seed, tokenizer, shape);
}

namespace {
Result<int> EdgeOf(runs::Options& options) {
  TRY_ASSIGN(const int64_t edge, options.Int("edge", 32, model::kPatchPixels, 512));
  if (edge % model::kPatchPixels != 0) {
    return Fail(ErrorCode::kInvalidArgument, "option edge: expected a multiple of {}, found {}", model::kPatchPixels, edge);
  }
  return static_cast<int>(edge);
}
}  // namespace

Result<std::unique_ptr<SampleSource>> MakePictureSource(runs::Options& options, uint64_t seed, const Tokenizer& tokenizer) {
  TRY_ASSIGN(const int edge, EdgeOf(options));
  TRY_ASSIGN(const int64_t tokens, options.Int("prompt_tokens", 16, 1, 1'024));
  return std::make_unique<PictureSource>(seed, tokenizer, edge, static_cast<size_t>(tokens));
}

Result<std::unique_ptr<SampleSource>> MakeCaptionSource(runs::Options& options, uint64_t seed, const Tokenizer& tokenizer) {
  TRY_ASSIGN(const int edge, EdgeOf(options));
  TRY_ASSIGN(const int64_t tokens, options.Int("tokens", 16, 2, 1'024));
  return std::make_unique<CaptionSource>(seed, tokenizer, edge, static_cast<size_t>(tokens));
}

Result<std::unique_ptr<SampleSource>> MakePolicySource(runs::Options& options, uint64_t seed, const Tokenizer& tokenizer) {
  TRY_ASSIGN(const int64_t steps, options.Int("steps", 16, 1, 256));
  TRY_ASSIGN(const int64_t tokens, options.Int("prompt_tokens", 0, 0, 256));
  TRY_ASSIGN(const int copies, CopiesOf(options));
  return std::make_unique<PolicySource>(seed, tokenizer, static_cast<int>(steps), static_cast<size_t>(tokens), copies);
}

}  // namespace walchen::shards
