// SPDX-License-Identifier: Apache-2.0
#include "train/recomputed.h"

#include <torch/torch.h>

namespace walchen::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// So that a graph's node can own a function.
struct Kept : torch::CustomClassHolder {
  explicit Kept(Block function) : block(std::move(function)) {}
  Block block;
};

class RecomputedFunction : public torch::autograd::Function<RecomputedFunction> {
 public:
  // `leaf` needs a gradient, so that there is a node even where only leaves inside the block are trained.
  static variable_list forward(AutogradContext* context, at::TensorList inputs, const torch::Tensor& /*leaf*/,
                               const c10::intrusive_ptr<Kept>& kept) {
    context->set_materialize_grads(false);
    context->save_for_backward(inputs.vec());
    context->saved_data["block"] = c10::IValue::make_capsule(kept);
    return kept->block(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    variable_list inputs;
    for (const torch::Tensor& saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
    }
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["block"].toCapsule());
    variable_list outputs, roots, root_gradients;
    {
      const torch::AutoGradMode with_gradients(true);
      outputs = kept->block(inputs);
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      root_gradients.push_back(gradients[i]);
    }
    if (!roots.empty()) torch::autograd::backward(roots, root_gradients);
    variable_list result;
    for (const torch::Tensor& input : inputs) result.push_back(input.grad());
    result.insert(result.end(), 2, torch::Tensor());  // of the leaf, and of the block
    return result;
  }
};

}  // namespace

std::vector<torch::Tensor> Recomputed(Block block, const std::vector<torch::Tensor>& inputs) {
  // autograd takes no undefined tensors.
  std::vector<torch::Tensor> defined;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(defined), [](const torch::Tensor& input) { return input.defined(); });
  std::vector<bool> is_defined;
  for (const torch::Tensor& input : inputs) is_defined.push_back(input.defined());
  Block with_gaps = [block = std::move(block), is_defined](const std::vector<torch::Tensor>& given) {
    std::vector<torch::Tensor> all;
    auto next = given.begin();
    for (const bool is_there : is_defined) all.push_back(is_there ? *next++ : torch::Tensor());
    return block(all);
  };
  const torch::Tensor leaf = torch::empty({0}).requires_grad_(true);
  return RecomputedFunction::apply(at::TensorList(defined), leaf, c10::make_intrusive<Kept>(std::move(with_gaps)));
}

}  // namespace walchen::train
