// SPDX-License-Identifier: Apache-2.0
#include "train/loss.h"

#include <algorithm>

#include <torch/torch.h>

#include "base/status.h"
#include "train/fused.h"

namespace walchen::train {

torch::Tensor TextLoss(const torch::Tensor& states, const torch::Tensor& gain, double epsilon, const torch::Tensor& head,
                       const torch::Tensor& targets) {
  const torch::Tensor all = targets.reshape({-1}).to(torch::kLong), places = (all >= 0).nonzero().squeeze(-1);
  torch::Tensor rows = states.reshape({-1, states.size(-1)});
  if (places.size(0) < all.size(0)) rows = rows.index_select(0, places);
  const torch::Tensor sum = VocabularyLoss(RmsNorm(rows, gain, epsilon), head, all.index_select(0, places));
  return sum / static_cast<double>(std::max<int64_t>(1, places.size(0)));
}

torch::Tensor HeadLoss(const model::Head& head, const torch::Tensor& outputs, const torch::Tensor& values,
                       const torch::Tensor& weights) {
  torch::Tensor loss;  // of each value
  switch (head.loss) {
    case model::HeadLoss::kFlow:
      loss = (outputs - values).square();
      break;
    case model::HeadLoss::kQuantiles: {
      const auto levels = static_cast<int64_t>(head.levels.size());
      const torch::Tensor error = values.unsqueeze(-1) - outputs.view({outputs.size(0), outputs.size(1), head.values, levels});
      const torch::Tensor level = torch::tensor(head.levels).to(outputs.device());
      loss = 2 * torch::maximum(level * error, (level - 1) * error).mean(-1);
      break;
    }
    case model::HeadLoss::kLogit:
      loss = torch::binary_cross_entropy_with_logits(outputs, values, {}, {}, at::Reduction::None);
      break;
  }
  return (loss * weights).sum() / (weights > 0).sum().clamp_min(1);
}

void LossByTau::Add(const LossByTau& other) {
  for (size_t i = 0; i < sum.size(); ++i) {
    sum[i] += other.sum[i];
    count[i] += other.count[i];
  }
}

std::vector<double> LossByTau::Means() const {
  std::vector<double> means;
  for (size_t i = 0; i < sum.size(); ++i) means.push_back(sum[i] / count[i]);
  return means;
}

LossByTau FlowLossByTau(const torch::Tensor& outputs, const torch::Tensor& values, const torch::Tensor& weights) {
  const torch::NoGradGuard no_grad;
  LossByTau loss;
  const auto quarters = static_cast<int64_t>(loss.sum.size());
  const torch::Tensor w = weights.reshape({-1}), borders = torch::tensor({model::FlowWeight(0.25f), model::FlowWeight(0.5f),
                                                                          model::FlowWeight(0.75f)}).to(w.device());
  // What has no weight falls into a fifth bin.
  const torch::Tensor quarter = torch::where(w > 0, torch::bucketize(w, borders, /*out_int32=*/false, /*right=*/true), quarters);
  const torch::Tensor squares = (outputs - values).square().reshape({-1}) * w;
  const torch::Tensor sums = torch::bincount(quarter, squares, quarters + 1).to(torch::kCPU, torch::kDouble);
  const torch::Tensor counts = torch::bincount(quarter, {}, quarters + 1).to(torch::kCPU, torch::kDouble);
  std::copy_n(sums.const_data_ptr<double>(), quarters, loss.sum.begin());
  std::copy_n(counts.const_data_ptr<double>(), quarters, loss.count.begin());
  return loss;
}

}  // namespace walchen::train
