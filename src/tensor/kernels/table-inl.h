// SPDX-License-Identifier: Apache-2.0
//
// The table of this file's instruction set; what a path_*.cc file is made of.
#pragma once

#include "tensor/kernels/attention-inl.h"
#include "tensor/kernels/elementwise-inl.h"
#include "tensor/kernels/linear-inl.h"
#include "tensor/kernels/roofline-inl.h"

namespace walchen::tensor {
namespace {

constexpr KernelTable MakeTable(std::string_view name, bool (*supported)()) {
  return {.name = name,
          .supported = supported,
          .linear = Linear,
          .unpack_row = UnpackRow,
          .quantize = Quantize,
          .rms_norm = RmsNorm,
          .silu_mul = SiluMul,
          .silu = Silu,
          .squared_relu = SquaredRelu,
          .add = AddTo,
          .axpy = Axpy,
          .rope = Rope,
          .scale = Scale,
          .rms_norm_backward = RmsNormBackward,
          .silu_mul_backward = SiluMulBackward,
          .store_kv = StoreKv,
          .attend = Attend,
          .merge_spans = MergeSpans,
          .finish_attention = FinishAttention,
          .arg_max = ArgMax,
          .exp_sum = ExpSum,
          .burn_float = BurnFloat,
          .burn_int8 = BurnInt8,
          .read_memory = ReadMemory};
}

}  // namespace
}  // namespace walchen::tensor
