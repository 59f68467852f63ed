// SPDX-License-Identifier: Apache-2.0
#include "infer/model_file.h"

#include <algorithm>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
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

// Names stand in addresses (/v1/models/NAME), in logs and on command lines.
bool IsAdapterName(std::string_view name) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= static_cast<size_t>(base::kAdapterNameMaxBytes) &&
         name.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

Result<int> ModelFile::FindAdapter(std::string_view adapter) const {
  if (adapter.empty()) return -1;
  const auto found = std::ranges::find(adapters(), adapter);
  if (found != adapters().end()) return static_cast<int>(found - adapters().begin());
  return Fail(ErrorCode::kInvalidArgument, "there is no adapter {}; {}", base::Quoted(adapter),
              adapters().empty() ? "none is loaded" : fmt::format("loaded are: {}", fmt::join(adapters(), ", ")));
}

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
  TRY_ASSIGN(const std::vector<model::LoraFile> adapters, model->OpenAdapters(files, *file, options.adapters));
  TRY_ASSIGN(model->weights_, model::LoadLlama(backend, *file, model->config_, adapters));
  model->weight_bytes_ = BytesOf(model->weights_);
  return std::shared_ptr<const CpuModel>(model);
}

Result<std::vector<model::LoraFile>> CpuModel::OpenAdapters(base::Files& files, const formats::GgufFile& base,
                                                            std::span<const AdapterSource> sources) {
  if (sources.size() > static_cast<size_t>(base::kAdaptersMax)) {
    return Fail(ErrorCode::kTooLarge, "{} adapters, expected at most {}", sources.size(), base::kAdaptersMax);
  }
  std::vector<model::LoraFile> opened;
  for (const AdapterSource& source : sources) {
    if (!IsAdapterName(source.name)) {
      return Fail(ErrorCode::kInvalidArgument, "an adapter's name: expected 1 to {} letters, digits, dots, underscores or "
                  "hyphens, found {}", base::kAdapterNameMaxBytes, base::Quoted(source.name));
    }
    if (std::ranges::find(adapters_, source.name) != adapters_.end()) {
      return Fail(ErrorCode::kInvalidArgument, "two adapters are named {}; give one of them another name", source.name);
    }
    TRY_ASSIGN(model::LoraFile lora, model::LoraFile::Open(files, source.path, base));
    opened.push_back(std::move(lora));
    adapters_.push_back(source.name);
  }
  return opened;
}

Result<std::vector<TokenId>> CpuModel::EncodeChat(const nlohmann::ordered_json& messages,
                                                  const nlohmann::ordered_json& tools) const {
  TRY_ASSIGN(std::vector<TokenId> tokens, formats::ChatTokens(*chat_template_, *tokenizer_, messages, tools, true));
  if (tokens.empty()) return Fail(ErrorCode::kInvalidArgument, "the conversation is empty: expected at least one message");
  return tokens;
}

}  // namespace walchen::infer
