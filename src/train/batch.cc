// SPDX-License-Identifier: Apache-2.0
#include "train/batch.h"

#include <algorithm>

#include <torch/torch.h>

namespace walchen::train {
namespace {

torch::Tensor Stack(const std::vector<float>& values, int64_t lanes, int rows, torch::Device device) {
  return torch::tensor(values).view({lanes, rows, -1}).to(device);
}

bool SameLayout(const shards::Segment& a, const shards::Segment& b) {
  const model::SenseTokens &x = a.continuous, &y = b.continuous;
  return a.sense == b.sense && a.tokens.size() == b.tokens.size() && x.rows == y.rows && x.positions == y.positions &&
         x.extent == y.extent && x.grid_rows == y.grid_rows && x.kept == y.kept &&
         a.continuous_targets.size() == b.continuous_targets.size();
}

BatchSegment TextOf(std::span<const shards::Sample> samples, size_t index, torch::Device device) {
  BatchSegment segment = {.rows = static_cast<int>(samples.front().segments[index].tokens.size())};
  std::vector<int32_t> targets;
  for (const shards::Sample& sample : samples) {
    const shards::Segment& from = sample.segments[index];
    segment.tokens.insert(segment.tokens.end(), from.tokens.begin(), from.tokens.end());
    targets.insert(targets.end(), from.targets.begin(), from.targets.end());
  }
  const bool any = std::ranges::any_of(targets, [](int32_t target) { return target >= 0; });
  if (any) segment.targets = torch::tensor(targets, torch::kInt).view({static_cast<int64_t>(samples.size()), -1}).to(device);
  return segment;
}

BatchSegment SenseOf(std::span<const shards::Sample> samples, size_t index, int sense, torch::Device device) {
  const auto lanes = static_cast<int64_t>(samples.size());
  const shards::Segment& first = samples.front().segments[index];
  BatchSegment segment = {.sense = sense, .rows = first.continuous.rows, .layout = first.continuous};
  std::vector<float> features, tau;
  std::vector<model::HeadTargets> heads(first.continuous_targets.size());
  const auto append = [](std::vector<float>& to, const std::vector<float>& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const shards::Sample& sample : samples) {
    const shards::Segment& from = sample.segments[index];
    append(features, from.continuous.features);
    append(tau, from.continuous.tau);
    for (size_t head = 0; head < heads.size(); ++head) {
      append(heads[head].values, from.continuous_targets[head].values);
      append(heads[head].weights, from.continuous_targets[head].weights);
    }
  }
  segment.features = Stack(features, lanes, segment.rows, device);
  segment.tau_features = Stack(model::TauFeatures(tau), lanes, segment.rows, device);
  for (const model::HeadTargets& head : heads) {
    segment.heads.push_back({Stack(head.values, lanes, segment.rows, device), Stack(head.weights, lanes, segment.rows, device)});
  }
  return segment;
}

}  // namespace

int64_t Batch::tokens() const {
  int64_t rows = 0;
  for (const BatchSegment& segment : segments) rows += segment.rows;
  return rows * lanes;
}

Result<Batch> MakeBatch(std::span<const shards::Sample> samples, std::span<const model::SenseConfig> senses,
                        torch::Device device) {
  Batch batch = {.lanes = static_cast<int64_t>(samples.size())};
  const std::vector<shards::Segment>& first = samples.front().segments;
  for (size_t index = 0; index < first.size(); ++index) {
    for (const shards::Sample& sample : samples) {
      if (sample.segments.size() == first.size() && SameLayout(sample.segments[index], first[index])) continue;
      return Fail(ErrorCode::kInvalidArgument, "the samples of one batch must have one layout; segment {} differs", index);
    }
    if (first[index].sense.empty()) {
      batch.segments.push_back(TextOf(samples, index, device));
      continue;
    }
    const auto sense = std::ranges::find(senses, first[index].sense, [](const model::SenseConfig& s) { return s.modality.name; });
    if (sense == senses.end()) {
      return Fail(ErrorCode::kInvalidArgument, "the data have {}, but the recipe has no [[sense]] for them", first[index].sense);
    }
    batch.segments.push_back(SenseOf(samples, index, static_cast<int>(sense - senses.begin()), device));
  }
  return batch;
}

}  // namespace walchen::train
