// SPDX-License-Identifier: Apache-2.0
//
// Model files made in memory, for tests: any keys, any tensors, also those no reader of files would let pass.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "formats/gguf.h"
#include "model/llama.h"
#include "tensor/quant.h"

namespace walchen::model {

class TestGguf : public formats::GgufFile {
 public:
  // Both replace what is there.
  void Set(const std::string& key, formats::GgufValue value) {
    Remove(key);
    metadata_.emplace_back(key, std::move(value));
  }
  void SetInt(const std::string& key, int64_t value) { Set(key, formats::GgufValue(value)); }
  void SetFloat(const std::string& key, double value) { Set(key, formats::GgufValue(value)); }
  void SetText(const std::string& key, std::string value) { Set(key, formats::GgufValue(std::move(value))); }
  void SetTensor(const std::string& name, tensor::DType type, std::vector<uint64_t> shape, std::vector<std::byte> data) {
    RemoveTensor(name);
    tensors_.push_back({.name = name, .type = type, .shape = std::move(shape), .offset = data_.size(), .size = data.size()});
    data_.push_back(std::move(data));
  }
  void SetTensor(const std::string& name, tensor::DType type, std::vector<uint64_t> shape, std::span<const float> values) {
    std::vector<std::byte> data(values.size() / tensor::Info(type).block_values * tensor::Info(type).block_bytes);
    tensor::Quantize(type, values, data);
    SetTensor(name, type, std::move(shape), std::move(data));
  }
  void Remove(std::string_view key) { std::erase_if(metadata_, [&](const auto& entry) { return entry.first == key; }); }
  void RemoveTensor(std::string_view name) { std::erase_if(tensors_, [&](const auto& tensor) { return tensor.name == name; }); }

  std::span<const std::pair<std::string, formats::GgufValue>> metadata() const override { return metadata_; }
  const formats::GgufValue* Find(std::string_view key) const override {
    for (const auto& [name, value] : metadata_) {
      if (name == key) return &value;
    }
    return nullptr;
  }
  std::span<const formats::TensorEntry> tensors() const override { return tensors_; }
  const formats::TensorEntry* FindTensor(std::string_view name) const override {
    for (const formats::TensorEntry& tensor : tensors_) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }
  // A tensor's offset is the number of its bytes here.
  base::Bytes Data(const formats::TensorEntry& tensor) const override { return data_[tensor.offset]; }
  void DropResident(base::Bytes) const override {}

 private:
  std::vector<std::pair<std::string, formats::GgufValue>> metadata_;
  std::vector<formats::TensorEntry> tensors_;
  std::vector<std::vector<std::byte>> data_;
};

// A small model with random weights. The numbers are those of a Llama; 0 experts: dense.
struct TestModel {
  std::string family = "llama";
  int layers = 2;
  int d_model = 32;
  int heads = 4;
  int kv_heads = 2;
  int head_size = 16;
  int d_ff = 64;
  int vocabulary = 37;
  int experts = 0;
  int experts_used = 2;
  int expert_d_ff = 32;
  int shared_expert_d_ff = 0;
  bool tied_head = false;
  bool qkv_bias = false;
  bool head_norms = false;
  // The type of a matrix, by its name; vectors are F32.
  tensor::DType (*type_of)(std::string_view name) = [](std::string_view) { return tensor::DType::kF32; };
};

namespace internal {

class TestModelWriter {
 public:
  TestModelWriter(const TestModel& shape, uint64_t seed) : shape_(shape), rng_(seed), file_(std::make_unique<TestGguf>()) {}

  std::unique_ptr<TestGguf> Write() {
    Keys();
    const int d = shape_.d_model;
    Matrix("token_embd.weight", {shape_.vocabulary, d}, 1.0);
    Vector("output_norm.weight", d, 1.0);
    if (!shape_.tied_head) Matrix("output.weight", {shape_.vocabulary, d});
    for (int layer = 0; layer < shape_.layers; ++layer) Block("blk." + std::to_string(layer) + ".");
    return std::move(file_);
  }

 private:
  void Keys() {
    const std::string prefix = shape_.family + ".";
    file_->SetText("general.architecture", shape_.family);
    const std::pair<const char*, int> keys[] = {
        {"block_count", shape_.layers}, {"embedding_length", shape_.d_model}, {"feed_forward_length", shape_.d_ff},
        {"context_length", 4096}, {"attention.head_count", shape_.heads}, {"attention.head_count_kv", shape_.kv_heads},
        {"attention.key_length", shape_.head_size}, {"attention.value_length", shape_.head_size}};
    for (const auto& [key, value] : keys) file_->SetInt(prefix + key, value);
    file_->SetFloat(prefix + "attention.layer_norm_rms_epsilon", 1e-5);
    file_->SetFloat(prefix + "rope.freq_base", 10'000.0);
    if (shape_.experts == 0) return;
    file_->SetInt(prefix + "expert_count", shape_.experts);
    file_->SetInt(prefix + "expert_used_count", shape_.experts_used);
    file_->SetInt(prefix + "expert_feed_forward_length", shape_.expert_d_ff);
    if (shape_.shared_expert_d_ff > 0) file_->SetInt(prefix + "expert_shared_feed_forward_length", shape_.shared_expert_d_ff);
  }

  void Block(const std::string& prefix) {
    const int d = shape_.d_model, q = shape_.heads * shape_.head_size, kv = shape_.kv_heads * shape_.head_size;
    Vector(prefix + "attn_norm.weight", d, 1.0);
    Matrix(prefix + "attn_q.weight", {q, d});
    Matrix(prefix + "attn_k.weight", {kv, d});
    Matrix(prefix + "attn_v.weight", {kv, d});
    Matrix(prefix + "attn_output.weight", {d, q});
    Vector(prefix + "ffn_norm.weight", d, 1.0);
    if (shape_.qkv_bias) {
      Vector(prefix + "attn_q.bias", q, 0.0);
      Vector(prefix + "attn_k.bias", kv, 0.0);
      Vector(prefix + "attn_v.bias", kv, 0.0);
    }
    if (shape_.head_norms) {
      Vector(prefix + "attn_q_norm.weight", shape_.head_size, 1.0);
      Vector(prefix + "attn_k_norm.weight", shape_.head_size, 1.0);
    }
    if (shape_.experts == 0) return Mlp(prefix, "", {}, shape_.d_ff);
    Matrix(prefix + "ffn_gate_inp.weight", {shape_.experts, d});
    Mlp(prefix, "_exps", {shape_.experts}, shape_.expert_d_ff);
    if (shape_.shared_expert_d_ff == 0) return;
    Mlp(prefix, "_shexp", {}, shape_.shared_expert_d_ff);
    Vector(prefix + "ffn_gate_inp_shexp.weight", d, 0.0);
  }

  void Mlp(const std::string& prefix, const std::string& kind, std::vector<int> shape, int d_ff) {
    const auto with = [&](int rows, int columns) {
      std::vector<int> whole = shape;
      whole.insert(whole.end(), {rows, columns});
      return whole;
    };
    Matrix(prefix + "ffn_gate" + kind + ".weight", with(d_ff, shape_.d_model));
    Matrix(prefix + "ffn_up" + kind + ".weight", with(d_ff, shape_.d_model));
    Matrix(prefix + "ffn_down" + kind + ".weight", with(shape_.d_model, d_ff));
  }

  // Random numbers that keep the size of their input about as it is.
  void Matrix(const std::string& name, const std::vector<int>& shape, double deviation = 0) {
    if (deviation == 0) deviation = 1.5 / std::sqrt(static_cast<double>(shape.back()));
    Add(name, shape_.type_of(name), {shape.begin(), shape.end()}, 0.0, deviation);
  }
  void Vector(const std::string& name, int size, double mean) {
    Add(name, tensor::DType::kF32, {static_cast<uint64_t>(size)}, mean, 0.3);
  }
  void Add(const std::string& name, tensor::DType type, const std::vector<uint64_t>& shape, double mean, double deviation) {
    size_t count = 1;
    for (const uint64_t n : shape) count *= n;
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(mean + deviation * rng_.Normal());
    file_->SetTensor(name, type, shape, values);
  }

  const TestModel& shape_;
  base::Rng rng_;
  std::unique_ptr<TestGguf> file_;
};

}  // namespace internal

inline std::unique_ptr<TestGguf> MakeTestModel(const TestModel& shape, uint64_t seed = 1) {
  return internal::TestModelWriter(shape, seed).Write();
}

// A run of tokens of one sequence, as a step of a test wants it.
template <class Cache>
struct TestChunk {
  std::span<const int32_t> tokens;
  int64_t first_position = 0;
  Cache* cache = nullptr;
  int adapter = -1;
};

// The logits of all rows of one step over some chunks, [row][vocabulary].
template <class B>
std::vector<float> RunStep(B& b, const LlamaConfig& config, const LlamaWeights<B>& weights,
                           const std::vector<TestChunk<typename B::Cache>>& chunks) {
  Placement<typename B::Cache> at;
  std::vector<int32_t> tokens, wanted;
  for (const auto& chunk : chunks) {
    at.segments.push_back({.first_row = static_cast<int>(tokens.size()), .rows = static_cast<int>(chunk.tokens.size()),
                           .first_position = chunk.first_position, .cache = chunk.cache, .adapter = chunk.adapter});
    tokens.insert(tokens.end(), chunk.tokens.begin(), chunk.tokens.end());
  }
  for (size_t i = 0; i < tokens.size(); ++i) wanted.push_back(static_cast<int32_t>(i));
  auto logits = Forward(b, config, weights, std::span<const int32_t>(tokens), at, std::span<const int32_t>(wanted));
  return {logits.row(0), logits.row(0) + static_cast<int64_t>(tokens.size()) * config.vocabulary};
}

// The logits of one sequence, read in chunks of these sizes and from there on one by one.
template <class B>
std::vector<float> RunChunks(B& b, const LlamaConfig& config, const LlamaWeights<B>& weights, std::span<const int32_t> tokens,
                             const std::vector<size_t>& sizes, typename B::Cache& cache) {
  std::vector<float> logits;
  for (size_t done = 0, i = 0; done < tokens.size(); ++i) {
    const size_t size = std::min(i < sizes.size() ? sizes[i] : 1, tokens.size() - done);
    const std::vector<float> some =
        RunStep(b, config, weights, {{tokens.subspan(done, size), static_cast<int64_t>(done), &cache}});
    logits.insert(logits.end(), some.begin(), some.end());
    done += size;
  }
  return logits;
}

inline std::vector<int32_t> RandomTokens(size_t count, int vocabulary, uint64_t seed) {
  base::Rng rng(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) token = static_cast<int32_t>(rng.Below(static_cast<uint32_t>(vocabulary)));
  return tokens;
}

}  // namespace walchen::model
