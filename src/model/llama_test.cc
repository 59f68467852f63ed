// SPDX-License-Identifier: Apache-2.0
//
// The decoder over the reference backend. Against other engines' numbers: tests/parity/families_test.cc.
#include "model/llama.h"

#include "model/reference_backend.h"
#include "base/test_folder.h"
#include "model/test_lora.h"
#include "model/test_model.h"

namespace walchen::model {
namespace {

using Numerics = ReferenceBackend::Numerics;
using tensor::KvType;

const TestModel kDense = {.qkv_bias = true, .head_norms = true};
const TestModel kMixture = {.family = "qwen2moe", .experts = 4, .shared_expert_d_ff = 32};

// Some rows of logits.
std::vector<float> RowsOf(const std::vector<float>& logits, ptrdiff_t first, ptrdiff_t count) {
  return {logits.begin() + first * 37, logits.begin() + (first + count) * 37};
}

struct Loaded {
  Loaded(const TestModel& shape, Numerics numerics, KvType kv_type = KvType::kF16)
      : file(MakeTestModel(shape)), config(ReadLlamaConfig(*file).value()), backend(numerics, kv_type),
        weights(LoadLlama(backend, *file, config).value()) {}
  std::vector<float> Run(std::span<const int32_t> tokens, const std::vector<size_t>& sizes) {
    ReferenceBackend::Cache cache;
    return RunChunks(backend, config, weights, tokens, sizes, cache);
  }
  std::unique_ptr<TestGguf> file;
  LlamaConfig config;
  ReferenceBackend backend;
  LlamaWeights<ReferenceBackend> weights;
};

TEST(Llama, GivesTheSameBitsHoweverAPromptIsCut) {
  const std::vector<int32_t> tokens = RandomTokens(70, 37, 1);
  for (const TestModel& shape : {kDense, kMixture}) {
    for (const KvType kv_type : tensor::kKvTypes) {
      Loaded model(shape, Numerics::kExact, kv_type);
      const std::vector<float> whole = model.Run(tokens, {tokens.size()});
      ASSERT_EQ(whole.size(), tokens.size() * 37);
      EXPECT_EQ(model.Run(tokens, {}), whole);
      EXPECT_EQ(model.Run(tokens, {1, 63, 2}), whole);
      EXPECT_EQ(model.Run(tokens, {17, 40, 13}), whole);
    }
  }
}

TEST(Llama, GivesASequenceTheSameBitsBesideOthers) {
  const std::vector<int32_t> first = RandomTokens(20, 37, 2), second = RandomTokens(9, 37, 3);
  Loaded model(kMixture, Numerics::kExact);
  const std::vector<float> alone = model.Run(first, {20}), other = model.Run(second, {9});
  ReferenceBackend::Cache a, b;
  const std::span<const int32_t> first_span = first, second_span = second;
  RunStep(model.backend, model.config, model.weights, {{first_span.first(11), 0, &a}});
  const auto together =
      RunStep(model.backend, model.config, model.weights, {{second_span, 0, &b}, {first_span.subspan(11), 11, &a}});
  EXPECT_EQ(RowsOf(together, 0, 9), other);
  EXPECT_EQ(RowsOf(together, 9, 9), RowsOf(alone, 11, 9));
}

// One matrix, all of them, none: three adapters and the base in one step.
TEST(Llama, GivesASequenceTheSameBitsBesideOtherAdapters) {
  const auto file = MakeTestModel(kDense);
  const base::TestFolder folder;
  std::vector<LoraFile> adapters;
  for (const uint64_t seed : {1, 2, 3}) {
    const auto one_matrix = [](std::string_view name) { return name == "blk.1.attn_k.weight"; };
    TestLoraOptions options = {.seed = seed, .rank = 3 * seed};
    if (seed == 3) options.changes = one_matrix;
    const base::Path path = folder / fmt::format("{}.gguf", seed);
    MakeTestLora(*file, options).Write(path);
    adapters.push_back(LoraFile::Open(base::Files::Os(), path, *file).value());
  }
  const LlamaConfig config = ReadLlamaConfig(*file).value();
  const std::vector<int32_t> tokens = RandomTokens(12, 37, 6);
  ReferenceBackend backend(Numerics::kExact);
  const auto weights = LoadLlama(backend, *file, config, adapters).value(), plain = LoadLlama(backend, *file, config).value();
  std::vector<ReferenceBackend::Cache> caches(5);
  std::vector<std::vector<float>> alone;
  std::vector<TestChunk<ReferenceBackend::Cache>> chunks;
  for (const int adapter : {0, 2, -1, 1, 1}) {
    ReferenceBackend::Cache cache;
    alone.push_back(RunStep(backend, config, adapter < 0 ? plain : weights, {{tokens, 0, &cache, adapter}}));
    chunks.push_back({tokens, 0, &caches[chunks.size()], adapter});
  }
  const std::vector<float> together = RunStep(backend, config, weights, chunks);
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(RowsOf(together, 12 * static_cast<ptrdiff_t>(i), 12), alone[i]) << i;
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = i + 1; j < 4; ++j) EXPECT_NE(alone[i], alone[j]) << "an adapter that changes nothing";
  }
  EXPECT_EQ(alone[3], alone[4]);
}

TEST(Llama, RefusesAnAdapterOfAMatrixThatHasNoUpdates) {
  const auto file = MakeTestModel(kMixture);
  const base::TestFolder folder;
  for (const char* name : {"output.weight", "blk.1.ffn_gate_inp.weight", "blk.0.ffn_up_shexp.weight"}) {
    const auto shape = file->FindTensor(name)->shape;
    TestLora lora = MakeTestLora(*file, {.changes = [](auto matrix) { return matrix.ends_with("_q.weight"); }});
    lora.tensors.push_back({fmt::format("{}.lora_a", name), tensor::DType::kF32, {1, shape[1]}, std::vector<float>(shape[1])});
    lora.tensors.push_back({fmt::format("{}.lora_b", name), tensor::DType::kF32, {shape[0], 1}, std::vector<float>(shape[0])});
    lora.Write(folder / "lora.gguf");
    ReferenceBackend backend(Numerics::kFloat);
    const std::vector<LoraFile> adapters = {LoraFile::Open(base::Files::Os(), folder / "lora.gguf", *file).value()};
    const auto weights = LoadLlama(backend, *file, ReadLlamaConfig(*file).value(), adapters);
    ASSERT_FALSE(weights) << name;
    EXPECT_EQ(weights.error().code(), ErrorCode::kUnsupported);
    for (const char* word : {name, "lora.gguf", "model export --lora"}) {
      EXPECT_NE(weights.error().message().find(word), std::string::npos) << weights.error().message();
    }
  }
}

TEST(Llama, ComputesOnlyTheRowsThatAreWanted) {
  const std::vector<int32_t> tokens = RandomTokens(8, 37, 4);
  Loaded model(kDense, Numerics::kExact);
  const std::vector<float> whole = model.Run(tokens, {8});
  ReferenceBackend::Cache cache;
  Placement<ReferenceBackend::Cache> at;
  at.segments.push_back({.first_row = 0, .rows = 8, .first_position = 0, .cache = &cache});
  const std::vector<int32_t> wanted = {7, 2};
  const auto logits = Forward(model.backend, model.config, model.weights, std::span<const int32_t>(tokens), at,
                              std::span<const int32_t>(wanted));
  ASSERT_EQ(logits.rows, 2);
  EXPECT_EQ(RowsOf(logits.values, 0, 1), RowsOf(whole, 7, 1));
  EXPECT_EQ(RowsOf(logits.values, 1, 1), RowsOf(whole, 2, 1));
  const auto none = Forward(model.backend, model.config, model.weights, std::span<const int32_t>(tokens), at, {});
  EXPECT_EQ(none.rows, 0);
}

TEST(Llama, MeansTheSameInBothForms) {
  const std::vector<int32_t> tokens = RandomTokens(24, 37, 5);
  for (const TestModel& shape : {kDense, kMixture}) {
    Loaded plain(shape, Numerics::kFloat), exact(shape, Numerics::kExact);
    const std::vector<float> expected = plain.Run(tokens, {24}), logits = exact.Run(tokens, {24});
    float largest = 0;
    for (const float v : expected) largest = std::max(largest, std::fabs(v));
    for (size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], expected[i], 2e-3 * largest) << "halves in the cache";
  }
}

// Whatever is left out of a file, loading names it.
TEST(Llama, NamesWhatAFileLacks) {
  for (const TestModel& shape : {kDense, kMixture}) {
    const auto whole = MakeTestModel(shape);
    for (const formats::TensorEntry& tensor : whole->tensors()) {
      if (tensor.name == "output.weight" || tensor.name.ends_with("_norm.weight")) continue;  // may be missing, or as below
      const auto file = MakeTestModel(shape);
      file->RemoveTensor(tensor.name);
      const auto config = ReadLlamaConfig(*file);
      ReferenceBackend backend(Numerics::kFloat);
      const auto error = config ? LoadLlama(backend, *file, *config).error() : config.error();
      EXPECT_EQ(error.code(), ErrorCode::kNotFound) << tensor.name;
      EXPECT_NE(error.message().find(tensor.name), std::string::npos) << error.message();
    }
  }
  for (const char* norm : {"output_norm.weight", "blk.1.attn_norm.weight", "blk.1.ffn_norm.weight"}) {
    const auto file = MakeTestModel(kDense);
    file->RemoveTensor(norm);
    ReferenceBackend backend(Numerics::kFloat);
    const auto weights = LoadLlama(backend, *file, ReadLlamaConfig(*file).value());
    ASSERT_FALSE(weights) << norm;
    EXPECT_NE(weights.error().message().find(norm), std::string::npos) << weights.error().message();
  }
}

TEST(Llama, RefusesBiasesThatItWouldLeaveOut) {
  const auto file = MakeTestModel(kDense);
  file->SetTensor("blk.0.attn_output.bias", tensor::DType::kF32, {32}, std::vector<float>(32));
  ReferenceBackend backend(Numerics::kFloat);
  const auto weights = LoadLlama(backend, *file, ReadLlamaConfig(*file).value());
  ASSERT_FALSE(weights);
  EXPECT_EQ(weights.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace walchen::model
