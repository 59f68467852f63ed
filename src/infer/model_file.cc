// SPDX-License-Identifier: Apache-2.0
#include "infer/model_file.h"

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "formats/chat_tokens.h"
#include "infer/cpu_model.h"

namespace walchen::infer {
namespace {

using formats::TokenId;

// For models that come without a template: the form that most instruction models of unknown origin were trained on.
constexpr std::string_view kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

int64_t BytesOf(const model::MlpWeights<CpuBackend::Matrix>& mlp) { return mlp.gate_up.bytes() + mlp.down.bytes(); }

int64_t BytesOf(const model::LlamaWeights<CpuBackend>& weights) {
  int64_t bytes = weights.embedding.bytes() + weights.head.bytes();
  for (const auto& block : weights.blocks) {
    bytes += block.qkv.bytes() + block.attention_out.bytes() + BytesOf(block.mlp) + block.experts.router.bytes() +
             BytesOf(block.experts.shared) + block.experts.shared_gate.bytes();
    for (const auto& expert : block.experts.experts) bytes += BytesOf(expert);
  }
  return bytes;
}

}  // namespace

Result<std::shared_ptr<const ModelFile>> ModelFile::Load(base::Files& files, const base::Path& path,
                                                         const Options& options) {
  auto model = CpuModel::Load(files, path, options);
  if (!model) return Forward(model, path.native());
  return std::shared_ptr<const ModelFile>(std::move(*model));
}

Result<std::shared_ptr<const CpuModel>> CpuModel::Load(base::Files& files, const base::Path& path,
                                                       const Options& options) {
  const auto model = std::make_shared<CpuModel>(Unloaded{});
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, path));
  model->name_ = path.stem().native();
  TRY_ASSIGN(model->config_, model::ReadLlamaConfig(*file));
  TRY_ASSIGN(model->tokenizer_, formats::Tokenizer::FromGguf(*file));
  if (model->tokenizer_->vocabulary_size() > model->config_.vocabulary) {
    return Fail(ErrorCode::kCorrupt, "the tokenizer has {} tokens, but token_embd.weight has {} rows",
                model->tokenizer_->vocabulary_size(), model->config_.vocabulary);
  }
  std::string_view source = kChatMl;
  if (file->Find("tokenizer.chat_template") != nullptr) {
    TRY_ASSIGN(source, file->Text("tokenizer.chat_template"));
  }
  auto parsed = formats::ChatTemplate::Parse(source);
  if (!parsed) return Forward(parsed, "tokenizer.chat_template");
  model->chat_template_ = std::move(*parsed);
  TRY_ASSIGN(model->kernels_, tensor::ChooseKernels());
  base::ThreadPool pool(options.threads > 0 ? options.threads : base::AvailableCpus());
  CpuBackend backend(*model->kernels_, pool, model->kv_shape(tensor::KvType::kF16));
  TRY_ASSIGN(model->weights_, model::LoadLlama(backend, *file, model->config_));
  model->weight_bytes_ = BytesOf(model->weights_);
  return std::shared_ptr<const CpuModel>(model);
}

Result<std::vector<TokenId>> CpuModel::EncodeChat(const nlohmann::ordered_json& messages,
                                                  const nlohmann::ordered_json& tools) const {
  TRY_ASSIGN(std::vector<TokenId> tokens, formats::ChatTokens(*chat_template_, *tokenizer_, messages, tools, true));
  if (tokens.empty()) return Fail(ErrorCode::kInvalidArgument, "the conversation is empty: expected at least one message");
  return tokens;
}

}  // namespace walchen::infer
