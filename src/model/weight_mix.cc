// SPDX-License-Identifier: Apache-2.0
#include "model/weight_mix.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"

namespace walchen::model {
namespace {

using tensor::DType;

constexpr MixRule kPlainHead[] = {{TensorRole::kHead, LayerSet::kAll, DType::kQ6_K}};
constexpr MixRule kQ2KRules[] = {{TensorRole::kHead, LayerSet::kAll, DType::kQ6_K},
                                 {TensorRole::kAttentionValue, LayerSet::kAll, DType::kQ4_K},
                                 {TensorRole::kAttentionOut, LayerSet::kAll, DType::kQ3_K},
                                 {TensorRole::kMlpDown, LayerSet::kAll, DType::kQ3_K}};
constexpr MixRule kQ3KRules[] = {{TensorRole::kHead, LayerSet::kAll, DType::kQ6_K},
                                 {TensorRole::kAttentionValue, LayerSet::kFirstSixteenth, DType::kQ5_K},
                                 {TensorRole::kAttentionValue, LayerSet::kAll, DType::kQ4_K},
                                 {TensorRole::kAttentionOut, LayerSet::kAll, DType::kQ4_K},
                                 {TensorRole::kMlpDown, LayerSet::kFirstSixteenth, DType::kQ5_K},
                                 {TensorRole::kMlpDown, LayerSet::kAll, DType::kQ4_K}};
constexpr MixRule kMoreBitsRules[] = {{TensorRole::kHead, LayerSet::kAll, DType::kQ6_K},
                                      {TensorRole::kAttentionValue, LayerSet::kMoreBits, DType::kQ6_K},
                                      {TensorRole::kMlpDown, LayerSet::kMoreBits, DType::kQ6_K}};

constexpr std::array kMixes = {
    WeightMix{"F32", 0, DType::kF32, {}},
    WeightMix{"F16", 1, DType::kF16, {}},
    WeightMix{"BF16", 32, DType::kBF16, {}},
    WeightMix{"Q8_0", 7, DType::kQ8_0, {}},
    WeightMix{"Q4_0", 2, DType::kQ4_0, kPlainHead},
    WeightMix{"Q4_1", 3, DType::kQ4_1, kPlainHead},
    WeightMix{"Q5_0", 8, DType::kQ5_0, kPlainHead},
    WeightMix{"Q5_1", 9, DType::kQ5_1, kPlainHead},
    WeightMix{"IQ4_NL", 25, DType::kIQ4_NL, kPlainHead},
    WeightMix{"Q2_K", 10, DType::kQ2_K, kQ2KRules},
    WeightMix{"Q3_K_M", 12, DType::kQ3_K, kQ3KRules},
    WeightMix{"Q4_K_M", 15, DType::kQ4_K, kMoreBitsRules},
    WeightMix{"Q5_K_M", 17, DType::kQ5_K, kMoreBitsRules},
    WeightMix{"Q6_K", 18, DType::kQ6_K, {}},
};

struct Fallback {
  DType from, to;
};
constexpr Fallback kFallbacks[] = {{DType::kQ2_K, DType::kIQ4_NL}, {DType::kQ3_K, DType::kIQ4_NL},
                                   {DType::kQ4_K, DType::kQ5_0},   {DType::kQ5_K, DType::kQ5_1},
                                   {DType::kQ6_K, DType::kQ8_0}};

struct RoleName {
  std::string_view part;  // of the tensor's name
  TensorRole role;
};
constexpr RoleName kRoleNames[] = {{".attn_v.", TensorRole::kAttentionValue},
                                   {".attn_output.", TensorRole::kAttentionOut},
                                   {".ffn_down", TensorRole::kMlpDown}};

TensorRole RoleOf(const TensorSite& site) {
  if (site.name == "output.weight" || (site.tied_head && site.name == "token_embd.weight")) return TensorRole::kHead;
  for (const RoleName& named : kRoleNames) {
    if (site.name.find(named.part) != std::string_view::npos) return named.role;
  }
  return TensorRole::kOther;
}

// The N of "blk.N.attn_q.weight"; 0 for what belongs to no layer.
int LayerOf(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  int layer = 0;
  if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layer);
  return layer;
}

bool Contains(LayerSet set, int layer, int layers) {
  switch (set) {
    case LayerSet::kAll: return true;
    case LayerSet::kFirstSixteenth: return layer < layers / 16;
    case LayerSet::kMoreBits: return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
  }
  return false;
}

bool Divides(DType type, uint64_t columns) { return columns % tensor::Info(type).block_values == 0; }

DType Fitting(DType type, uint64_t columns) {
  if (Divides(type, columns)) return type;
  for (const Fallback& fallback : kFallbacks) {
    if (fallback.from == type && Divides(fallback.to, columns)) return fallback.to;
  }
  return DType::kF16;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::ranges::equal(a, b, {}, upper, upper);
}

}  // namespace

std::span<const WeightMix> WeightMixes() { return kMixes; }

Result<const WeightMix*> FindWeightMix(std::string_view name) {
  std::string known;
  for (const WeightMix& mix : kMixes) {
    const bool short_name = mix.name.ends_with("_M") && EqualIgnoringCase(name, mix.name.substr(0, mix.name.size() - 2));
    if (EqualIgnoringCase(name, mix.name) || short_name) return &mix;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", mix.name);
  }
  return Fail(ErrorCode::kInvalidArgument, "type {}: expected one of {}", base::Quoted(name), known);
}

DType ChooseType(const WeightMix& mix, const TensorSite& site) {
  const bool is_router = site.name.find("ffn_gate_inp") != std::string_view::npos;
  if (site.shape.size() < 2 || is_router) return DType::kF32;
  const TensorRole role = RoleOf(site);
  const int layer = LayerOf(site.name);
  DType type = mix.base;
  for (const MixRule& rule : mix.rules) {
    if (rule.role != role || !Contains(rule.layers, layer, site.layers)) continue;
    type = rule.type;
    break;
  }
  return Fitting(type, site.shape.back());
}

}  // namespace walchen::model
