// SPDX-License-Identifier: Apache-2.0
#include "train/fused.h"
#include "train/row_blocks.h"

namespace walchen::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Where the heads of a fused row go: [lanes, heads, t, head_size], in any order of strides.
struct HeadRows {
  explicit HeadRows(const torch::Tensor& x) : data(x.mutable_data_ptr<float>()), heads(x.size(1)), strides(x.strides()) {}
  float* at(int64_t lane, int64_t head, int64_t row) const {
    return data + lane * strides[0] + head * strides[1] + row * strides[2];
  }
  float* data;
  int64_t heads;
  at::IntArrayRef strides;
};

// What both directions know of their shapes.
struct Shape {
  int64_t lanes, t, width, head_size;
  explicit Shape(const torch::Tensor& qkv, int64_t head) : lanes(qkv.size(0)), t(qkv.size(1)), width(qkv.size(2)), head_size(head) {}
};

torch::Tensor WithDenseRows(const torch::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

class SplitHeadsFunction : public torch::autograd::Function<SplitHeadsFunction> {
 public:
  static variable_list forward(AutogradContext* context, const torch::Tensor& qkv, const std::optional<torch::Tensor>& q_gain,
                               const std::optional<torch::Tensor>& k_gain, const torch::Tensor& cosine,
                               const torch::Tensor& sine, int64_t heads, int64_t kv_heads, double epsilon) {
    const Shape shape(qkv, 2 * cosine.size(-1));
    const torch::Tensor q = torch::empty({shape.lanes, heads, shape.t, shape.head_size});
    const torch::Tensor k = torch::empty({shape.lanes, kv_heads, shape.t, shape.head_size}), v = torch::empty_like(k);
    const float *from = qkv.const_data_ptr<float>(), *c = cosine.const_data_ptr<float>(), *s = sine.const_data_ptr<float>();
    const auto eps = static_cast<float>(epsilon);
    // One head's part of a row; returns where the next part begins.
    const auto turn = [&](const HeadRows& to, const std::optional<torch::Tensor>& gain, int64_t row, const float* part) {
      const int64_t n = shape.head_size, i = row % shape.t;
      for (int64_t head = 0; head < to.heads; ++head, part += n) {
        float* y = to.at(row / shape.t, head, i);
        if (gain) {
          Kernels().rms_norm(part, gain->const_data_ptr<float>(), eps, n, y);
        } else {
          std::copy_n(part, n, y);
        }
        Kernels().rope(c + i * n / 2, s + i * n / 2, n, y);
      }
      return part;
    };
    const HeadRows qs(q), ks(k), vs(v);
    ForBlocks(shape.lanes * shape.t, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const float* part = turn(ks, k_gain, row, turn(qs, q_gain, row, from + row * shape.width));
        for (int64_t head = 0; head < vs.heads; ++head, part += shape.head_size) {
          std::copy_n(part, shape.head_size, vs.at(row / shape.t, head, row % shape.t));
        }
      }
    });
    context->save_for_backward({qkv, q_gain.value_or(torch::Tensor()), k_gain.value_or(torch::Tensor()), cosine, sine});
    context->saved_data["epsilon"] = epsilon;
    return {q, k, v};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &qkv = saved[0], &q_norm = saved[1], &k_norm = saved[2], &cosine = saved[3];
    const torch::Tensor back = saved[4].neg(), d_qkv = torch::empty_like(qkv);  // turning back is turning by the negative angle
    const torch::Tensor dq = WithDenseRows(gradients[0]), dk = WithDenseRows(gradients[1]), dv = WithDenseRows(gradients[2]);
    const Shape shape(qkv, 2 * cosine.size(-1));
    const int64_t n = shape.head_size, rows = shape.lanes * shape.t;
    const torch::Tensor q_sums = BlockSums(rows, n), k_sums = BlockSums(rows, n);
    const float *x = qkv.const_data_ptr<float>(), *c = cosine.const_data_ptr<float>(), *s = back.const_data_ptr<float>();
    float* to = d_qkv.mutable_data_ptr<float>();
    const auto eps = static_cast<float>(context->saved_data["epsilon"].toDouble());
    // One head's part of a row, which begins at column `column`; returns where the next begins. `space` holds a head.
    const auto turn_back = [&](const HeadRows& from, const torch::Tensor& norm, float* d_gain, int64_t row, int64_t column,
                               float* space) {
      const int64_t i = row % shape.t;
      for (int64_t head = 0; head < from.heads; ++head, column += n) {
        float* dx = to + row * shape.width + column;
        float* dy = norm.defined() ? space : dx;
        std::copy_n(from.at(row / shape.t, head, i), n, dy);
        Kernels().rope(c + i * n / 2, s + i * n / 2, n, dy);
        if (!norm.defined()) continue;
        Kernels().rms_norm_backward(x + row * shape.width + column, norm.const_data_ptr<float>(), eps, dy, n, dx, d_gain);
      }
      return column;
    };
    const HeadRows dqs(dq), dks(dk), dvs(dv);
    float *q_gains = q_sums.mutable_data_ptr<float>(), *k_gains = k_sums.mutable_data_ptr<float>();
    ForBlocks(rows, [&](int64_t block, int64_t first, int64_t last) {
      std::vector<float> space(static_cast<size_t>(n));
      for (int64_t row = first; row < last; ++row) {
        int64_t column = turn_back(dqs, q_norm, q_gains + block * n, row, 0, space.data());
        column = turn_back(dks, k_norm, k_gains + block * n, row, column, space.data());
        for (int64_t head = 0; head < dvs.heads; ++head, column += n) {
          std::copy_n(dvs.at(row / shape.t, head, row % shape.t), n, to + row * shape.width + column);
        }
      }
    });
    const auto sum_if = [](const torch::Tensor& norm, const torch::Tensor& sums) { return norm.defined() ? sums.sum(0) : torch::Tensor(); };
    return {d_qkv, sum_if(q_norm, q_sums), sum_if(k_norm, k_sums), {}, {}, {}, {}, {}};
  }
};

// x is [lanes, t, heads, head_size].
torch::Tensor Turned(const torch::Tensor& x, const torch::Tensor& cosine, const torch::Tensor& sine) {
  const std::vector<torch::Tensor> halves = x.chunk(2, -1);
  const torch::Tensor c = cosine.unsqueeze(1), s = sine.unsqueeze(1);
  return torch::cat({halves[0] * c - halves[1] * s, halves[0] * s + halves[1] * c}, -1).transpose(1, 2);
}

}  // namespace

Heads SplitHeads(const torch::Tensor& qkv, const model::AttentionShape& shape, const torch::Tensor& q_norm,
                 const torch::Tensor& k_norm, const torch::Tensor& cosine, const torch::Tensor& sine) {
  if (RunsOnKernels(qkv)) {
    const auto gain = [](const torch::Tensor& norm) { return norm.defined() ? std::optional(norm) : std::nullopt; };
    const variable_list split = SplitHeadsFunction::apply(qkv.contiguous(), gain(q_norm), gain(k_norm), cosine, sine, shape.heads,
                                                          shape.kv_heads, shape.norm_epsilon);
    return {split[0], split[1], split[2]};
  }
  const torch::Tensor heads = qkv.view({qkv.size(0), qkv.size(1), -1, shape.head_size});
  torch::Tensor q = heads.narrow(2, 0, shape.heads), k = heads.narrow(2, shape.heads, shape.kv_heads);
  if (q_norm.defined()) q = RmsNorm(q, q_norm, shape.norm_epsilon);
  if (k_norm.defined()) k = RmsNorm(k, k_norm, shape.norm_epsilon);
  const torch::Tensor v = heads.narrow(2, shape.heads + shape.kv_heads, shape.kv_heads);
  return {Turned(q, cosine, sine), Turned(k, cosine, sine), v.transpose(1, 2)};
}

}  // namespace walchen::train
