// SPDX-License-Identifier: Apache-2.0
#include "model/model_check.h"

#include "formats/chat_template.h"
#include "formats/tokenizer.h"
#include "model/llama.h"
#include "model/sense.h"

namespace walchen::model {
namespace {

// Takes every weight and keeps none, so that loading a model only compares shapes.
class NothingBackend {
 public:
  struct Nothing {};
  using Tensor = Nothing;
  using Matrix = Nothing;
  using Vector = Nothing;
  using Cache = Nothing;

  Result<Matrix> LoadMatrix(const std::vector<MatrixPart>&) const { return Matrix{}; }
  Vector LoadVector(const NamedVector&) const { return {}; }

  Tensor Embed(const Matrix&, std::span<const int32_t>) const { return {}; }
  void SetPositions(const Placement<Cache>&, std::span<const float>) const {}
  Tensor NormLinear(const Tensor&, const Vector&, float, const Matrix&, const Vector&) const { return {}; }
  Tensor Attend(Tensor, const AttentionShape&, const Vector&, const Vector&, int, const Placement<Cache>&) const {
    return {};
  }
  Tensor LinearAdd(const Tensor&, const Matrix&, Tensor) const { return {}; }
  Tensor MlpAdd(Tensor, const Vector&, float, const MlpWeights<Matrix>&) const { return {}; }
  Tensor ExpertsAdd(Tensor, const Vector&, float, const ExpertWeights<Matrix>&) const { return {}; }
  Tensor Rows(const Tensor&, std::span<const int32_t>) const { return {}; }
  Tensor FromFloats(std::span<const float>, int64_t) const { return {}; }
  Tensor Linear(const Tensor&, const Matrix&) const { return {}; }
  Tensor Silu(Tensor) const { return {}; }
  Tensor SquaredReluMlpAdd(Tensor, const Vector&, float, const Matrix&, const Matrix&) const { return {}; }
  Tensor SeamAdd(Tensor, const Matrix&, const PatchGrid&) const { return {}; }
};

// Of an adapter, whose base is another file.
Result<void> CheckSenses(const formats::GgufFile& file) {
  TRY_ASSIGN(const std::vector<SenseConfig> senses, ReadSenses(file));
  if (senses.empty()) return Fail(ErrorCode::kNotFound, "the key walchen.senses names none");
  NothingBackend backend;
  for (const SenseConfig& sense : senses) TRY(LoadSense(backend, file, sense));
  return {};
}

}  // namespace

Result<void> CheckModel(const formats::GgufFile& file) {
  if (const auto architecture = file.Text("general.architecture"); architecture && *architecture == kSenseArchitecture) {
    return CheckSenses(file);
  }
  TRY_ASSIGN(const LlamaConfig config, ReadLlamaConfig(file));
  NothingBackend backend;
  TRY(LoadLlama(backend, file, config));
  TRY_ASSIGN(const std::vector<SenseConfig> senses, ReadSenses(file));
  for (const SenseConfig& sense : senses) {
    TRY(CheckSenseFits(sense, SharedAttentionOf(config), ""));
    TRY(LoadSense(backend, file, sense));
  }
  TRY_ASSIGN(const auto tokenizer, formats::Tokenizer::FromGguf(file));
  if (tokenizer->vocabulary_size() > config.vocabulary) {
    return Fail(ErrorCode::kCorrupt, "the tokenizer has {} tokens, but token_embd.weight has {} rows",
                tokenizer->vocabulary_size(), config.vocabulary);
  }
  const auto source = file.Text("tokenizer.chat_template");
  if (!source) return {};  // a base model need not have one
  auto parsed = formats::ChatTemplate::Parse(*source);
  if (!parsed) return Forward(parsed, "tokenizer.chat_template");
  return {};
}

}  // namespace walchen::model
