// SPDX-License-Identifier: Apache-2.0
#include "model/model_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include <fmt/format.h>

#include "tensor/quant.h"

namespace walchen::model {
namespace {

constexpr std::array kHuggingFaceFamilies = {
    HuggingFaceFamily{"LlamaForCausalLM", "llama", "llama", false, false, false},
    HuggingFaceFamily{"MistralForCausalLM", "mistral", "llama", false, false, false},
    HuggingFaceFamily{"MixtralForCausalLM", "mixtral", "llama", true, false, false},
    HuggingFaceFamily{"Qwen2ForCausalLM", "qwen2", "qwen2", false, true, false},
    HuggingFaceFamily{"Qwen3ForCausalLM", "qwen3", "qwen3", false, false, true},
    HuggingFaceFamily{"Qwen2MoeForCausalLM", "qwen2_moe", "qwen2moe", true, true, false},
    HuggingFaceFamily{"Qwen3MoeForCausalLM", "qwen3_moe", "qwen3moe", true, false, true},
};

// A side of a matrix.
enum class Width { kNone, kModel, kQuery, kKeyValue, kHead, kMlp, kExpert, kSharedExpert, kExperts };

// Which models have a tensor.
enum class Has { kAlways, kBias, kHeadNorms, kDense, kExperts, kSharedExpert };

// What is done to the rows where rotated pairs stand side by side.
enum class Rows { kPlain, kQueryPairs, kKeyPairs };

// One tensor of a decoder block. `{}` in a Hugging Face name stands for the expert.
struct BlockTensor {
  std::string_view gguf;
  std::string_view huggingface;
  std::string_view mixtral;  // where Mixtral has another name than the Qwens; empty: the same
  Width rows = Width::kNone;
  Width columns = Width::kModel;
  Has has = Has::kAlways;
  Rows order = Rows::kPlain;
};

constexpr BlockTensor kBlockTensors[] = {
    {"attn_norm.weight", "input_layernorm.weight", ""},
    {"attn_q.weight", "self_attn.q_proj.weight", "", Width::kQuery, Width::kModel, Has::kAlways, Rows::kQueryPairs},
    {"attn_k.weight", "self_attn.k_proj.weight", "", Width::kKeyValue, Width::kModel, Has::kAlways, Rows::kKeyPairs},
    {"attn_v.weight", "self_attn.v_proj.weight", "", Width::kKeyValue},
    {"attn_q.bias", "self_attn.q_proj.bias", "", Width::kNone, Width::kQuery, Has::kBias, Rows::kQueryPairs},
    {"attn_k.bias", "self_attn.k_proj.bias", "", Width::kNone, Width::kKeyValue, Has::kBias, Rows::kKeyPairs},
    {"attn_v.bias", "self_attn.v_proj.bias", "", Width::kNone, Width::kKeyValue, Has::kBias},
    {"attn_q_norm.weight", "self_attn.q_norm.weight", "", Width::kNone, Width::kHead, Has::kHeadNorms},
    {"attn_k_norm.weight", "self_attn.k_norm.weight", "", Width::kNone, Width::kHead, Has::kHeadNorms},
    {"attn_output.weight", "self_attn.o_proj.weight", "", Width::kModel, Width::kQuery},
    {"ffn_norm.weight", "post_attention_layernorm.weight", ""},
    {"ffn_gate.weight", "mlp.gate_proj.weight", "", Width::kMlp, Width::kModel, Has::kDense},
    {"ffn_up.weight", "mlp.up_proj.weight", "", Width::kMlp, Width::kModel, Has::kDense},
    {"ffn_down.weight", "mlp.down_proj.weight", "", Width::kModel, Width::kMlp, Has::kDense},
    {"ffn_gate_inp.weight", "mlp.gate.weight", "block_sparse_moe.gate.weight", Width::kExperts, Width::kModel,
     Has::kExperts},
    {"ffn_gate_exps.weight", "mlp.experts.{}.gate_proj.weight", "block_sparse_moe.experts.{}.w1.weight", Width::kExpert,
     Width::kModel, Has::kExperts},
    {"ffn_up_exps.weight", "mlp.experts.{}.up_proj.weight", "block_sparse_moe.experts.{}.w3.weight", Width::kExpert,
     Width::kModel, Has::kExperts},
    {"ffn_down_exps.weight", "mlp.experts.{}.down_proj.weight", "block_sparse_moe.experts.{}.w2.weight", Width::kModel,
     Width::kExpert, Has::kExperts},
    {"ffn_gate_inp_shexp.weight", "mlp.shared_expert_gate.weight", "", Width::kNone, Width::kModel, Has::kSharedExpert},
    {"ffn_gate_shexp.weight", "mlp.shared_expert.gate_proj.weight", "", Width::kSharedExpert, Width::kModel,
     Has::kSharedExpert},
    {"ffn_up_shexp.weight", "mlp.shared_expert.up_proj.weight", "", Width::kSharedExpert, Width::kModel,
     Has::kSharedExpert},
    {"ffn_down_shexp.weight", "mlp.shared_expert.down_proj.weight", "", Width::kModel, Width::kSharedExpert,
     Has::kSharedExpert},
};

uint64_t Size(Width width, const LlamaConfig& config) {
  const auto size = [&] {
    switch (width) {
      case Width::kNone: return 1;
      case Width::kModel: return config.d_model;
      case Width::kQuery: return config.q_width();
      case Width::kKeyValue: return config.kv_width();
      case Width::kHead: return config.head_size;
      case Width::kMlp: return config.d_ff;
      case Width::kExpert: return config.expert_d_ff;
      case Width::kSharedExpert: return config.shared_expert_d_ff;
      case Width::kExperts: return config.experts;
    }
    return 0;
  };
  return static_cast<uint64_t>(size());
}

bool Holds(Has has, const ModelPlan& plan) {
  switch (has) {
    case Has::kAlways: return true;
    case Has::kBias: return plan.qkv_bias;
    case Has::kHeadNorms: return plan.head_norms;
    case Has::kDense: return plan.config.experts == 0;
    case Has::kExperts: return plan.config.experts > 0;
    case Has::kSharedExpert: return plan.config.shared_expert_d_ff > 0;
  }
  return false;
}

PlannedTensor PlanBlockTensor(const BlockTensor& tensor, const LlamaConfig& config, int layer) {
  PlannedTensor planned{.name = fmt::format("blk.{}.{}", layer, tensor.gguf), .shape = {}, .huggingface = {}};
  const bool is_mixtral = config.family == "llama" && !tensor.mixtral.empty();
  const std::string_view name = is_mixtral ? tensor.mixtral : tensor.huggingface;
  const size_t place = name.find("{}");
  if (place == std::string_view::npos) {
    planned.huggingface.push_back(fmt::format("model.layers.{}.{}", layer, name));
  } else {
    for (int expert = 0; expert < config.experts; ++expert) {
      planned.huggingface.push_back(
          fmt::format("model.layers.{}.{}{}{}", layer, name.substr(0, place), expert, name.substr(place + 2)));
    }
    planned.shape.push_back(Size(Width::kExperts, config));
  }
  if (tensor.rows != Width::kNone) planned.shape.push_back(Size(tensor.rows, config));
  planned.shape.push_back(Size(tensor.columns, config));
  if (config.adjacent_pairs && tensor.order == Rows::kQueryPairs) planned.pair_heads = config.heads;
  if (config.adjacent_pairs && tensor.order == Rows::kKeyPairs) planned.pair_heads = config.kv_heads;
  return planned;
}

// The context tokens with which a pair between slow and fast gets its divisor, given the two factors of all published
// models; those of the models that were published first where no pair tells.
double OriginalContext(std::span<const float> divisors, const Llama3Scaling& scaling, double theta, int head_size) {
  for (size_t pair = 0; pair < divisors.size(); ++pair) {
    const double unscaled = (1.0 / divisors[pair] - 1 / scaling.factor) / (1 - 1 / scaling.factor);
    if (!(unscaled > 0.01 && unscaled < 0.99)) continue;
    const double frequency = std::pow(theta, -2.0 * static_cast<double>(pair) / head_size);
    const double turns = unscaled * (scaling.high_frequency_factor - scaling.low_frequency_factor) +
                         scaling.low_frequency_factor;
    return std::round(turns * 2 * std::numbers::pi / frequency);
  }
  return scaling.original_context_tokens;
}

// A file holds the divisors only. The factor is that of the slowest pairs.
Result<std::optional<Llama3Scaling>> FindLlama3Scaling(const formats::GgufFile& file, double theta, int head_size) {
  const formats::TensorEntry* tensor = file.FindTensor("rope_freqs.weight");
  if (tensor == nullptr) return std::optional<Llama3Scaling>();
  std::vector<float> found(static_cast<size_t>(head_size / 2));  // ReadLlamaConfig has compared the size
  tensor::Dequantize(tensor->type, file.Data(*tensor), found);
  Llama3Scaling scaling{.factor = *std::ranges::max_element(found)};
  scaling.original_context_tokens = OriginalContext(found, scaling, theta, head_size);
  const std::vector<float> expected = RopeDivisors(scaling, theta, head_size);
  const bool same = std::ranges::equal(found, expected, [](float a, float b) { return std::abs(a - b) <= 1e-4f * b; });
  if (same) return std::optional(scaling);
  return Fail(ErrorCode::kUnsupported,
              "rope_freqs.weight: expected Llama 3's scaling with the factors 1 and 4, found other numbers");
}

}  // namespace

std::vector<float> RopeDivisors(const Llama3Scaling& scaling, double theta, int head_size) {
  std::vector<float> divisors;
  for (int pair = 0; pair < head_size / 2; ++pair) {
    const double frequency = std::pow(theta, -2.0 * pair / head_size);
    const double turns = scaling.original_context_tokens * frequency / (2 * std::numbers::pi);  // within that context
    const double span = scaling.high_frequency_factor - scaling.low_frequency_factor;
    const double unscaled = std::clamp((turns - scaling.low_frequency_factor) / span, 0.0, 1.0);
    divisors.push_back(static_cast<float>(1.0 / ((1 - unscaled) / scaling.factor + unscaled)));
  }
  return divisors;
}

Result<ModelPlan> ReadModelPlan(const formats::GgufFile& file) {
  ModelPlan plan;
  TRY_ASSIGN(plan.config, ReadLlamaConfig(file));
  plan.config.rope_frequencies.clear();
  const std::string prefix = plan.config.family + ".";
  if (const auto name = file.Text("general.name")) plan.name = *name;
  if (const auto theta = file.Float(prefix + "rope.freq_base")) plan.rope_theta = *theta;
  const auto scaling = file.Text(prefix + "rope.scaling.type");
  if (scaling && *scaling == "linear") {
    if (const auto factor = file.Float(prefix + "rope.scaling.factor")) plan.linear_scaling = *factor;
  }
  TRY_ASSIGN(plan.llama3_scaling, FindLlama3Scaling(file, plan.rope_theta, plan.config.head_size));
  plan.tied_head = file.FindTensor("output.weight") == nullptr;
  plan.qkv_bias = file.FindTensor("blk.0.attn_q.bias") != nullptr;
  plan.head_norms = file.FindTensor("blk.0.attn_q_norm.weight") != nullptr;
  return plan;
}

std::vector<PlannedTensor> PlanTensors(const ModelPlan& plan) {
  const LlamaConfig& config = plan.config;
  const auto vocabulary = static_cast<uint64_t>(config.vocabulary);
  const uint64_t d_model = Size(Width::kModel, config);
  std::vector<PlannedTensor> tensors;
  tensors.push_back({"token_embd.weight", {vocabulary, d_model}, {"model.embed_tokens.weight"}});
  if (!plan.tied_head) tensors.push_back({"output.weight", {vocabulary, d_model}, {"lm_head.weight"}});
  tensors.push_back({"output_norm.weight", {d_model}, {"model.norm.weight"}});
  for (int layer = 0; layer < config.layers; ++layer) {
    for (const BlockTensor& tensor : kBlockTensors) {
      if (Holds(tensor.has, plan)) tensors.push_back(PlanBlockTensor(tensor, config, layer));
    }
  }
  return tensors;
}

std::vector<int32_t> RowOrder(const PlannedTensor& tensor, int head_size) {
  std::vector<int32_t> order;
  for (int head = 0; head < tensor.pair_heads; ++head) {
    for (int i = 0; i < head_size; ++i) order.push_back(head * head_size + i / 2 + i % 2 * (head_size / 2));
  }
  return order;
}

void AddConfigKeys(const ModelPlan& plan, formats::GgufWriter& writer) {
  const LlamaConfig& config = plan.config;
  const auto count = [&](std::string_view key, int value) {
    if (value > 0) writer.Add(fmt::format("{}.{}", config.family, key), static_cast<uint64_t>(value));
  };
  writer.Add("general.architecture", config.family);
  writer.Add("general.name", plan.name);
  count("block_count", config.layers);
  count("context_length", config.context_tokens);
  count("embedding_length", config.d_model);
  count("feed_forward_length", config.d_ff);
  count("attention.head_count", config.heads);
  count("attention.head_count_kv", config.kv_heads);
  count("attention.key_length", config.head_size);
  count("attention.value_length", config.head_size);
  count("rope.dimension_count", config.head_size);
  count("vocab_size", config.vocabulary);
  count("expert_count", config.experts);
  count("expert_used_count", config.experts_used);
  count("expert_feed_forward_length", config.expert_d_ff);
  count("expert_shared_feed_forward_length", config.shared_expert_d_ff);
  writer.Add(config.family + ".attention.layer_norm_rms_epsilon", static_cast<double>(config.rms_epsilon));
  writer.Add(config.family + ".rope.freq_base", plan.rope_theta);
  if (plan.linear_scaling != 1) {
    writer.Add(config.family + ".rope.scaling.type", "linear");
    writer.Add(config.family + ".rope.scaling.factor", plan.linear_scaling);
  }
}

void AddRopeTensor(const ModelPlan& plan, formats::GgufWriter& writer) {
  if (!plan.llama3_scaling) return;
  const std::vector<float> divisors = RopeDivisors(*plan.llama3_scaling, plan.rope_theta, plan.config.head_size);
  std::string bytes(base::AsText(std::as_bytes(std::span(divisors))));
  writer.AddTensor("rope_freqs.weight", tensor::DType::kF32, {divisors.size()},
                   [bytes = std::move(bytes)]() -> Result<std::string> { return bytes; });
}

const HuggingFaceFamily* FindHuggingFaceFamily(std::string_view architecture) {
  const auto found = std::ranges::find(kHuggingFaceFamilies, architecture, &HuggingFaceFamily::architecture);
  return found == kHuggingFaceFamilies.end() ? nullptr : &*found;
}

const HuggingFaceFamily* HuggingFaceFamilyOf(const LlamaConfig& config) {
  const auto found = std::ranges::find_if(kHuggingFaceFamilies, [&](const HuggingFaceFamily& family) {
    return family.family == config.family && family.experts == (config.experts > 0);
  });
  return found == kHuggingFaceFamilies.end() ? nullptr : &*found;
}

std::string HuggingFaceArchitectures() {
  std::string names;
  for (const HuggingFaceFamily& family : kHuggingFaceFamilies) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", family.architecture);
  }
  return names;
}

}  // namespace walchen::model
