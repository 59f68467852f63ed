// SPDX-License-Identifier: Apache-2.0
//
// Models for tests: real files of every family with random weights, small enough to be made and run in milliseconds. The
// vocabulary is the 256 bytes, a few merged words and three special tokens.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/rng.h"
#include "formats/gguf.h"
#include "formats/utf8.h"
#include "infer/model_file.h"
#include "tensor/quant.h"

namespace walchen::infer {

struct TinyOptions {
  std::string family = "llama";  // qwen2 has biases, qwen3 norms of queries and keys
  tensor::DType type = tensor::DType::kQ8_0;
  int d_model = 64;
  int experts = 0;
  int context_tokens = 4'096;
  uint64_t seed = 1;
};

// A model file before it is written: change what you like.
struct TinyModel {
  struct Tensor {
    std::string name;
    tensor::DType type;
    std::vector<uint64_t> shape;
    std::string bytes;
  };
  std::vector<std::pair<std::string, formats::GgufValue>> metadata;
  std::vector<Tensor> tensors;

  Tensor& Find(const std::string& name) {
    for (Tensor& tensor : tensors) {
      if (tensor.name == name) return tensor;
    }
    CHECK(false, "no tensor {}", name);
  }
  void Set(const std::string& key, formats::GgufValue value) {
    for (auto& [name, old] : metadata) {
      if (name == key) return void(old = std::move(value));
    }
    metadata.emplace_back(key, std::move(value));
  }
  void Remove(const std::string& key_or_tensor) {
    std::erase_if(metadata, [&](const auto& entry) { return entry.first == key_or_tensor; });
    std::erase_if(tensors, [&](const auto& tensor) { return tensor.name == key_or_tensor; });
  }
};

// Special tokens come last: <|im_start|>, <|im_end|>, <|endoftext|>.
inline constexpr int kTinyWords = 256 + 5;
inline constexpr formats::TokenId kTinyImStart = kTinyWords, kTinyImEnd = kTinyWords + 1, kTinyEndOfText = kTinyWords + 2;
inline constexpr int kTinyVocabulary = kTinyWords + 3;

// How GPT-2 spells a byte in its vocabulary: printable ones as themselves, the others as the letters from U+0100 on.
inline std::string TinyByteSpelling(int byte) {
  const auto printable = [](int b) { return (b >= 33 && b <= 126) || (b >= 161 && b != 173); };
  char32_t code = static_cast<char32_t>(byte);
  if (!printable(byte)) {
    code = 256;
    for (int b = 0; b < byte; ++b) code += printable(b) ? 0 : 1;
  }
  std::string spelling;
  formats::AppendUtf8(spelling, code);
  return spelling;
}

inline void AddTinyTokenizer(TinyModel& model) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(TinyByteSpelling(byte));
  for (const char* word : {"th", "the", "\u0120the", "in", "an"}) tokens.push_back(word);
  for (const char* special : {"<|im_start|>", "<|im_end|>", "<|endoftext|>"}) tokens.push_back(special);
  std::vector<int64_t> types(kTinyWords, 1);
  types.resize(kTinyVocabulary, 3);
  model.Set("tokenizer.ggml.model", "gpt2");
  model.Set("tokenizer.ggml.pre", "smollm");
  model.Set("tokenizer.ggml.tokens", formats::GgufArray(tokens));
  model.Set("tokenizer.ggml.token_type", formats::GgufArray(types));
  model.Set("tokenizer.ggml.merges",
            formats::GgufArray(std::vector<std::string>{"t h", "th e", "\u0120 the", "i n", "a n"}));
  model.Set("tokenizer.ggml.eos_token_id", int64_t{kTinyImEnd});
}

// Normal numbers with this deviation, rounded to the type.
inline void AddTinyTensor(TinyModel& model, base::Rng& rng, const std::string& name, tensor::DType type,
                          std::vector<uint64_t> shape, double mean, double deviation) {
  uint64_t count = 1;
  for (const uint64_t dimension : shape) count *= dimension;
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(mean + deviation * rng.Normal());
  const auto row_bytes = tensor::RowBytes(type, shape.back());
  CHECK(row_bytes.has_value());
  std::string bytes(*row_bytes * (count / shape.back()), '\0');
  tensor::Quantize(type, values, std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  model.tensors.push_back({name, type, std::move(shape), std::move(bytes)});
}

inline TinyModel MakeTinyModel(const TinyOptions& options = {}) {
  constexpr uint64_t kHeadSize = 16, kHeads = 4, kKvHeads = 2;
  const auto d = static_cast<uint64_t>(options.d_model), ff = 2 * d, experts = static_cast<uint64_t>(options.experts);
  TinyModel model;
  const std::string prefix = options.family + ".";
  model.Set("general.architecture", options.family);
  for (const auto& [key, value] : {std::pair<const char*, int64_t>{"block_count", 2},
                                   {"embedding_length", options.d_model},
                                   {"feed_forward_length", static_cast<int64_t>(ff)},
                                   {"context_length", options.context_tokens},
                                   {"attention.head_count", kHeads},
                                   {"attention.head_count_kv", kKvHeads},
                                   {"attention.key_length", kHeadSize}}) {
    model.Set(prefix + key, value);
  }
  if (experts > 0) {
    model.Set(prefix + "expert_count", int64_t{options.experts});
    model.Set(prefix + "expert_used_count", int64_t{2});
  }
  AddTinyTokenizer(model);

  base::Rng rng(options.seed);
  const tensor::DType plain = tensor::DType::kF32;
  const auto matrix = [&](const std::string& name, std::vector<uint64_t> shape) {
    const double deviation = 1.0 / std::sqrt(static_cast<double>(shape.back()));
    AddTinyTensor(model, rng, name, options.type, std::move(shape), 0, deviation);
  };
  const auto vector = [&](const std::string& name, uint64_t size, double mean) {
    AddTinyTensor(model, rng, name, plain, {size}, mean, 0.1);
  };
  AddTinyTensor(model, rng, "token_embd.weight", options.type, {kTinyVocabulary, d}, 0, 1);
  vector("output_norm.weight", d, 3);  // logits with a deviation of 3: likely and unlikely tokens, few ties
  matrix("output.weight", {kTinyVocabulary, d});
  for (int layer = 0; layer < 2; ++layer) {
    const std::string block = fmt::format("blk.{}.", layer);
    const struct {
      const char* name;
      uint64_t heads;
    } kProjections[] = {{"q", kHeads}, {"k", kKvHeads}, {"v", kKvHeads}};
    vector(block + "attn_norm.weight", d, 1);
    for (const auto& part : kProjections) {
      matrix(fmt::format("{}attn_{}.weight", block, part.name), {part.heads * kHeadSize, d});
      if (options.family.starts_with("qwen2")) vector(fmt::format("{}attn_{}.bias", block, part.name), part.heads * kHeadSize, 0);
      if (options.family.starts_with("qwen3") && *part.name != 'v') vector(fmt::format("{}attn_{}_norm.weight", block, part.name), kHeadSize, 1);
    }
    matrix(block + "attn_output.weight", {d, kHeads * kHeadSize});
    vector(block + "ffn_norm.weight", d, 1);
    if (experts == 0) {
      matrix(block + "ffn_gate.weight", {ff, d});
      matrix(block + "ffn_up.weight", {ff, d});
      matrix(block + "ffn_down.weight", {d, ff});
      continue;
    }
    AddTinyTensor(model, rng, block + "ffn_gate_inp.weight", plain, {experts, d}, 0, 0.3);
    matrix(block + "ffn_gate_exps.weight", {experts, ff, d});
    matrix(block + "ffn_up_exps.weight", {experts, ff, d});
    matrix(block + "ffn_down_exps.weight", {experts, d, ff});
    if (options.family != "qwen2moe") continue;
    matrix(block + "ffn_gate_shexp.weight", {ff, d});
    matrix(block + "ffn_up_shexp.weight", {ff, d});
    matrix(block + "ffn_down_shexp.weight", {d, ff});
    AddTinyTensor(model, rng, block + "ffn_gate_inp_shexp.weight", plain, {d}, 0, 0.3);
  }
  return model;
}

// A path nobody else uses; the file is removed with the object.
class TinyFile {
 public:
  TinyFile() {
    static std::atomic<int> count = 0;
    path_ = std::filesystem::temp_directory_path() / fmt::format("walchen-tiny-{}-{}.gguf", ::getpid(), count++);
  }
  explicit TinyFile(const TinyModel& model) : TinyFile() {
    formats::GgufWriter writer;
    for (const auto& [key, value] : model.metadata) writer.Add(key, value);
    for (const TinyModel::Tensor& tensor : model.tensors) {
      writer.AddTensor(tensor.name, tensor.type, tensor.shape, [&tensor] { return Result<std::string>(tensor.bytes); });
    }
    const auto written = writer.Write(base::Files::Os(), path_);
    CHECK(written.has_value(), "{}", written.error().ToString());
  }
  TinyFile(const TinyFile&) = delete;
  TinyFile& operator=(const TinyFile&) = delete;
  ~TinyFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const base::Path& path() const { return path_; }

 private:
  base::Path path_;
};

inline std::shared_ptr<const ModelFile> LoadTinyModel(const TinyModel& model) {
  const TinyFile file(model);
  auto loaded = ModelFile::Load(base::Files::Os(), file.path(), {.threads = 1});
  CHECK(loaded.has_value(), "{}", loaded.error().ToString());
  return *loaded;
}
inline std::shared_ptr<const ModelFile> LoadTinyModel(const TinyOptions& options = {}) {
  return LoadTinyModel(MakeTinyModel(options));
}

}  // namespace walchen::infer
