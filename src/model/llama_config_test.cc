// SPDX-License-Identifier: Apache-2.0
#include "model/llama_config.h"

#include <limits>

#include "base/limits.h"
#include "model/test_model.h"

namespace walchen::model {
namespace {

using tensor::DType;

Error ErrorOf(const TestGguf& file) {
  const auto config = ReadLlamaConfig(file);
  return config ? Error(ErrorCode::kIo, "there was none") : config.error();
}

// The error is of this kind and names the key.
void ExpectError(const TestGguf& file, ErrorCode code, std::string_view key) {
  const Error error = ErrorOf(file);
  EXPECT_EQ(error.code(), code) << key << ": " << error.message();
  EXPECT_NE(error.message().find(key), std::string::npos) << error.message() << " does not name " << key;
}

TEST(LlamaConfig, ReadsADenseModel) {
  const auto file = MakeTestModel({});
  const auto config = ReadLlamaConfig(*file);
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->family, "llama");
  EXPECT_EQ(config->layers, 2);
  EXPECT_EQ(config->d_model, 32);
  EXPECT_EQ(config->heads, 4);
  EXPECT_EQ(config->kv_heads, 2);
  EXPECT_EQ(config->head_size, 16);
  EXPECT_EQ(config->d_ff, 64);
  EXPECT_EQ(config->vocabulary, 37);
  EXPECT_EQ(config->context_tokens, 4096);
  EXPECT_EQ(config->rms_epsilon, 1e-5f);
  EXPECT_EQ(config->experts, 0);
  EXPECT_TRUE(config->adjacent_pairs);
  EXPECT_EQ(config->group(), 2);
  EXPECT_EQ(config->q_width(), 64);
  EXPECT_EQ(config->kv_width(), 32);
  EXPECT_EQ(config->qkv_width(), 128);
}

TEST(LlamaConfig, KnowsWhatTheFamiliesDifferIn) {
  const struct {
    const char* family;
    bool adjacent_pairs, normalise;
  } kCases[] = {{"llama", true, true}, {"qwen2", false, true}, {"qwen3", false, true}, {"qwen2moe", false, false},
                {"qwen3moe", false, true}};
  for (const auto& expected : kCases) {
    const auto config = ReadLlamaConfig(*MakeTestModel({.family = expected.family, .experts = 4}));
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->adjacent_pairs, expected.adjacent_pairs) << expected.family;
    EXPECT_EQ(config->normalise_expert_weights, expected.normalise) << expected.family;
    EXPECT_EQ(config->experts, 4);
    EXPECT_EQ(config->experts_used, 2);
    EXPECT_EQ(config->expert_d_ff, 32);
  }
}

TEST(LlamaConfig, RefusesOtherArchitecturesByName) {
  const auto file = MakeTestModel({});
  file->SetText("general.architecture", "mamba");
  ExpectError(*file, ErrorCode::kUnsupported, "mamba");
  file->Remove("general.architecture");
  ExpectError(*file, ErrorCode::kNotFound, "general.architecture");
  file->SetInt("general.architecture", 3);
  ExpectError(*file, ErrorCode::kCorrupt, "general.architecture");
}

TEST(LlamaConfig, NamesEveryKeyItMisses) {
  for (const char* key : {"llama.block_count", "llama.embedding_length", "llama.context_length", "llama.attention.head_count",
                          "llama.feed_forward_length"}) {
    const auto file = MakeTestModel({});
    file->Remove(key);
    ExpectError(*file, ErrorCode::kNotFound, key);
  }
  const auto mixture = MakeTestModel({.experts = 4});
  mixture->Remove("llama.expert_used_count");
  ExpectError(*mixture, ErrorCode::kNotFound, "llama.expert_used_count");
}

TEST(LlamaConfig, RefusesCountsThatNoModelHas) {
  const std::pair<const char*, int64_t> kBounds[] = {
      {"block_count", base::kModelMaxLayers}, {"embedding_length", base::kModelMaxWidth},
      {"feed_forward_length", base::kModelMaxWidth}, {"context_length", base::kContextMaxTokens},
      {"attention.head_count", base::kModelMaxHeads}, {"attention.head_count_kv", base::kModelMaxHeads},
      {"attention.key_length", base::kModelMaxWidth}, {"attention.value_length", base::kModelMaxWidth},
      {"rope.dimension_count", base::kModelMaxWidth}, {"expert_used_count", 4},
      {"expert_feed_forward_length", base::kModelMaxWidth}, {"expert_shared_feed_forward_length", base::kModelMaxWidth}};
  for (const auto& [name, bound] : kBounds) {
    const std::string key = "qwen2moe." + std::string(name);
    for (const int64_t value : {int64_t{0}, int64_t{-1}, bound + 1, std::numeric_limits<int64_t>::max()}) {
      const auto file = MakeTestModel({.family = "qwen2moe", .experts = 4, .shared_expert_d_ff = 32});
      file->SetInt(key, value);
      ExpectError(*file, ErrorCode::kCorrupt, key);
    }
    const auto file = MakeTestModel({.family = "qwen2moe", .experts = 4, .shared_expert_d_ff = 32});
    file->Set(key, formats::GgufValue(std::numeric_limits<uint64_t>::max()));
    ExpectError(*file, ErrorCode::kCorrupt, key);
    file->SetText(key, "many");
    ExpectError(*file, ErrorCode::kCorrupt, key);
  }
}

TEST(LlamaConfig, RefusesTooManyExperts) {
  for (const int64_t value : {int64_t{-1}, base::kModelMaxExperts + 1}) {
    const auto file = MakeTestModel({.experts = 4});
    file->SetInt("llama.expert_count", value);
    ExpectError(*file, ErrorCode::kCorrupt, "llama.expert_count");
  }
}

TEST(LlamaConfig, TakesZeroExpertsForADenseModel) {
  const auto file = MakeTestModel({});
  file->SetInt("llama.expert_count", 0);
  file->SetInt("llama.expert_used_count", 0);
  const auto config = ReadLlamaConfig(*file);
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->experts, 0);
}

TEST(LlamaConfig, RefusesNumbersThatAreNotPositive) {
  for (const char* key : {"llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base", "llama.rope.scaling.factor"}) {
    for (const double value : {0.0, -1.0, 1e-300, 1e300, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
      const auto file = MakeTestModel({});
      file->SetText("llama.rope.scaling.type", "linear");
      file->SetFloat(key, value);
      ExpectError(*file, ErrorCode::kCorrupt, key);
    }
    const auto file = MakeTestModel({});
    file->SetText("llama.rope.scaling.type", "linear");
    file->SetText(key, "1");
    ExpectError(*file, ErrorCode::kCorrupt, key);
  }
}

TEST(LlamaConfig, RefusesHeadsThatDoNotFit) {
  const auto uneven = MakeTestModel({.heads = 4, .kv_heads = 3});
  ExpectError(*uneven, ErrorCode::kCorrupt, "llama.attention.head_count_kv");
  const auto more_keys = MakeTestModel({.heads = 2, .kv_heads = 4});
  ExpectError(*more_keys, ErrorCode::kCorrupt, "llama.attention.head_count_kv");
  for (const char* key : {"llama.attention.key_length", "llama.attention.value_length", "llama.rope.dimension_count"}) {
    for (const int64_t size : {8, 24, 528}) {
      const auto file = MakeTestModel({});
      file->SetInt(key, size);
      ExpectError(*file, ErrorCode::kUnsupported, key);
    }
  }
}

TEST(LlamaConfig, RefusesAWidthThatHeadsDoNotShareEvenly) {
  const auto file = MakeTestModel({.d_model = 40, .heads = 3, .kv_heads = 1});
  for (const char* key : {"llama.attention.key_length", "llama.attention.value_length"}) file->Remove(key);
  ExpectError(*file, ErrorCode::kCorrupt, "llama.attention.key_length");
  file->SetInt("llama.embedding_length", 2);  // fewer values than heads: the head size would be 0
  ExpectError(*file, ErrorCode::kCorrupt, "llama.attention.key_length");
}

TEST(LlamaConfig, DerivesWhatTheFileLeavesOut) {
  const auto file = MakeTestModel({.d_model = 64, .heads = 4, .kv_heads = 4});
  for (const char* key : {"llama.attention.head_count_kv", "llama.attention.key_length", "llama.attention.value_length",
                          "llama.rope.freq_base", "llama.attention.layer_norm_rms_epsilon"}) {
    file->Remove(key);
  }
  const auto config = ReadLlamaConfig(*file);
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->kv_heads, 4);
  EXPECT_EQ(config->head_size, 16);
  EXPECT_EQ(config->rms_epsilon, 1e-5f);
  EXPECT_FLOAT_EQ(config->rope_frequencies[1], static_cast<float>(std::pow(10'000.0, -2.0 / 16)));
}

TEST(LlamaConfig, FindsTheWidthOfExperts) {
  const auto file = MakeTestModel({.family = "qwen2moe", .experts = 4});
  file->Remove("qwen2moe.expert_feed_forward_length");
  auto config = ReadLlamaConfig(*file);
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->expert_d_ff, 64);
  EXPECT_EQ(config->shared_expert_d_ff, 64) << "a Qwen2-MoE always has one, as wide as the dense MLP if not said otherwise";
  file->Remove("qwen2moe.feed_forward_length");
  ExpectError(*file, ErrorCode::kNotFound, "qwen2moe.expert_feed_forward_length");
  const auto pure = MakeTestModel({.experts = 4});
  pure->Remove("llama.feed_forward_length");
  config = ReadLlamaConfig(*pure);
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->d_ff, 0);
  EXPECT_EQ(config->expert_d_ff, 32);
}

TEST(LlamaConfig, TurnsPairsByPowersOfTheBase) {
  const auto config = ReadLlamaConfig(*MakeTestModel({}));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->rope_frequencies.size(), 8U);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(config->rope_frequencies[i], static_cast<float>(std::pow(10'000.0, -2.0 * static_cast<double>(i) / 16)));
  }
}

TEST(LlamaConfig, ScalesRotationLinearlyOrByTheTensor) {
  const auto file = MakeTestModel({});
  const std::vector<float> plain = ReadLlamaConfig(*file)->rope_frequencies;
  file->SetText("llama.rope.scaling.type", "none");
  EXPECT_EQ(ReadLlamaConfig(*file)->rope_frequencies, plain);
  file->SetText("llama.rope.scaling.type", "linear");
  EXPECT_EQ(ReadLlamaConfig(*file)->rope_frequencies, plain) << "without a factor";
  file->SetFloat("llama.rope.scaling.factor", 4.0);
  const std::vector<float> divisors = {1, 1, 2, 4, 8, 8, 8, 8};
  file->SetTensor("rope_freqs.weight", DType::kF32, {8}, divisors);
  const auto config = ReadLlamaConfig(*file);
  ASSERT_TRUE(config) << config.error().message();
  for (size_t i = 0; i < 8; ++i) EXPECT_FLOAT_EQ(config->rope_frequencies[i], plain[i] / 4 / divisors[i]);
}

TEST(LlamaConfig, RefusesScalingItDoesNotKnow) {
  const auto file = MakeTestModel({});
  file->SetText("llama.rope.scaling.type", "yarn");
  ExpectError(*file, ErrorCode::kUnsupported, "yarn");
  ExpectError(*file, ErrorCode::kUnsupported, "llama.rope.scaling.type");
}

TEST(LlamaConfig, RefusesBrokenRotationTensors) {
  const auto file = MakeTestModel({});
  file->SetTensor("rope_freqs.weight", DType::kF32, {7}, std::vector<float>(7, 1.0f));
  ExpectError(*file, ErrorCode::kCorrupt, "rope_freqs.weight");
  file->SetTensor("rope_freqs.weight", DType::kF16, {8}, std::vector<float>(8, 1.0f));
  ExpectError(*file, ErrorCode::kCorrupt, "rope_freqs.weight");
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> divisors(8, 1.0f);
    divisors[3] = bad;
    file->SetTensor("rope_freqs.weight", DType::kF32, {8}, divisors);
    ExpectError(*file, ErrorCode::kCorrupt, "rope_freqs.weight");
  }
}

TEST(LlamaConfig, RefusesFrequenciesThatOverflow) {
  const auto file = MakeTestModel({});
  file->SetFloat("llama.rope.freq_base", 1e-20);
  file->SetText("llama.rope.scaling.type", "linear");
  file->SetFloat("llama.rope.scaling.factor", 1e-20);
  ExpectError(*file, ErrorCode::kCorrupt, "llama.rope.freq_base");
}

TEST(LlamaConfig, TakesTheVocabularyFromTheEmbedding) {
  const auto file = MakeTestModel({});
  const std::vector<float> values(64);
  file->SetTensor("token_embd.weight", DType::kF32, {64}, values);
  ExpectError(*file, ErrorCode::kCorrupt, "token_embd.weight");
  file->SetTensor("token_embd.weight", DType::kF32, {static_cast<uint64_t>(base::kVocabularyMaxTokens) + 1, 1}, values);
  ExpectError(*file, ErrorCode::kCorrupt, "token_embd.weight");
  file->RemoveTensor("token_embd.weight");
  ExpectError(*file, ErrorCode::kNotFound, "token_embd.weight");
}

}  // namespace
}  // namespace walchen::model
