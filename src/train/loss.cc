// SPDX-License-Identifier: Apache-2.0
#include "train/loss.h"

#include <torch/torch.h>

#include "base/status.h"

namespace walchen::train {

torch::Tensor TextLoss(const torch::Tensor& logits, const torch::Tensor& targets) {
  return torch::cross_entropy_loss(logits.reshape({-1, logits.size(-1)}), targets.reshape({-1}).to(torch::kLong), {},
                                   at::Reduction::Mean, /*ignore_index=*/-1);
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

}  // namespace walchen::train
