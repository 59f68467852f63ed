// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_config.h"

#include <algorithm>

#include "base/limits.h"

namespace walchen::model {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

tl::unexpected<Error> Unsupported(const JsonObject& config, std::string_view key, std::string_view expected) {
  return tl::unexpected(config.Wrong(key, expected));
}

Result<const HuggingFaceFamily*> ReadFamily(const JsonObject& config) {
  const std::string known = "a list with one of " + HuggingFaceArchitectures();
  const json* list = config.Find("architectures");
  if (list == nullptr || !list->is_array() || list->empty() || !list->front().is_string()) {
    return Unsupported(config, "architectures", known);
  }
  const std::string name = list->front().get<std::string>();
  if (const HuggingFaceFamily* family = FindHuggingFaceFamily(name)) return family;
  return Fail(ErrorCode::kUnsupported, "architecture {}: expected one of {}", base::Quoted(name),
              HuggingFaceArchitectures());
}

// What this engine computes in one way only.
Result<void> CheckFixedProperties(const JsonObject& config, const HuggingFaceFamily& family) {
  TRY_ASSIGN(const std::string activation, config.TextOr("hidden_act", "silu"));
  if (activation != "silu") return Unsupported(config, "hidden_act", "\"silu\"");
  TRY_ASSIGN(const bool mlp_bias, config.BoolOr("mlp_bias", false));
  if (mlp_bias) return Unsupported(config, "mlp_bias", "false");
  TRY_ASSIGN(const bool attention_bias, config.BoolOr("attention_bias", false));
  if (attention_bias) return Unsupported(config, "attention_bias", "false");
  TRY_ASSIGN(const bool qkv_bias, config.BoolOr("qkv_bias", family.qkv_bias));
  if (qkv_bias != family.qkv_bias) return Unsupported(config, "qkv_bias", family.qkv_bias ? "true" : "false");
  TRY_ASSIGN(const double rotated, config.PositiveOr("partial_rotary_factor", 1));
  if (rotated != 1) return Unsupported(config, "partial_rotary_factor", "1");
  if (config.Find("quantization_config") != nullptr) {
    return Unsupported(config, "quantization_config", "weights in F32, F16 or BF16, so no such member");
  }
  return {};
}

Result<void> ReadSizes(const JsonObject& config, LlamaConfig& sizes) {
  TRY_ASSIGN(sizes.layers, config.Count("num_hidden_layers", base::kModelMaxLayers));
  TRY_ASSIGN(sizes.d_model, config.Count("hidden_size", base::kModelMaxWidth));
  TRY_ASSIGN(sizes.heads, config.Count("num_attention_heads", base::kModelMaxHeads));
  TRY_ASSIGN(sizes.kv_heads, config.CountOr("num_key_value_heads", base::kModelMaxHeads, sizes.heads));
  TRY_ASSIGN(sizes.head_size, config.CountOr("head_dim", base::kModelMaxWidth, sizes.d_model / sizes.heads));
  TRY_ASSIGN(sizes.d_ff, config.Count("intermediate_size", base::kModelMaxWidth));
  TRY_ASSIGN(sizes.vocabulary, config.Count("vocab_size", base::kVocabularyMaxTokens));
  TRY_ASSIGN(sizes.context_tokens, config.Count("max_position_embeddings", base::kContextMaxTokens));
  TRY_ASSIGN(const double epsilon, config.PositiveOr("rms_norm_eps", 1e-6));
  sizes.rms_epsilon = static_cast<float>(epsilon);
  if (sizes.heads % sizes.kv_heads != 0) {
    return Unsupported(config, "num_key_value_heads", fmt::format("a divisor of {} heads", sizes.heads));
  }
  if (sizes.head_size % 16 != 0 || sizes.head_size == 0 || sizes.head_size > 512) {
    return Fail(ErrorCode::kUnsupported, "heads of {} values: expected a multiple of 16 up to 512", sizes.head_size);
  }
  return {};
}

// Attention that looks back over a window alone equals full attention in texts no longer than the window.
Result<void> ReadWindow(const JsonObject& config, LlamaConfig& sizes) {
  TRY_ASSIGN(const bool used, config.BoolOr("use_sliding_window", sizes.family == "llama"));
  if (!used) return {};
  TRY_ASSIGN(const int window, config.CountOr("sliding_window", base::kContextMaxTokens, sizes.context_tokens));
  sizes.context_tokens = std::min(sizes.context_tokens, window);
  return {};
}

Result<void> ReadExperts(const JsonObject& config, ModelPlan& plan) {
  LlamaConfig& sizes = plan.config;
  const bool is_mixtral = sizes.family == "llama";
  // transformers 5 writes Mixtral's name for the other families too.
  const char* count_key = config.Find("num_local_experts") != nullptr ? "num_local_experts" : "num_experts";
  TRY_ASSIGN(sizes.experts, config.Count(count_key, base::kModelMaxExperts));
  TRY_ASSIGN(sizes.experts_used, config.Count("num_experts_per_tok", sizes.experts));
  sizes.expert_d_ff = sizes.d_ff;
  if (is_mixtral) return {};
  TRY_ASSIGN(sizes.expert_d_ff, config.Count("moe_intermediate_size", base::kModelMaxWidth));
  TRY_ASSIGN(sizes.shared_expert_d_ff, config.CountOr("shared_expert_intermediate_size", base::kModelMaxWidth, 0));
  // GGUF has no key for it: readers know it from the architecture.
  const bool normalised = sizes.family == "qwen3moe";
  TRY_ASSIGN(const bool normalises, config.BoolOr("norm_topk_prob", false));
  if (normalises != normalised) return Unsupported(config, "norm_topk_prob", normalised ? "true" : "false");
  TRY_ASSIGN(const int step, config.CountOr("decoder_sparse_step", base::kModelMaxLayers, 1));
  if (step != 1) return Unsupported(config, "decoder_sparse_step", "1, experts in every layer");
  const json* dense_layers = config.Find("mlp_only_layers");
  if (dense_layers != nullptr && !dense_layers->empty()) {
    return Unsupported(config, "mlp_only_layers", "no layers, experts in every layer");
  }
  return {};
}

// transformers 4 writes rope_theta and rope_scaling, 5 both in rope_parameters.
Result<void> ReadRope(const JsonObject& config, ModelPlan& plan) {
  TRY_ASSIGN(JsonObject scaling, config.Object("rope_parameters"));
  if (config.Find("rope_parameters") == nullptr) {
    TRY_ASSIGN(scaling, config.Object("rope_scaling"));
  }
  TRY_ASSIGN(const double theta, config.PositiveOr("rope_theta", 10'000));
  TRY_ASSIGN(plan.rope_theta, scaling.PositiveOr("rope_theta", theta));
  TRY_ASSIGN(const std::string old_name, scaling.TextOr("type", "default"));
  TRY_ASSIGN(const std::string type, scaling.TextOr("rope_type", old_name));
  if (type == "default") return {};
  if (type != "linear" && type != "llama3") {
    return Fail(ErrorCode::kUnsupported, "rope scaling {}: expected default, linear or llama3", base::Quoted(type));
  }
  TRY_ASSIGN(const double factor, scaling.PositiveOr("factor", 1));
  if (type == "linear") {
    plan.linear_scaling = factor;
    return {};
  }
  Llama3Scaling llama3{.factor = factor};
  TRY_ASSIGN(llama3.low_frequency_factor, scaling.PositiveOr("low_freq_factor", llama3.low_frequency_factor));
  TRY_ASSIGN(llama3.high_frequency_factor, scaling.PositiveOr("high_freq_factor", llama3.high_frequency_factor));
  TRY_ASSIGN(llama3.original_context_tokens,
             scaling.PositiveOr("original_max_position_embeddings", llama3.original_context_tokens));
  if (llama3.high_frequency_factor <= llama3.low_frequency_factor) {
    return Unsupported(scaling, "high_freq_factor", "more than low_freq_factor");
  }
  plan.llama3_scaling = llama3;
  return {};
}

ordered_json RopeJson(const ModelPlan& plan) {
  if (plan.llama3_scaling) {
    const Llama3Scaling& scaling = *plan.llama3_scaling;
    return {{"rope_type", "llama3"},
            {"factor", scaling.factor},
            {"low_freq_factor", scaling.low_frequency_factor},
            {"high_freq_factor", scaling.high_frequency_factor},
            {"original_max_position_embeddings", static_cast<int64_t>(scaling.original_context_tokens)}};
  }
  if (plan.linear_scaling != 1) return {{"rope_type", "linear"}, {"factor", plan.linear_scaling}};
  return nullptr;
}

void AddExperts(const LlamaConfig& sizes, ordered_json& config) {
  if (sizes.experts == 0) return;
  config[sizes.family == "llama" ? "num_local_experts" : "num_experts"] = sizes.experts;
  config["num_experts_per_tok"] = sizes.experts_used;
  if (sizes.family == "llama") {
    config["intermediate_size"] = sizes.expert_d_ff;
    return;
  }
  config["moe_intermediate_size"] = sizes.expert_d_ff;
  if (sizes.shared_expert_d_ff > 0) config["shared_expert_intermediate_size"] = sizes.shared_expert_d_ff;
  config["norm_topk_prob"] = sizes.normalise_expert_weights;
  config["decoder_sparse_step"] = 1;
  config["mlp_only_layers"] = ordered_json::array();
}

}  // namespace

Result<ModelPlan> ReadHuggingFaceConfig(const JsonObject& config, bool has_head) {
  TRY_ASSIGN(const HuggingFaceFamily* family, ReadFamily(config));
  ModelPlan plan;
  plan.config.family = family->family;
  plan.config.adjacent_pairs = family->family == "llama";
  plan.qkv_bias = family->qkv_bias;
  plan.head_norms = family->head_norms;
  TRY(CheckFixedProperties(config, *family));
  TRY(ReadSizes(config, plan.config));
  TRY(ReadWindow(config, plan.config));
  if (family->experts) TRY(ReadExperts(config, plan));
  TRY(ReadRope(config, plan));
  TRY_ASSIGN(plan.tied_head, config.BoolOr("tie_word_embeddings", !has_head));
  return plan;
}

Result<std::string> WriteHuggingFaceConfig(const ModelPlan& plan, std::string_view dtype, const ConfigTokens& tokens) {
  const LlamaConfig& sizes = plan.config;
  const HuggingFaceFamily* family = HuggingFaceFamilyOf(sizes);
  const bool same = family != nullptr && family->qkv_bias == plan.qkv_bias && family->head_norms == plan.head_norms;
  if (!same) {
    return Fail(ErrorCode::kUnsupported,
                "Hugging Face has no class for architecture {} with{} experts, with{} biases and with{} head norms; "
                "export it as a GGUF file", sizes.family, sizes.experts > 0 ? "" : "out", plan.qkv_bias ? "" : "out",
                plan.head_norms ? "" : "out");
  }
  ordered_json config = {{"architectures", ordered_json::array({family->architecture})},
                         {"model_type", family->model_type},
                         {"dtype", dtype},
                         {"torch_dtype", dtype},
                         {"hidden_act", "silu"},
                         {"hidden_size", sizes.d_model},
                         {"intermediate_size", sizes.d_ff},
                         {"num_hidden_layers", sizes.layers},
                         {"num_attention_heads", sizes.heads},
                         {"num_key_value_heads", sizes.kv_heads},
                         {"head_dim", sizes.head_size},
                         {"vocab_size", sizes.vocabulary},
                         {"max_position_embeddings", sizes.context_tokens},
                         {"rms_norm_eps", sizes.rms_epsilon},
                         {"rope_theta", plan.rope_theta},
                         {"rope_scaling", RopeJson(plan)},
                         {"tie_word_embeddings", plan.tied_head},
                         {"attention_bias", false},
                         {"sliding_window", nullptr}};
  AddExperts(sizes, config);
  if (tokens.bos >= 0) config["bos_token_id"] = tokens.bos;
  if (tokens.eos >= 0) config["eos_token_id"] = tokens.eos;
  return config.dump(2) + "\n";
}

}  // namespace walchen::model
