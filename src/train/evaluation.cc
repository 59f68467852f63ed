// SPDX-License-Identifier: Apache-2.0
#include "train/evaluation.h"

#include <map>

#include <torch/torch.h>

#include "train/loss.h"

namespace walchen::train {
namespace {

torch::Tensor TargetsOf(std::span<const Batch> batches, size_t segment) {
  std::vector<torch::Tensor> all;
  for (const Batch& batch : batches) all.push_back(batch.segments[segment].targets.reshape({-1}));
  return torch::cat(all).to(torch::kLong);
}

// Log-probabilities by frequency, with one more of each token, so that an unseen one is not impossible.
torch::Tensor Unigram(std::span<const Batch> seen, size_t segment, int64_t vocabulary) {
  const torch::Tensor targets = TargetsOf(seen, segment);
  const torch::Tensor counts = torch::bincount(targets.masked_select(targets >= 0), {}, vocabulary) + 1;
  return (counts.to(torch::kFloat) / counts.sum()).log();
}

// What a head should always say, [rows, outputs]: the mean target of each place, or the quantiles of all its targets.
torch::Tensor Constant(std::span<const Batch> seen, size_t segment, size_t head_index, const model::Head& head) {
  std::vector<torch::Tensor> values, weights;
  for (const Batch& batch : seen) {
    values.push_back(batch.segments[segment].heads[head_index].values);
    weights.push_back(batch.segments[segment].heads[head_index].weights);
  }
  const torch::Tensor value = torch::cat(values), has_weight = torch::cat(weights) > 0;
  if (head.loss == model::HeadLoss::kQuantiles) {
    torch::Tensor known = value.masked_select(has_weight);
    known = known.slice(0, 0, 1'000'000);  // what torch::quantile takes
    return torch::quantile(known, torch::tensor(head.levels)).repeat({head.values}).expand({value.size(1), -1});
  }
  const torch::Tensor count = has_weight.sum(0).clamp_min(1);
  torch::Tensor mean = (value * has_weight).sum(0) / count;
  // A place that never had a target gets the mean of all.
  const torch::Tensor overall = value.masked_select(has_weight).mean();
  mean = torch::where(has_weight.sum(0) > 0, mean, overall);
  return head.loss == model::HeadLoss::kLogit ? torch::logit(overall.expand_as(mean), 1e-6) : mean;
}

}  // namespace

std::vector<EvaluationRow> Evaluate(Network& network, std::span<const Batch> seen, std::span<const Batch> unseen) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, std::pair<double, int>> trained;
  for (const Batch& batch : unseen) {
    for (const Loss& loss : network.Losses(batch)) {
      auto& [sum, count] = trained[loss.name];
      sum += loss.value.item<double>();
      ++count;
    }
  }
  std::map<std::string, std::pair<double, int>> trivial;
  const auto add = [&](const std::string& name, const torch::Tensor& loss) {
    auto& [sum, count] = trivial[name];
    sum += loss.item<double>();
    ++count;
  };
  for (size_t segment = 0; segment < unseen.front().segments.size(); ++segment) {
    const BatchSegment& first = unseen.front().segments[segment];
    if (first.targets.defined()) {
      const torch::Tensor unigram = Unigram(seen, segment, network.text.vocabulary);
      for (const Batch& batch : unseen) {
        const torch::Tensor targets = TargetsOf({&batch, 1}, segment);
        add("text", -unigram.index_select(0, targets.masked_select(targets >= 0)).mean());
      }
    }
    for (size_t i = 0; i < first.heads.size(); ++i) {
      const model::SenseConfig& sense = network.senses[static_cast<size_t>(first.sense)];
      const model::Head& head = sense.modality.heads[i];
      const std::string name = fmt::format("{}.{}", sense.name, head.name);
      if (!trained.contains(name)) continue;
      const torch::Tensor constant = Constant(seen, segment, i, head);
      for (const Batch& batch : unseen) {
        const auto& [values, weights, share] = batch.segments[segment].heads[i];
        if (weights.count_nonzero().item<int64_t>() == 0) continue;
        add(name, HeadLoss(head, constant.expand({values.size(0), -1, -1}), values, weights));
      }
    }
  }
  std::vector<EvaluationRow> rows;
  for (const auto& [name, sum] : trained) {
    rows.push_back({name, sum.first / sum.second, trivial[name].first / std::max(1, trivial[name].second)});
  }
  return rows;
}

}  // namespace walchen::train
