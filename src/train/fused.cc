// SPDX-License-Identifier: Apache-2.0
#include "train/fused.h"

#include "train/row_blocks.h"

namespace walchen::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x_any, const torch::Tensor& gain, double epsilon) {
    const torch::Tensor x = x_any.contiguous(), y = torch::empty_like(x);
    context->save_for_backward({x, gain});
    context->saved_data["epsilon"] = epsilon;
    const int64_t n = x.size(-1);
    const float *from = x.const_data_ptr<float>(), *gains = gain.const_data_ptr<float>();
    float* to = y.mutable_data_ptr<float>();
    ForBlocks(x.numel() / n, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        Kernels().rms_norm(from + row * n, gains, static_cast<float>(epsilon), n, to + row * n);
      }
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &gain = saved[1];
    const auto epsilon = static_cast<float>(context->saved_data["epsilon"].toDouble());
    const torch::Tensor dy = gradients[0].contiguous(), dx = torch::empty_like(x);
    const int64_t n = x.size(-1), rows = x.numel() / n;
    const torch::Tensor sums = BlockSums(rows, n);
    const float *from = x.const_data_ptr<float>(), *gains = gain.const_data_ptr<float>(), *dys = dy.const_data_ptr<float>();
    float *dxs = dx.mutable_data_ptr<float>(), *dgains = sums.mutable_data_ptr<float>();
    ForBlocks(rows, [&](int64_t block, int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        Kernels().rms_norm_backward(from + row * n, gains, epsilon, dys + row * n, n, dxs + row * n, dgains + block * n);
      }
    });
    return {dx, sums.sum(0), {}};
  }
};

class GatedSiluFunction : public torch::autograd::Function<GatedSiluFunction> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& gate_up) {
    context->save_for_backward({gate_up});
    const int64_t n = gate_up.size(-1) / 2;
    std::vector<int64_t> shape = gate_up.sizes().vec();
    shape.back() = n;
    const torch::Tensor y = torch::empty(shape);
    const float* from = gate_up.const_data_ptr<float>();
    float* to = y.mutable_data_ptr<float>();
    ForBlocks(y.numel() / n, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        Kernels().silu_mul(from + row * 2 * n, from + row * 2 * n + n, n, to + row * n);
      }
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const torch::Tensor gate_up = context->get_saved_variables()[0];
    const torch::Tensor dy = gradients[0].contiguous(), d_gate_up = torch::empty_like(gate_up);
    const int64_t n = gate_up.size(-1) / 2;
    const float *from = gate_up.const_data_ptr<float>(), *dys = dy.const_data_ptr<float>();
    float* to = d_gate_up.mutable_data_ptr<float>();
    ForBlocks(dy.numel() / n, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const float* gate = from + row * 2 * n;
        float* d_gate = to + row * 2 * n;
        Kernels().silu_mul_backward(gate, gate + n, dys + row * n, n, d_gate, d_gate + n);
      }
    });
    return {d_gate_up};
  }
};

}  // namespace

torch::Tensor RmsNorm(const torch::Tensor& x, const torch::Tensor& gain, double epsilon) {
  if (!RunsOnKernels(x)) return torch::rms_norm(x, {x.size(-1)}, gain, epsilon);
  return RmsNormFunction::apply(x, gain, epsilon);
}

torch::Tensor GatedSilu(const torch::Tensor& gate_up) {
  if (RunsOnKernels(gate_up)) return GatedSiluFunction::apply(gate_up.contiguous());
  const std::vector<torch::Tensor> halves = gate_up.chunk(2, -1);
  return torch::silu(halves[0]) * halves[1];
}

}  // namespace walchen::train
