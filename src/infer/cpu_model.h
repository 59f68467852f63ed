// SPDX-License-Identifier: Apache-2.0
//
// What is behind a ModelFile: the weights in the kernels' order. Private to infer.
#pragma once

#include <memory>
#include <string>

#include "infer/cpu_backend.h"
#include "infer/model_file.h"
#include "model/llama.h"

namespace walchen::infer {

class CpuModel : public ModelFile {
 public:
  // Use Load; public so that make_shared can call it.
  struct Unloaded {};
  explicit CpuModel(Unloaded) {}

  static Result<std::shared_ptr<const CpuModel>> Load(base::Files& files, const base::Path& path, const Options& options);

  const std::string& name() const override { return name_; }
  const model::LlamaConfig& config() const override { return config_; }
  const formats::Tokenizer& tokenizer() const override { return *tokenizer_; }
  std::span<const std::string> adapters() const override { return adapters_; }
  int64_t weight_bytes() const override { return weight_bytes_; }
  Result<std::vector<formats::TokenId>> EncodeChat(const nlohmann::ordered_json& messages,
                                                   const nlohmann::ordered_json& tools) const override;

  const tensor::KernelTable& kernels() const { return *kernels_; }
  const model::LlamaWeights<CpuBackend>& weights() const { return weights_; }
  KvShape kv_shape(tensor::KvType type) const {
    return {.head = {.head_size = config_.head_size, .type = type}, .layers = config_.layers, .kv_heads = config_.kv_heads};
  }

 private:
  Result<std::vector<model::LoraFile>> OpenAdapters(base::Files& files, const formats::GgufFile& base,
                                                    std::span<const AdapterSource> sources);

  std::string name_;
  std::vector<std::string> adapters_;
  model::LlamaConfig config_;
  std::unique_ptr<formats::Tokenizer> tokenizer_;
  std::unique_ptr<formats::ChatTemplate> chat_template_;
  const tensor::KernelTable* kernels_ = nullptr;
  model::LlamaWeights<CpuBackend> weights_;
  int64_t weight_bytes_ = 0;
};

}  // namespace walchen::infer
