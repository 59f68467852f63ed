// SPDX-License-Identifier: Apache-2.0
//
// Every member of the Llama family on every backend and kernel path. The golden files are of transformers:
// scripts/golden/llama_models.py.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "infer/cpu_backend.h"
#include "infer/model_file.h"
#include "model/reference_backend.h"
#include "model/test_model.h"
#include "tensor/kernels/test_kernels.h"

namespace walchen {
namespace {

using infer::CpuBackend;
using model::LlamaConfig;
using model::LlamaWeights;
using model::ReferenceBackend;
using Numerics = ReferenceBackend::Numerics;
using tensor::DType;
using tensor::KvType;

const char* const kMembers[] = {"llama2", "llama3", "llama_linear", "mistral", "smollm2",
                                "qwen2",  "qwen3",  "mixtral",      "qwen2moe", "qwen3moe"};

template <class T>
std::vector<T> ReadArray(const base::Path& path) {
  const std::string bytes = base::Files::Os().Read(path, 1 << 20).value();
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

base::Path GoldenPath(const std::string& file) { return base::Path(WALCHEN_SOURCE_DIR) / "tests/golden/llama" / file; }

struct Golden {
  explicit Golden(const std::string& name) {
    file = std::move(formats::GgufFile::Open(base::Files::Os(), GoldenPath(name + ".gguf")).value());
    tokens = ReadArray<int32_t>(GoldenPath(name + ".ids"));
    logits = ReadArray<float>(GoldenPath(name + ".logits"));
  }
  std::unique_ptr<formats::GgufFile> file;
  std::vector<int32_t> tokens;
  std::vector<float> logits;
};

// Some rows of a golden model's logits.
std::vector<float> RowsOf(const std::vector<float>& logits, ptrdiff_t first, ptrdiff_t count) {
  return {logits.begin() + first * 131, logits.begin() + (first + count) * 131};
}

float Largest(const std::vector<float>& values) {
  float largest = 0;
  for (const float v : values) largest = std::max(largest, std::fabs(v));
  return largest;
}

// The largest difference, relative to the largest logit.
double Distance(const std::vector<float>& logits, const std::vector<float>& expected) {
  EXPECT_EQ(logits.size(), expected.size());
  if (logits.size() != expected.size()) return INFINITY;
  double distance = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double difference = std::fabs(logits[i] - expected[i]);
    if (std::isnan(difference)) return INFINITY;
    distance = std::max(distance, difference);
  }
  return distance / Largest(expected);
}

struct Reference {
  Reference(const formats::GgufFile& file, Numerics numerics, KvType kv_type = KvType::kF16)
      : config(model::ReadLlamaConfig(file).value()), backend(numerics, kv_type),
        weights(model::LoadLlama(backend, file, config).value()) {}
  std::vector<float> Run(std::span<const int32_t> tokens) {
    ReferenceBackend::Cache cache;
    return model::RunChunks(backend, config, weights, tokens, {tokens.size()}, cache);
  }
  LlamaConfig config;
  ReferenceBackend backend;
  LlamaWeights<ReferenceBackend> weights;
};

// A model on the cpu backend, with the pages of its sequences.
struct Cpu {
  Cpu(const formats::GgufFile& file, const tensor::KernelTable& kernels, int threads, KvType kv_type = KvType::kF16)
      : config(model::ReadLlamaConfig(file).value()), pool(threads),
        shape{.head = {.head_size = config.head_size, .type = kv_type}, .layers = config.layers, .kv_heads = config.kv_heads},
        backend(kernels, pool, shape), weights(model::LoadLlama(backend, file, config).value()) {}

  // Pages of bytes 0xFF, no numbers: reading what was never written shows.
  infer::KvPages Pages(size_t positions) {
    infer::KvPages cache;
    for (size_t i = 0; i < positions; i += tensor::kPagePositions) {
      memory.emplace_back(static_cast<size_t>(shape.page_bytes()), std::byte{0xFF});
      cache.pages.push_back(memory.back().data());
    }
    return cache;
  }
  std::vector<float> Run(std::span<const int32_t> tokens, const std::vector<size_t>& sizes) {
    infer::KvPages cache = Pages(tokens.size());
    return model::RunChunks(backend, config, weights, tokens, sizes, cache);
  }

  LlamaConfig config;
  base::ThreadPool pool;
  infer::KvShape shape;
  CpuBackend backend;
  LlamaWeights<CpuBackend> weights;
  std::vector<std::vector<std::byte>> memory;
};

TEST(Families, AgreeWithTransformersOnTheReference) {
  for (const char* name : kMembers) {
    const Golden golden(name);
    EXPECT_LT(Distance(Reference(*golden.file, Numerics::kFloat).Run(golden.tokens), golden.logits), 1e-5) << name;
    EXPECT_LT(Distance(Reference(*golden.file, Numerics::kExact).Run(golden.tokens), golden.logits), 1e-3) << name;
    EXPECT_LT(Distance(Reference(*golden.file, Numerics::kExact, KvType::kInt8).Run(golden.tokens), golden.logits), 2e-2) << name;
  }
}

// That the golden files tell right from wrong: each property of a family, taken away, shows.
TEST(Families, DifferInWhatTheConfigurationSays) {
  using Weights = LlamaWeights<ReferenceBackend>;
  const auto plain_rotation = [](LlamaConfig& config, Weights&) {
    for (size_t i = 0; i < config.rope_frequencies.size(); ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / config.head_size;
      config.rope_frequencies[i] = static_cast<float>(std::pow(10'000.0, exponent));
    }
  };
  const struct {
    const char* name;
    const char* what;
    void (*change)(LlamaConfig&, Weights&);
  } kChanges[] = {
      {"llama3", "rope_freqs.weight", plain_rotation},
      {"llama_linear", "rope.scaling.factor", plain_rotation},
      {"mistral", "rope.freq_base", plain_rotation},
      {"qwen2", "biases", [](LlamaConfig&, Weights& w) { w.blocks[1].qkv_bias.clear(); }},
      {"qwen3", "head norms", [](LlamaConfig&, Weights& w) { w.blocks[1].k_norm.clear(); }},
      {"mixtral", "weights that add up to 1", [](LlamaConfig&, Weights& w) { w.blocks[1].experts.normalise = false; }},
      {"qwen2moe", "weights that do not", [](LlamaConfig&, Weights& w) { w.blocks[1].experts.normalise = true; }},
      {"qwen2moe", "the shared expert", [](LlamaConfig&, Weights& w) { w.blocks[1].experts.has_shared = false; }},
      {"qwen3moe", "experts used", [](LlamaConfig&, Weights& w) { w.blocks[1].experts.used = 1; }},
      {"smollm2", "rope.freq_base", plain_rotation},
      {"llama2", "epsilon", [](LlamaConfig& config, Weights&) { config.rms_epsilon = 1e-2f; }},
  };
  for (const auto& [name, what, change] : kChanges) {
    const Golden golden(name);
    Reference changed(*golden.file, Numerics::kFloat);
    change(changed.config, changed.weights);
    EXPECT_GT(Distance(changed.Run(golden.tokens), golden.logits), 2e-3) << name << " without its " << what;
  }
}

TEST(Families, NeedTheRowOrderOfTheirQueriesAndKeys) {
  for (const char* name : {"llama2", "qwen2"}) {
    const Golden golden(name);
    Reference changed(*golden.file, Numerics::kFloat);
    changed.config.adjacent_pairs = !changed.config.adjacent_pairs;
    changed.weights = model::LoadLlama(changed.backend, *golden.file, changed.config).value();
    EXPECT_GT(Distance(changed.Run(golden.tokens), golden.logits), 2e-3) << name;
  }
}

TEST(Families, OpenAsModelFiles) {
  for (const char* name : kMembers) {
    const base::Path path = GoldenPath(name + std::string(".gguf"));
    const auto file = infer::ModelFile::Load(base::Files::Os(), path, {.threads = 1});
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ((*file)->name(), name);
    EXPECT_EQ((*file)->config().vocabulary, 131);
    EXPECT_EQ((*file)->tokenizer().Encode("the"), (std::vector<formats::TokenId>{130, 2 + 'e'})) << name;
  }
}

using FamiliesOnKernels = tensor::KernelTest;
INSTANTIATE_TEST_SUITE_P(Paths, FamiliesOnKernels,
                         testing::ValuesIn(tensor::AllKernels().begin(), tensor::AllKernels().end()), tensor::PathName);

TEST_P(FamiliesOnKernels, AgreeWithTransformers) {
  for (const char* name : kMembers) {
    const Golden golden(name);
    Cpu cpu(*golden.file, kernels(), 2);
    EXPECT_LT(Distance(cpu.Run(golden.tokens, {golden.tokens.size()}), golden.logits), 1e-3) << name;
  }
}

TEST_P(FamiliesOnKernels, EqualTheReferenceBitForBit) {
  if (!fused()) GTEST_SKIP() << kernels().name << " has no fused multiply-add and does not promise this";
  for (const char* name : kMembers) {
    const Golden golden(name);
    for (const KvType kv_type : tensor::kKvTypes) {
      const std::vector<float> expected = Reference(*golden.file, Numerics::kExact, kv_type).Run(golden.tokens);
      Cpu cpu(*golden.file, kernels(), 2, kv_type);
      for (const auto& sizes : {std::vector<size_t>{24}, {}, {5, 1, 9, 4}}) {
        EXPECT_EQ(cpu.Run(golden.tokens, sizes), expected) << name << " " << Name(kv_type) << " chunks " << sizes.size();
      }
    }
  }
}

// Also without fused multiply-add a path agrees with itself.
TEST_P(FamiliesOnKernels, GiveTheSameBitsForAnyThreadsChunksAndBatches) {
  for (const char* name : {"llama3", "qwen2moe"}) {
    const Golden golden(name);
    const std::span<const int32_t> tokens = golden.tokens;
    for (const KvType kv_type : tensor::kKvTypes) {
      const std::vector<float> expected = Cpu(*golden.file, kernels(), 1, kv_type).Run(tokens, {tokens.size()});
      Cpu cpu(*golden.file, kernels(), 3, kv_type);
      EXPECT_EQ(cpu.Run(tokens, {}), expected) << name;
      infer::KvPages a = cpu.Pages(24), b = cpu.Pages(24), c = cpu.Pages(24);
      const auto step = [&](const std::vector<model::TestChunk<infer::KvPages>>& chunks) {
        return model::RunStep(cpu.backend, cpu.config, cpu.weights, chunks);
      };
      const std::vector<float> begun = step({{tokens.first(10), 0, &a}, {tokens.first(3), 0, &b}});
      EXPECT_EQ(RowsOf(begun, 0, 10), RowsOf(expected, 0, 10)) << name;
      EXPECT_EQ(RowsOf(begun, 10, 3), RowsOf(expected, 0, 3)) << name;
      const std::vector<float> mixed =
          step({{tokens.subspan(10, 1), 10, &a}, {tokens.first(14), 0, &c}, {tokens.subspan(3, 1), 3, &b}});
      EXPECT_EQ(RowsOf(mixed, 0, 1), RowsOf(expected, 10, 1)) << name;
      EXPECT_EQ(RowsOf(mixed, 1, 14), RowsOf(expected, 0, 14)) << name;
      EXPECT_EQ(RowsOf(mixed, 15, 1), RowsOf(expected, 3, 1)) << name;
    }
  }
}

// Over more than a span of the cache, where threads share one sequence's attention.
TEST_P(FamiliesOnKernels, GiveTheSameBitsOverLongContexts) {
  constexpr size_t kTokens = tensor::kSpanPages * tensor::kPagePositions + 90;
  const auto file = model::MakeTestModel({.layers = 1, .heads = 2, .kv_heads = 1});
  const std::vector<int32_t> tokens = model::RandomTokens(kTokens, 37, 1);
  for (const KvType kv_type : tensor::kKvTypes) {
    const std::vector<float> logits = Cpu(*file, kernels(), 1, kv_type).Run(tokens, {kTokens});
    EXPECT_EQ(Cpu(*file, kernels(), 3, kv_type).Run(tokens, {1000, 70, 3, 1, 1, 1, 6}), logits);
    if (fused()) {
      EXPECT_EQ(Reference(*file, Numerics::kExact, kv_type).Run(tokens), logits);
    }
  }
}

// A model whose every row fits the blocks of 256; the head is smaller, and Q4_K_M's mixture of types comes up too.
model::TestModel WideModel(DType (*type_of)(std::string_view)) {
  return {.layers = 1, .d_model = 256, .heads = 4, .kv_heads = 1, .head_size = 64, .d_ff = 256, .vocabulary = 67,
          .tied_head = true, .type_of = type_of};
}

template <DType kType>
DType Always(std::string_view) { return kType; }
DType Mixed(std::string_view name) {
  if (name.find("attn_v") != std::string_view::npos || name.find("ffn_up") != std::string_view::npos) return DType::kQ6_K;
  if (name.find("attn_k") != std::string_view::npos) return DType::kF16;
  return name.find("ffn_down") != std::string_view::npos ? DType::kQ8_0 : DType::kQ4_K;
}

constexpr struct {
  DType (*type_of)(std::string_view);
  const char* name;
  double error;  // of the weights' rounding: a third more than measured; the model is random, the worst case for few bits
} kWeightTypes[] = {
    {Always<DType::kF32>, "F32", 1e-6}, {Always<DType::kF16>, "F16", 1e-3}, {Always<DType::kBF16>, "BF16", 0.01},
    {Always<DType::kQ8_0>, "Q8_0", 0.02}, {Always<DType::kQ6_K>, "Q6_K", 0.06}, {Always<DType::kQ5_0>, "Q5_0", 0.16},
    {Always<DType::kQ5_1>, "Q5_1", 0.12}, {Always<DType::kQ5_K>, "Q5_K", 0.12}, {Always<DType::kQ4_0>, "Q4_0", 0.32},
    {Always<DType::kQ4_1>, "Q4_1", 0.22}, {Always<DType::kIQ4_NL>, "IQ4_NL", 0.30}, {Always<DType::kQ4_K>, "Q4_K", 0.22},
    {Always<DType::kQ3_K>, "Q3_K", 0.42}, {Always<DType::kQ2_K>, "Q2_K", 0.85}, {Mixed, "mixed", 0.18},
};

double RelativeError(const std::vector<float>& logits, const std::vector<float>& expected) {
  double error = 0, size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(static_cast<double>(logits[i]) - expected[i], 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(error / size);
}

// Three steps: the file's rounding of the weights, our rounding of activations and cache, and the paths among each other.
TEST(QuantizedModels, StayNearTheFloatModelAndEqualTheReference) {
  const std::vector<int32_t> tokens = model::RandomTokens(7, 67, 2);
  const auto original = model::MakeTestModel(WideModel(Always<DType::kF32>));
  const std::vector<float> truth = Reference(*original, Numerics::kFloat).Run(tokens);
  for (const auto& weights : kWeightTypes) {
    const auto file = model::MakeTestModel(WideModel(weights.type_of));
    const std::vector<float> plain = Reference(*file, Numerics::kFloat).Run(tokens);
    EXPECT_LT(RelativeError(plain, truth), weights.error) << weights.name;
    const std::vector<float> exact = Reference(*file, Numerics::kExact).Run(tokens);
    EXPECT_LT(RelativeError(exact, plain), 0.02) << weights.name;
    for (const tensor::KernelTable* kernels : tensor::AllKernels()) {
      if (!kernels->supported()) continue;
      Cpu cpu(*file, *kernels, 2);
      const std::vector<float> logits = cpu.Run(tokens, {5, 1});
      if (kernels->name == "sse4") {
        EXPECT_LT(RelativeError(logits, plain), 0.02) << weights.name;
      } else {
        EXPECT_EQ(logits, exact) << weights.name << " on " << kernels->name;
      }
    }
  }
}

TEST(QuantizedModels, AreRefusedWithTheTensorsNameIfAScaleIsNoNumber) {
  base::ThreadPool pool(1);
  const tensor::KernelTable& kernels = *tensor::AllKernels().back();
  const auto file = model::MakeTestModel({.type_of = Always<DType::kQ8_0>});
  const LlamaConfig config = model::ReadLlamaConfig(*file).value();
  std::vector<std::byte> bad(64 * 34);  // 64 rows of 32 columns
  bad[34 * 63 + 1] = std::byte{0x7E};   // the last row's scale is NaN
  file->SetTensor("blk.1.ffn_up.weight", DType::kQ8_0, {64, 32}, bad);
  CpuBackend backend(kernels, pool, {.head = {.head_size = 16, .type = KvType::kF16}, .layers = 2, .kv_heads = 2});
  const auto weights = model::LoadLlama(backend, *file, config);
  ASSERT_FALSE(weights);
  EXPECT_EQ(weights.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(weights.error().message().find("blk.1.ffn_up.weight"), std::string::npos) << weights.error().message();
  file->SetTensor("blk.1.ffn_up.weight", DType::kI8, {64, 32}, std::vector<std::byte>(64 * 32));
  EXPECT_EQ(model::LoadLlama(backend, *file, config).error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace walchen
