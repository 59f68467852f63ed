// SPDX-License-Identifier: Apache-2.0
#include "model/llama_config.h"

#include <cmath>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;

struct Family {
  std::string_view name;
  bool adjacent_pairs;
  bool normalise_expert_weights;
};
constexpr Family kFamilies[] = {
    {"llama", true, true},      // Llama, Mistral, Mixtral, SmolLM2
    {"qwen2", false, true},
    {"qwen3", false, true},
    {"qwen2moe", false, false},
    {"qwen3moe", false, true},
};

// Numbers outside are no sizes of anything, and as floats they would become 0 or infinite.
constexpr double kSmallestNumber = 1e-30, kLargestNumber = 1e30;

// An integer key within [1, max].
Result<int> Count(const GgufFile& file, const std::string& key, int64_t max) {
  TRY_ASSIGN(const int64_t value, file.Int(key));
  if (value < 1 || value > max) {
    return Fail(ErrorCode::kCorrupt, "{} is {}, expected 1 to {}", key, value, max);
  }
  return static_cast<int>(value);
}
Result<int> CountOr(const GgufFile& file, const std::string& key, int64_t max, int fallback) {
  return file.Find(key) == nullptr ? Result<int>(fallback) : Count(file, key, max);
}
Result<float> PositiveOr(const GgufFile& file, const std::string& key, double fallback) {
  if (file.Find(key) == nullptr) return static_cast<float>(fallback);
  TRY_ASSIGN(const double value, file.Float(key));
  if (!(value > kSmallestNumber && value < kLargestNumber)) {
    return Fail(ErrorCode::kCorrupt, "{} is {}, expected a positive number", key, value);
  }
  return static_cast<float>(value);
}

// base^(-2i/n) for each pair, divided by the factors of rope_freqs.weight (Llama 3.1's scaling) or by one factor.
Result<std::vector<float>> RopeFrequencies(const GgufFile& file, const std::string& prefix, int head_size) {
  TRY_ASSIGN(const float theta, PositiveOr(file, prefix + "rope.freq_base", 10'000.0));
  double factor = 1.0;
  if (file.Find(prefix + "rope.scaling.type") != nullptr) {
    TRY_ASSIGN(const std::string_view type, file.Text(prefix + "rope.scaling.type"));
    if (type == "linear") {
      TRY_ASSIGN(factor, PositiveOr(file, prefix + "rope.scaling.factor", 1.0));
    } else if (type != "none") {
      return Fail(ErrorCode::kUnsupported, "{}rope.scaling.type is {}; supported are none, linear and Llama 3's", prefix,
                  base::Quoted(type));
    }
  }
  std::vector<float> divisors(static_cast<size_t>(head_size / 2), 1.0f);
  if (const formats::TensorEntry* tensor = file.FindTensor("rope_freqs.weight")) {
    if (tensor->type != tensor::DType::kF32 || tensor->values() != divisors.size()) {
      return Fail(ErrorCode::kCorrupt, "rope_freqs.weight: expected {} F32 values", divisors.size());
    }
    tensor::Dequantize(tensor->type, file.Data(*tensor), divisors);
  }
  std::vector<float> frequencies;
  for (size_t i = 0; i < divisors.size(); ++i) {
    if (!(divisors[i] > kSmallestNumber && divisors[i] < kLargestNumber)) {
      return Fail(ErrorCode::kCorrupt, "rope_freqs.weight: value {} is {}, expected a positive number", i, divisors[i]);
    }
    const double exponent = -2.0 * static_cast<double>(i) / head_size;
    const double frequency = std::pow(static_cast<double>(theta), exponent) / factor / divisors[i];
    if (frequency > kLargestNumber) {
      return Fail(ErrorCode::kCorrupt, "{}rope.freq_base {} and the scaling give pair {} the frequency {}", prefix, theta, i,
                  frequency);
    }
    frequencies.push_back(static_cast<float>(frequency));
  }
  return frequencies;
}

Result<void> ReadExperts(const GgufFile& file, const std::string& prefix, LlamaConfig& config) {
  const std::string count = prefix + "expert_count";
  if (file.Find(count) == nullptr) return {};
  TRY_ASSIGN(const int64_t experts, file.Int(count));
  if (experts == 0) return {};  // some converters write that into dense models
  TRY_ASSIGN(config.experts, Count(file, count, base::kModelMaxExperts));
  TRY_ASSIGN(config.experts_used, Count(file, prefix + "expert_used_count", config.experts));
  TRY_ASSIGN(config.expert_d_ff,
             CountOr(file, prefix + "expert_feed_forward_length", base::kModelMaxWidth, config.d_ff));
  if (config.expert_d_ff == 0) {
    return Fail(ErrorCode::kNotFound, "{0}expert_feed_forward_length and {0}feed_forward_length are missing", prefix);
  }
  TRY_ASSIGN(config.shared_expert_d_ff,
             CountOr(file, prefix + "expert_shared_feed_forward_length", base::kModelMaxWidth, 0));
  if (config.family == "qwen2moe" && config.shared_expert_d_ff == 0) config.shared_expert_d_ff = config.d_ff;
  return {};
}

Result<void> ReadHeads(const GgufFile& file, const std::string& prefix, LlamaConfig& config) {
  TRY_ASSIGN(config.heads, Count(file, prefix + "attention.head_count", base::kModelMaxHeads));
  TRY_ASSIGN(config.kv_heads, CountOr(file, prefix + "attention.head_count_kv", base::kModelMaxHeads, config.heads));
  TRY_ASSIGN(config.head_size,
             CountOr(file, prefix + "attention.key_length", base::kModelMaxWidth, config.d_model / config.heads));
  if (file.Find(prefix + "attention.key_length") == nullptr && config.d_model % config.heads != 0) {
    return Fail(ErrorCode::kCorrupt, "{0}embedding_length {1} is no multiple of {0}attention.head_count {2}, and there is no "
                "{0}attention.key_length", prefix, config.d_model, config.heads);
  }
  TRY_ASSIGN(const int value_size,
             CountOr(file, prefix + "attention.value_length", base::kModelMaxWidth, config.head_size));
  TRY_ASSIGN(const int rotated,
             CountOr(file, prefix + "rope.dimension_count", base::kModelMaxWidth, config.head_size));
  if (config.heads % config.kv_heads != 0) {
    return Fail(ErrorCode::kCorrupt, "{0}attention.head_count {1} is no multiple of {0}attention.head_count_kv {2}", prefix,
                config.heads, config.kv_heads);
  }
  if (value_size != config.head_size || rotated != config.head_size || config.head_size % 16 != 0 ||
      config.head_size > 512) {
    return Fail(ErrorCode::kUnsupported,
                "{0}attention.key_length is {1}, {0}attention.value_length {2}, {0}rope.dimension_count {3}: expected one "
                "number for all, a multiple of 16 up to 512", prefix, config.head_size, value_size, rotated);
  }
  return {};
}

}  // namespace

int64_t LlamaConfig::operations_per_token() const {
  const int64_t d = d_model;
  const int64_t attention = d * qkv_width() + d * q_width();
  const int64_t mlp = 3 * d * (experts == 0 ? d_ff : int64_t{experts_used} * expert_d_ff + shared_expert_d_ff);
  return 2 * layers * (attention + mlp);
}

Result<LlamaConfig> ReadLlamaConfig(const GgufFile& file) {
  LlamaConfig config;
  TRY_ASSIGN(const std::string_view name, file.Text("general.architecture"));
  if (name == kSenseArchitecture) {
    return Fail(ErrorCode::kInvalidArgument, "this is a sense, not a language model: name its base with --model, and this file "
                "with --sense");
  }
  const Family* family = nullptr;
  for (const Family& candidate : kFamilies) {
    if (candidate.name == name) family = &candidate;
  }
  if (family == nullptr) {
    return Fail(ErrorCode::kUnsupported,
                "general.architecture {} is not supported; llama (Mistral, SmolLM2), qwen2, qwen3 and their mixtures of "
                "experts are", base::Quoted(name));
  }
  config.family = name;
  config.adjacent_pairs = family->adjacent_pairs;
  config.normalise_expert_weights = family->normalise_expert_weights;
  const std::string prefix = config.family + ".";
  TRY_ASSIGN(config.layers, Count(file, prefix + "block_count", base::kModelMaxLayers));
  TRY_ASSIGN(config.d_model, Count(file, prefix + "embedding_length", base::kModelMaxWidth));
  TRY_ASSIGN(config.d_ff, CountOr(file, prefix + "feed_forward_length", base::kModelMaxWidth, 0));
  TRY_ASSIGN(config.context_tokens, Count(file, prefix + "context_length", base::kContextMaxTokens));
  TRY_ASSIGN(config.rms_epsilon, PositiveOr(file, prefix + "attention.layer_norm_rms_epsilon", 1e-5));
  TRY(ReadHeads(file, prefix, config));
  TRY(ReadExperts(file, prefix, config));
  if (config.experts == 0 && config.d_ff == 0) {
    return Fail(ErrorCode::kNotFound, "{}feed_forward_length is missing", prefix);
  }
  TRY_ASSIGN(config.rope_frequencies, RopeFrequencies(file, prefix, config.head_size));
  const formats::TensorEntry* embedding = file.FindTensor("token_embd.weight");
  if (embedding == nullptr) return Fail(ErrorCode::kNotFound, "the model file has no tensor token_embd.weight");
  if (embedding->shape.size() != 2 || embedding->shape[0] < 1 || embedding->shape[0] > base::kVocabularyMaxTokens) {
    return Fail(ErrorCode::kCorrupt, "token_embd.weight is no matrix of 1 to {} rows", base::kVocabularyMaxTokens);
  }
  config.vocabulary = static_cast<int>(embedding->shape[0]);
  return config;
}

}  // namespace walchen::model
