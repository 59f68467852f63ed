// SPDX-License-Identifier: Apache-2.0
#include "model/random_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include "base/bytes.h"
#include "base/rng.h"
#include "model/byte_tokenizer.h"
#include "model/convert_values.h"
#include "model/tokenizer_keys.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using tensor::DType;

constexpr std::array kShapes = {
    // name, family, layers, d, heads, KV heads, head, d_ff, vocabulary, context, theta, epsilon, tied, ...
    ModelShape{"tiny", "llama", 2, 256, 4, 2, 64, 512, 1024, 2048, 1e4, 1e-5f, true},
    ModelShape{"tiny-moe", "qwen3moe", 2, 256, 4, 2, 64, 512, 1024, 2048, 1e6, 1e-6f, false, 0, 4, 2, 256},
    ModelShape{"smollm2-135m", "llama", 30, 576, 9, 3, 64, 1536, 49152, 8192, 1e5, 1e-5f, true},
    ModelShape{"smollm2-360m", "llama", 32, 960, 15, 5, 64, 2560, 49152, 8192, 1e5, 1e-5f, true},
    ModelShape{"smollm2-1.7b", "llama", 24, 2048, 32, 32, 64, 8192, 49152, 8192, 1.3e5, 1e-5f, true},
    ModelShape{"llama-1b", "llama", 16, 2048, 32, 8, 64, 8192, 128256, 131072, 5e5, 1e-5f, true, 32},
    ModelShape{"llama-3b", "llama", 28, 3072, 24, 8, 128, 8192, 128256, 131072, 5e5, 1e-5f, true, 32},
    ModelShape{"llama-8b", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 131072, 5e5, 1e-5f, false, 8},
    ModelShape{"mistral-7b", "llama", 32, 4096, 32, 8, 128, 14336, 32768, 32768, 1e6, 1e-5f, false},
    ModelShape{"qwen2.5-0.5b", "qwen2", 24, 896, 14, 2, 64, 4864, 151936, 32768, 1e6, 1e-6f, true},
    ModelShape{"qwen2.5-1.5b", "qwen2", 28, 1536, 12, 2, 128, 8960, 151936, 32768, 1e6, 1e-6f, true},
    ModelShape{"qwen3-0.6b", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, 40960, 1e6, 1e-6f, true},
    ModelShape{"qwen3-1.7b", "qwen3", 28, 2048, 16, 8, 128, 6144, 151936, 40960, 1e6, 1e-6f, true},
    ModelShape{"qwen3-4b", "qwen3", 36, 2560, 32, 8, 128, 9728, 151936, 40960, 1e6, 1e-6f, true},
    ModelShape{"qwen3-30b-a3b", "qwen3moe", 48, 2048, 32, 4, 128, 6144, 151936, 40960, 1e6, 1e-6f, false, 0, 128, 8, 768},
};

// Weights come in pieces of this many values: every block divides it, and it divides the largest matrices.
constexpr uint64_t kPieceValues = 256;
// Pieces in a pool. 1,024 of them are quantised in a moment, and no row of a real model holds one twice on average.
constexpr uint64_t kPoolPieces = 1'024;

// Random numbers are drawn from streams of their own for each purpose.
constexpr uint64_t kPoolStream = 1;
constexpr uint64_t kTensorStreams = 1'000;  // + the number of the tensor

// kPoolPieces pieces of normal numbers with this deviation, in this type.
std::string MakePool(DType type, double deviation, uint64_t seed, base::ThreadPool& threads) {
  const uint64_t piece_bytes = BytesOfBlocks(type, kPieceValues);
  std::string pool(kPoolPieces * piece_bytes, '\0');
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(pool));
  threads.Each(static_cast<int64_t>(kPoolPieces), [&](int64_t piece, int) {
    base::Rng rng(seed, kPoolStream);
    rng.set_position(static_cast<uint64_t>(piece) * kPieceValues * 4);  // a normal number takes four draws
    std::array<float, kPieceValues> values;
    for (float& value : values) value = static_cast<float>(rng.Normal() * deviation);
    tensor::Quantize(type, values, bytes.subspan(static_cast<uint64_t>(piece) * piece_bytes, piece_bytes));
  });
  return pool;
}

// Pools by type and number of columns, made when they are first asked for.
class Pools {
 public:
  Pools(uint64_t seed, base::ThreadPool& threads) : seed_(seed), threads_(threads) {}

  const std::string& Get(DType type, uint64_t columns) {
    std::string& pool = pools_[{type, columns}];
    if (pool.empty()) pool = MakePool(type, 1.0 / std::sqrt(static_cast<double>(columns)), seed_, threads_);
    return pool;
  }

 private:
  uint64_t seed_;
  base::ThreadPool& threads_;
  std::map<std::pair<DType, uint64_t>, std::string> pools_;
};

std::string RandomMatrix(const std::string& pool, DType type, uint64_t values, uint64_t seed, uint64_t stream,
                         base::ThreadPool& threads) {
  const uint64_t piece_bytes = BytesOfBlocks(type, kPieceValues);
  const uint64_t pieces = (values + kPieceValues - 1) / kPieceValues;
  std::string out(BytesOfBlocks(type, values), '\0');
  constexpr int64_t kDraws = 4;  // pieces chosen by one block of random numbers
  const auto groups = static_cast<int64_t>(pieces + kDraws - 1) / kDraws;
  threads.For(groups, 256, [&](int64_t begin, int64_t end, int) {
    for (int64_t group = begin; group < end; ++group) {
      const std::array<uint32_t, kDraws> draws = base::Philox(seed, stream, static_cast<uint64_t>(group));
      for (uint64_t i = 0; i < kDraws; ++i) {
        const uint64_t at = (static_cast<uint64_t>(group) * kDraws + i) * piece_bytes;
        if (at >= out.size()) break;
        const uint64_t from = draws[i] % kPoolPieces * piece_bytes;
        std::memcpy(out.data() + at, pool.data() + from, std::min(piece_bytes, out.size() - at));
      }
    }
  });
  return out;
}

// Norms are 1, biases 0: neither costs or changes anything that is measured.
std::string ConstantVector(std::string_view name, uint64_t values) {
  const std::vector<float> constant(values, name.ends_with(".bias") ? 0.0f : 1.0f);
  return std::string(base::AsText(std::as_bytes(std::span(constant))));
}

Result<GgufKeys> TokenizerOf(base::Files& files, const RandomModel& model) {
  if (model.tokenizer_from.empty()) return ByteTokenizer(model.plan.config.vocabulary);
  return ReadTokenizerKeys(files, model.tokenizer_from);
}

}  // namespace

std::span<const ModelShape> ModelShapes() { return kShapes; }

Result<const ModelShape*> FindModelShape(std::string_view name) {
  std::string known;
  for (const ModelShape& shape : kShapes) {
    if (shape.name == name) return &shape;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", shape.name);
  }
  return Fail(ErrorCode::kInvalidArgument, "shape {}: expected one of {}", base::Quoted(name), known);
}

ModelPlan PlanOf(const ModelShape& shape) {
  ModelPlan plan;
  plan.name = fmt::format("random {}", shape.name);
  LlamaConfig& config = plan.config;
  config.family = shape.family;
  config.layers = shape.layers;
  config.d_model = shape.d_model;
  config.heads = shape.heads;
  config.kv_heads = shape.kv_heads;
  config.head_size = shape.head_size;
  config.d_ff = shape.d_ff;
  config.vocabulary = shape.vocabulary;
  config.context_tokens = shape.context_tokens;
  config.rms_epsilon = shape.rms_epsilon;
  config.experts = shape.experts;
  config.experts_used = shape.experts_used;
  config.expert_d_ff = shape.expert_d_ff;
  config.adjacent_pairs = shape.family == "llama";
  plan.rope_theta = shape.rope_theta;
  plan.tied_head = shape.tied_head;
  plan.qkv_bias = shape.family == "qwen2";
  plan.head_norms = shape.family.starts_with("qwen3");
  if (shape.llama3_factor > 0) plan.llama3_scaling = Llama3Scaling{.factor = shape.llama3_factor};
  return plan;
}

Result<void> WriteRandomModel(base::Files& files, const RandomModel& model, const base::Path& output,
                              base::ThreadPool& pool, const OnTensor& on_tensor) {
  TRY_ASSIGN(GgufKeys tokenizer, TokenizerOf(files, model));
  TRY(PadTokens(tokenizer, model.plan.config.vocabulary));
  formats::GgufWriter writer;
  AddConfigKeys(model.plan, writer);
  writer.Add("general.file_type", uint64_t{model.mix->file_type});
  writer.Add("general.quantization_version", uint64_t{2});
  for (auto& [key, value] : tokenizer) writer.Add(std::move(key), std::move(value));
  AddRopeTensor(model.plan, writer);

  Pools pools(model.seed, pool);
  const std::vector<PlannedTensor> tensors = PlanTensors(model.plan);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const PlannedTensor& planned = tensors[i];
    const DType type =
        ChooseType(*model.mix, {planned.name, planned.shape, model.plan.config.layers, model.plan.tied_head});
    writer.AddTensor(planned.name, type, planned.shape, [&, i, type]() -> Result<std::string> {
      if (on_tensor) TRY(on_tensor(planned.name, i, tensors.size()));
      uint64_t values = 1;
      for (const uint64_t width : planned.shape) values *= width;
      const bool is_vector = planned.shape.size() == 1;
      if (is_vector) return ConstantVector(planned.name, values);
      return RandomMatrix(pools.Get(type, planned.shape.back()), type, values, model.seed, kTensorStreams + i, pool);
    });
  }
  return writer.Write(files, output);
}

}  // namespace walchen::model
