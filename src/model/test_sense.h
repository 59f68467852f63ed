// SPDX-License-Identifier: Apache-2.0
//
// A small model with senses, all weights random (also those that begin as zero), and mixed sequences through any backend.
#pragma once

#include <numeric>
#include <vector>

#include "model/motion.h"
#include "model/sense.h"
#include "model/sequence_layout.h"
#include "model/signals.h"
#include "model/test_model.h"
#include "model/vision.h"

namespace walchen::model {

// Adds the tensors of a sense to a test model.
inline SenseConfig AddTestSense(TestGguf& file, const LlamaConfig& text, Modality modality, int d_model, int stride,
                                int heads_per_kv_head = 1) {
  SenseConfig sense = {.name = modality.name, .modality = std::move(modality), .shared = SharedAttentionOf(text)};
  sense.d_model = d_model;
  sense.d_ff = 2 * d_model;
  sense.heads = heads_per_kv_head * text.kv_heads;
  sense.stride = stride;
  base::Rng rng(static_cast<uint64_t>(d_model) * 100 + sense.name.size());
  for (const SenseTensor& tensor : SenseTensors(sense)) {
    size_t size = 1;
    for (const uint64_t width : tensor.shape) size *= width;
    const bool is_gain = tensor.shape.size() == 1;
    const double deviation = is_gain ? 0.2 : 1.0 / std::sqrt(static_cast<double>(tensor.shape.back()));
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>((is_gain ? 1.0 : 0.0) + deviation * rng.Normal());
    file.SetTensor(tensor.name, tensor::DType::kF32, tensor.shape, values);
  }
  return sense;
}

// A text stream of four layers with the three senses at different strides.
struct TestSenses {
  std::unique_ptr<TestGguf> file = MakeTestModel({.layers = 4, .d_model = 64, .heads = 4, .kv_heads = 2, .head_size = 32});
  LlamaConfig text = ReadLlamaConfig(*file).value();
  std::vector<SenseConfig> senses = {AddTestSense(*file, text, SignalsModality(), 64, 1),
                                     AddTestSense(*file, text, VisionModality(), 96, 2, 2),
                                     AddTestSense(*file, text, MotionModality(), 32, 2)};
};
enum TestSenseIndex { kTestSignals, kTestVision, kTestMotion };

struct TestSegment {
  std::vector<int32_t> text;  // if sense is -1
  int sense = -1;
  SenseTokens tokens = {};
};

// Text, signals, a picture, text, states, and noisy actions.
inline std::vector<TestSegment> MixedSegments() {
  base::Rng rng(5);
  const auto numbers = [&](size_t count, double size) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(size * rng.Normal());
    return values;
  };
  SignalWindow window;
  for (int channel = 0; channel < 2; ++channel) {
    window.channels.push_back({.points = numbers(32, 4), .observed = std::vector<uint8_t>(32, 1)});
    std::fill(window.channels.back().observed.begin() + 20, window.channels.back().observed.end(), uint8_t{0});
  }
  const Picture picture = {.width = 24, .height = 16, .values = numbers(24 * 16 * 3, 0.5)};
  const MotionSteps states = {.width = 3, .values = numbers(6, 0.4), .padding = {}};
  const MotionSteps actions = {.width = 2, .values = numbers(10, 0.4), .padding = {}};
  return {{.text = {1, 5, 7, 9}},
          {.text = {}, .sense = kTestSignals, .tokens = EncodeSignals(window).value().tokens},
          {.text = {}, .sense = kTestVision, .tokens = EncodePicture(picture, 1, {})},
          {.text = {2, 4, 8}},
          {.text = {}, .sense = kTestMotion, .tokens = EncodeStates(states)},
          {.text = {}, .sense = kTestMotion, .tokens = EncodeActions(actions, 0.3f, numbers(10, 1))}};
}

template <class B>
struct MixedWeights {
  LlamaWeights<B> text;
  std::vector<SenseWeights<B>> senses;
};
template <class B>
MixedWeights<B> LoadMixed(B& b, const TestSenses& model) {
  MixedWeights<B> weights = {.text = LoadLlama(b, *model.file, model.text).value(), .senses = {}};
  for (const SenseConfig& sense : model.senses) weights.senses.push_back(LoadSense(b, *model.file, sense).value());
  return weights;
}

// What the model says of each segment: all logits, or all heads in a row. `floats` makes a vector of a tensor.
template <class B, class Floats>
std::vector<std::vector<float>> RunMixed(B& b, const TestSenses& model, const MixedWeights<B>& weights,
                                         const std::vector<TestSegment>& segments, typename B::Cache& cache, const Floats& floats) {
  SequenceLayout layout(model.text.layers);
  std::vector<std::vector<float>> outputs;
  for (const TestSegment& segment : segments) {
    std::vector<float>& out = outputs.emplace_back();
    if (segment.sense < 0) {
      const SegmentPlace place = layout.AddText(static_cast<int>(segment.text.size()));
      std::vector<int32_t> wanted(segment.text.size());
      std::iota(wanted.begin(), wanted.end(), 0);
      out = floats(Forward(b, model.text, weights.text, segment.text, {{place.In(cache)}}, wanted));
      continue;
    }
    const auto which = static_cast<size_t>(segment.sense);
    const SenseConfig& sense = model.senses[which];
    const SegmentPlace place = layout.AddSense(sense, segment.tokens);
    const SenseInput<B> input = InputOf(b, sense, segment.tokens);
    const typename B::Tensor states = SenseStates(b, sense, weights.senses[which], input, {{place.In(cache)}});
    for (const typename B::Tensor& head : SenseHeads(b, sense, weights.senses[which], states, input.grid)) {
      const std::vector<float> values = floats(head);
      out.insert(out.end(), values.begin(), values.end());
    }
  }
  return outputs;
}

}  // namespace walchen::model
