// SPDX-License-Identifier: Apache-2.0
#include "train/network.h"

#include <map>
#include <string_view>

#include <torch/torch.h>

#include "model/sense_file.h"
#include "train/loss.h"
#include "train/recomputed.h"

namespace walchen::train {
namespace {

// How the stacks of model/ run a block, so that it keeps its inputs only: what it read of the cache is one of them, what it
// leaves there one of its outputs.
struct RecomputeBlock {
  TorchBackend& backend;
  std::shared_ptr<const model::SegmentPlace> place;
  bool is_trained;  // whether the block's own weights are

  template <class RunIt>
  torch::Tensor operator()(int layer, torch::Tensor x, const model::Placement<TorchBackend::Cache>& at, const RunIt& block) const {
    auto& layers = at.segments.front().cache->layers;
    const auto l = static_cast<size_t>(layer);
    layers.resize(std::max(layers.size(), l + 1));
    TorchBackend::Cache::Layer& cached = layers[l];
    const auto wants_gradient = [](const torch::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); };
    const bool has_gradient = is_trained || wants_gradient(x) || wants_gradient(cached.keys);
    if (!has_gradient || !torch::GradMode::is_enabled()) return block(std::move(x), at);

    const auto outputs = Recomputed(
        [&to = backend, frame = backend.frame(), where = place, block, l](const std::vector<torch::Tensor>& inputs) {
          to.set_frame(frame);
          TorchBackend::Cache own;
          own.layers.resize(l + 1);
          own.layers[l] = {inputs[1], inputs[2]};
          torch::Tensor y = block(inputs[0], {{where->In(own)}});
          return std::vector<torch::Tensor>{std::move(y), own.layers[l].keys, own.layers[l].values};
        },
        {x, cached.keys, cached.values});
    cached = {outputs[1], outputs[2]};
    return outputs[0];
  }
};

}  // namespace

Result<void> Network::AddText(const formats::GgufFile& file, bool trained, int lora_rank) {
  TRY_ASSIGN(text, model::ReadLlamaConfig(file));
  backend.set_training(trained);
  backend.set_lora_rank(lora_rank);
  text_trained = trained || lora_rank > 0;
  TRY_ASSIGN(text_weights, model::LoadLlama(backend, file, text));
  backend.set_lora_rank(0);
  return {};
}

Result<void> Network::AddSense(const formats::GgufFile& file, model::SenseConfig sense, bool trained) {
  backend.set_training(trained);
  TRY(model::CheckSenseFits(sense, model::SharedAttentionOf(text), ""));
  sense.shared = model::SharedAttentionOf(text);
  TRY_ASSIGN(auto weights, model::LoadSense(backend, file, sense));
  sense_weights.push_back(std::move(weights));
  senses.push_back(std::move(sense));
  return {};
}

bool Network::IsHeader(const Batch& batch, size_t segment) const {
  return segment == 0 && !text_trained && batch.segments[0].sense < 0 && !batch.segments[0].targets.defined() &&
         batch.segments.size() > 1;
}

TorchBackend::Cache Network::HeaderOf(const BatchSegment& segment, int64_t lanes) {
  TorchBackend::Cache cache = headers_.Of(segment.tokens, lanes, [&](std::span<const int32_t> tokens) {
    backend.set_lanes(1);
    model::SequenceLayout layout(text.layers);
    TorchBackend::Cache one;
    const model::SegmentPlace place = layout.AddText(static_cast<int>(tokens.size()));
    model::TextStates(backend, text, text_weights, tokens, {{place.In(one)}});
    return one;
  });
  backend.set_lanes(lanes);
  return cache;
}

// stack(how to run its blocks), as recompute_activations wants it.
template <class Stack>
torch::Tensor Network::RunStack(const std::shared_ptr<const model::SegmentPlace>& place, bool is_trained, const Stack& stack) {
  if (recompute_activations) return stack(RecomputeBlock{backend, place, is_trained});
  return stack(model::RunBlock());
}

// on_text(segment, what the last block left) for text with targets, on_sense(segment, outputs of the heads) for senses with targets.
template <class OnText, class OnSense>
void Network::Run(const Batch& batch, const OnText& on_text, const OnSense& on_sense) {
  backend.set_lanes(batch.lanes);
  model::SequenceLayout layout(text.layers);
  TorchBackend::Cache cache;
  for (size_t i = 0; i < batch.segments.size(); ++i) {
    const BatchSegment& segment = batch.segments[i];
    if (segment.sense < 0) {
      const auto place = std::make_shared<const model::SegmentPlace>(layout.AddText(segment.rows));
      if (IsHeader(batch, i)) {
        cache = HeaderOf(segment, batch.lanes);
        continue;
      }
      const torch::Tensor states = RunStack(place, text_trained, [&](const auto& run) {
        return model::TextStates(backend, text, text_weights, segment.tokens, {{place->In(cache)}}, run);
      });
      if (segment.targets.defined()) on_text(segment, states);
      continue;
    }
    const auto which = static_cast<size_t>(segment.sense);
    const model::SenseConfig& sense = senses[which];
    const auto place = std::make_shared<const model::SegmentPlace>(layout.AddSense(sense, segment.layout));
    const model::SenseInput<TorchBackend> input = {.features = segment.features,
                                                   .tau_features = segment.tau_features,
                                                   .grid = model::GridOf(sense, segment.layout)};
    const torch::Tensor states = RunStack(place, sense_weights[which].input.weight.requires_grad(), [&](const auto& run) {
      return model::SenseStates(backend, sense, sense_weights[which], input, {{place->In(cache)}}, run);
    });
    if (!segment.heads.empty()) {
      on_sense(segment, model::SenseHeads(backend, sense, sense_weights[which], states, input.grid));
    }
  }
}

std::vector<Loss> Network::Losses(const Batch& batch) {
  std::vector<Loss> losses;
  Run(
      batch,
      [&](const BatchSegment& segment, const torch::Tensor& states) {
        const torch::Tensor& head = (text_weights.tied_head ? text_weights.embedding : text_weights.head).weight;
        const auto loss = [&] { return TextLoss(states, text_weights.final_norm, text.rms_epsilon, head, segment.targets); };
        losses.push_back({.name = "text", .value = segment.share > 0 ? loss() : torch::zeros({}), .share = segment.share});
      },
      [&](const BatchSegment& segment, const std::vector<torch::Tensor>& outputs) {
        const model::SenseConfig& sense = senses[static_cast<size_t>(segment.sense)];
        for (size_t i = 0; i < outputs.size(); ++i) {
          const model::Head& head = sense.modality.heads[i];
          const auto& [values, weights, share] = segment.heads[i];
          if (share > 0 && weights.count_nonzero().item<int64_t>() == 0) continue;  // nobody has targets
          losses.push_back({.name = fmt::format("{}.{}", sense.name, head.name),
                            .value = HeadLoss(head, outputs[i], values, weights),
                            .weight = head.weight,
                            .share = share,
                            .by_tau = head.loss == model::HeadLoss::kFlow
                                          ? std::optional(FlowLossByTau(outputs[i], values, weights))
                                          : std::nullopt});
        }
      });
  // Noisy copies of a segment count as one.
  std::map<std::string_view, int> copies;
  for (const Loss& loss : losses) ++copies[loss.name];
  for (Loss& loss : losses) loss.share /= copies[loss.name];
  return losses;
}

double Network::Operations(const Batch& batch) const {
  double operations = 0;
  bool gradients = false;  // whether anything trained lies before
  for (size_t i = 0; i < batch.segments.size(); ++i) {
    if (IsHeader(batch, i)) continue;
    const BatchSegment& segment = batch.segments[i];
    const double rows = static_cast<double>(segment.rows) * static_cast<double>(batch.lanes);
    const bool is_text = segment.sense < 0;
    double per_row = static_cast<double>(is_text ? text.operations_per_token()
                                                 : senses[static_cast<size_t>(segment.sense)].operations_per_token());
    if (is_text && segment.targets.defined()) per_row += 2.0 * text.d_model * text.vocabulary;
    gradients = gradients || !is_text || text_trained;
    operations += rows * per_row * (gradients ? 3 : 1);
  }
  return operations;
}

}  // namespace walchen::train
