// SPDX-License-Identifier: Apache-2.0
#include "train/recomputed.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace walchen::train {
namespace {

using torch::Tensor;

Tensor Numbers(at::IntArrayRef shape, bool with_gradient) {
  return torch::linspace(-1, 1, c10::multiply_integers(shape)).view(shape).sin().requires_grad_(with_gradient);
}

TEST(Recomputed, GivesTheGradientsOfTheBlock) {
  int calls = 0;
  const auto gradients = [&](bool recomputed) {
    const Tensor w = Numbers({3, 3}, true), x = Numbers({2, 3}, true), fixed = Numbers({2, 3}, false);
    const Block block = [&](const std::vector<Tensor>& in) {
      ++calls;
      EXPECT_FALSE(in[2].defined());
      return std::vector<Tensor>{torch::tanh(in[0].mm(w)) * in[1], in[0].square(), in[0].exp()};
    };
    const std::vector<Tensor> inputs = {x, fixed, {}};
    const std::vector<Tensor> outputs = recomputed ? Recomputed(block, inputs) : block(inputs);
    (outputs[0].sum() + 2 * outputs[1].sum()).backward();  // the third is used by nobody
    EXPECT_FALSE(fixed.grad().defined());
    return std::vector<Tensor>{w.grad(), x.grad()};
  };
  const std::vector<Tensor> plain = gradients(false);
  EXPECT_EQ(calls, 1);
  const std::vector<Tensor> again = gradients(true);
  EXPECT_EQ(calls, 3);
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(torch::equal(plain[i], again[i])) << plain[i] << again[i];
}

TEST(Recomputed, TrainsLeavesBehindInputsThatNeedNothing) {
  const Tensor w = Numbers({3, 3}, true), x = Numbers({2, 3}, false);
  const std::vector<Tensor> outputs = Recomputed([&](const std::vector<Tensor>& in) { return std::vector<Tensor>{in[0].mm(w)}; }, {x});
  outputs[0].sum().backward();
  EXPECT_TRUE(torch::equal(w.grad(), x.t().mm(torch::ones({2, 3}))));
}

TEST(Recomputed, KeepsNothingOfTheInside) {
  c10::weak_intrusive_ptr<c10::TensorImpl> inside(Numbers({1}, false).getIntrusivePtr());
  const Tensor w = Numbers({3, 3}, true), x = Numbers({2, 3}, true);
  const std::vector<Tensor> outputs = Recomputed(
      [&](const std::vector<Tensor>& in) {
        const Tensor hidden = in[0].mm(w).tanh();  // tanh keeps its result for its gradient
        inside = c10::weak_intrusive_ptr<c10::TensorImpl>(hidden.getIntrusivePtr());
        return std::vector<Tensor>{hidden.square()};
      },
      {x});
  EXPECT_TRUE(inside.expired());
  outputs[0].sum().backward();
  EXPECT_TRUE(x.grad().defined());
}

}  // namespace
}  // namespace walchen::train
