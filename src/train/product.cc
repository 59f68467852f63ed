// SPDX-License-Identifier: Apache-2.0
#include "train/product.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include "base/clock.h"
#include "train/torch_error.h"

namespace walchen::train {
namespace {

using OneDnnLinear = torch::Tensor(const torch::Tensor&, const torch::Tensor&, const std::optional<torch::Tensor>&,
                                   std::string_view, c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

torch::ScalarType product_type = torch::kFloat;

// What torch.compile calls; a libtorch built without oneDNN does not have it.
const std::optional<c10::TypedOperatorHandle<OneDnnLinear>>& FindOneDnnLinear() {
  static const auto found = []() -> std::optional<c10::TypedOperatorHandle<OneDnnLinear>> {
    const auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!schema || !at::hasMKLDNN()) return std::nullopt;
    return schema->typed<OneDnnLinear>();
  }();
  return found;
}

class ProductFunction : public torch::autograd::Function<ProductFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x, const torch::Tensor& w) {
    context->save_for_backward({x, w});
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = w.size(0);
    return MatrixProduct(x.reshape({-1, x.size(-1)}), w).view(shape);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &w = saved[1];
    const torch::Tensor dy = gradients[0].reshape({-1, w.size(0)});
    torch::Tensor dx, dw;
    if (context->needs_input_grad(0)) dx = MatrixProduct(dy, w.t()).view(x.sizes());
    if (context->needs_input_grad(1)) dw = MatrixProduct(dy.t(), x.reshape({-1, x.size(-1)}).t());
    return {dx, dw};
  }
};

}  // namespace

void SetProductType(torch::ScalarType type) { product_type = type; }

Result<void> TryProducts(const torch::Device& device) {
  try {
    MatrixProduct(torch::ones({16, 16}, device), torch::ones({16, 16}, device));
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kUnsupported, "precision: this CPU cannot multiply in {}: {}. Begin a run with precision = \"float32\"",
                torch::toString(product_type), TorchMessage(error));
  }
  return {};
}

torch::Tensor MatrixProduct(const torch::Tensor& x_any, const torch::Tensor& w_any) {
  const torch::NoGradGuard no_grad;
  const bool rounds = x_any.scalar_type() == torch::kFloat && product_type != torch::kFloat;
  const torch::Tensor x = rounds ? x_any.to(product_type) : x_any, w = rounds ? w_any.to(product_type) : w_any;
  const auto& one_dnn = FindOneDnnLinear();
  const bool by_one_dnn = one_dnn && x.is_cpu() && x.scalar_type() != torch::kDouble && x.numel() > 0;
  const torch::Tensor y = by_one_dnn ? one_dnn->call(x, w, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), "")
                                     : torch::mm(x, w.t());
  return rounds ? y.to(torch::kFloat) : y;
}

double MeasuredProductPeak(const torch::Device& device) {
  constexpr int kRuns = 5;
  const int64_t edge = device.is_cpu() ? 1024 : 8192;
  const torch::Tensor x = torch::ones({edge, edge}, device);
  double seconds = 1e9;
  for (int run = 0; run < kRuns; ++run) {  // the first ones wake up threads and compile the kernel
    const base::Stopwatch watch;
    MatrixProduct(x, x)[0][0].item();  // a GPU is done when a number is here
    seconds = std::min(seconds, watch.Ms() / 1'000);
  }
  const auto n = static_cast<double>(edge);
  return 2 * n * n * n / seconds;
}

torch::Tensor Product(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& bias) {
  const torch::Tensor y = ProductFunction::apply(x, w);
  return bias.defined() ? y + bias : y;
}

}  // namespace walchen::train
