// SPDX-License-Identifier: Apache-2.0
//
// What `--type` means: the number format of every tensor of a model file.
//
// Most are one type for all matrices but the head. Q3_K_M, Q4_K_M and Q5_K_M spend more bits where errors cost most.
// The rules are llama.cpp's (llama-quant.cpp) without its special cases for single architectures, as a table:
//   * vectors (norms, biases) and the routers of mixtures of experts stay F32: they are small and sensitive;
//   * the head, or the embedding where it serves as the head, is Q6_K in all quantised mixes but Q8_0;
//   * a type whose block does not divide the row gives way: Q2_K and Q3_K to IQ4_NL, Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to
//     Q8_0 (blocks of 32 values, no fewer bits); where 32 does not divide it either, F16.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/model_plan.h"
#include "tensor/dtype.h"

namespace walchen::model {

// Parts of a decoder that have rules of their own.
enum class TensorRole { kOther, kHead, kAttentionValue, kAttentionOut, kMlpDown };

// kMoreBits: the first and the last eighth, and every third layer between.
enum class LayerSet { kAll, kFirstSixteenth, kMoreBits };

struct MixRule {
  TensorRole role;
  LayerSet layers;
  tensor::DType type;
};

struct WeightMix {
  std::string_view name;
  uint32_t file_type;              // general.file_type: llama.cpp's llama_ftype
  tensor::DType base;
  std::span<const MixRule> rules;  // the first that fits decides
};

std::span<const WeightMix> WeightMixes();
// By name, case ignored; also Q3_K, Q4_K and Q5_K for their _M. kInvalidArgument names those there are.
Result<const WeightMix*> FindWeightMix(std::string_view name);

// Where a tensor stands in its model.
struct TensorSite {
  std::string_view name;
  std::span<const uint64_t> shape;  // slowest first
  int layers = 0;                   // of the model
  bool tied_head = false;
};

tensor::DType ChooseType(const WeightMix& mix, const TensorSite& site);

}  // namespace walchen::model
