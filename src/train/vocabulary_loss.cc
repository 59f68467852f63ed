// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "train/fused.h"
#include "train/product.h"
#include "train/row_blocks.h"

namespace walchen::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Logits of so many floats at a time: 16 MB stay in the last cache between their passes, and are rows enough for a product.
constexpr int64_t kLogits = int64_t{1} << 22;

// From logits [n, v] to their gradient, in place; returns the loss of each row.
std::vector<double> LossesAndGradients(const torch::Tensor& logits, const int64_t* targets) {
  const int64_t n = logits.size(0), v = logits.size(1);
  std::vector<double> losses(static_cast<size_t>(n));
  float* x = logits.mutable_data_ptr<float>();
  at::parallel_for(0, n, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      float* row = x + i * v;
      const int64_t largest = Kernels().arg_max(row, v);
      if (largest < 0) {  // the guard skips the step
        losses[static_cast<size_t>(i)] = std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      const float max = row[largest], target = row[targets[i]];
      const float sum = Kernels().exp_sum(row, max, 1, v, row);
      losses[static_cast<size_t>(i)] = std::log(static_cast<double>(sum)) + max - target;
      Kernels().scale(1 / sum, v, row);
      row[targets[i]] -= 1;
    }
  });
  return losses;
}

class VocabularyLossFunction : public torch::autograd::Function<VocabularyLossFunction> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& states, const torch::Tensor& head,
                               const torch::Tensor& targets, bool wants_gradients) {
    const int64_t n = states.size(0), rows = std::max<int64_t>(1, kLogits / head.size(0));
    const bool wants_states = wants_gradients && states.requires_grad();
    const bool wants_head = wants_gradients && head.requires_grad();
    torch::Tensor d_states = wants_states ? torch::empty_like(states) : torch::Tensor(), d_head;
    double sum = 0;
    for (int64_t first = 0; first < n; first += rows) {
      const torch::Tensor part = states.slice(0, first, first + rows), logits = MatrixProduct(part, head);
      for (const double loss : LossesAndGradients(logits, targets.const_data_ptr<int64_t>() + first)) sum += loss;
      if (wants_states) d_states.slice(0, first, first + rows).copy_(MatrixProduct(logits, head.t()));
      if (wants_head) {
        const torch::Tensor more = MatrixProduct(logits.t(), part.t());
        d_head = d_head.defined() ? d_head.add_(more) : more;
      }
    }
    context->save_for_backward({d_states, d_head});
    return torch::scalar_tensor(sum, torch::kFloat);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const auto scaled = [&](const torch::Tensor& x) { return x.defined() ? x * gradients[0] : x; };
    return {scaled(saved[0]), scaled(saved[1]), {}, {}};
  }
};

}  // namespace

torch::Tensor VocabularyLoss(const torch::Tensor& states, const torch::Tensor& head, const torch::Tensor& targets) {
  if (RunsOnKernels(states)) {
    return VocabularyLossFunction::apply(states.contiguous(), head, targets.contiguous(), torch::GradMode::is_enabled());
  }
  return torch::cross_entropy_loss(torch::linear(states, head), targets, {}, at::Reduction::Sum);
}

}  // namespace walchen::train
