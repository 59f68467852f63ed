// SPDX-License-Identifier: Apache-2.0
#include "train/new_model.h"

#include <cmath>

#include "base/bytes.h"
#include "base/rng.h"
#include "model/byte_tokenizer.h"
#include "model/model_plan.h"
#include "model/sense_file.h"
#include "model/tokenizer_keys.h"
#include "runs/checkpoint.h"

namespace walchen::train {
namespace {

model::ModelPlan PlanOf(const runs::Recipe& recipe) {
  const runs::TextPlan& text = recipe.text;
  model::ModelPlan plan = {.config = {}, .name = recipe.name, .rope_theta = text.rope_theta, .tied_head = true};
  plan.config.family = "llama";
  plan.config.layers = text.layers;
  plan.config.d_model = text.d_model;
  plan.config.heads = text.heads;
  plan.config.kv_heads = text.kv_heads;
  plan.config.head_size = text.head_size;
  plan.config.d_ff = text.d_ff;
  plan.config.vocabulary = text.vocabulary;
  plan.config.context_tokens = text.context_tokens;
  plan.config.adjacent_pairs = true;
  return plan;
}

std::string Bytes(const std::vector<float>& values) { return std::string(base::AsText(std::as_bytes(std::span(values)))); }

// As nanoGPT and its kin start: what leads back into the residual stream says nothing at first.
std::string FirstValues(const model::PlannedTensor& tensor, uint64_t seed, uint64_t stream) {
  uint64_t size = 1;
  for (const uint64_t width : tensor.shape) size *= width;
  if (tensor.shape.size() == 1) return Bytes(std::vector<float>(size, 1.0f));
  std::vector<float> values(size);
  const bool leads_back = tensor.name.ends_with("attn_output.weight") || tensor.name.ends_with("ffn_down.weight");
  if (leads_back) return Bytes(values);
  // Tied to the head, an embedding of variance 1 / d gives first logits of variance 1.
  const double deviation = 1 / std::sqrt(static_cast<double>(tensor.shape.back()));
  base::Rng rng(seed, stream);
  for (float& value : values) value = static_cast<float>(rng.Normal() * deviation);
  return Bytes(values);
}

}  // namespace

Result<std::vector<model::SenseConfig>> SensesOf(const runs::Recipe& recipe, const model::SharedAttention& text) {
  std::vector<model::SenseConfig> senses;
  for (const runs::SensePlan& plan : recipe.senses) {
    TRY_ASSIGN(const model::Modality* modality, model::FindModality(plan.modality));
    model::SenseConfig sense = {.name = plan.name, .modality = *modality, .shared = text};
    sense.d_model = plan.d_model;
    sense.heads = plan.heads > 0 ? plan.heads : text.kv_heads;
    sense.d_ff = plan.d_ff > 0 ? plan.d_ff : 4 * plan.d_model;
    sense.stride = plan.stride;
    TRY(model::CheckSense(sense));
    senses.push_back(std::move(sense));
  }
  return senses;
}

Result<void> WriteNewModel(base::Files& files, const runs::Recipe& recipe, const base::Path& path) {
  const model::ModelPlan plan = PlanOf(recipe);
  if (recipe.text.tokenizer.empty() && plan.config.vocabulary < model::kByteTokenizerSmallest) {
    return Fail(ErrorCode::kInvalidArgument, "[text] vocabulary: expected at least {} (every byte is a token), found {}",
                model::kByteTokenizerSmallest, plan.config.vocabulary);
  }
  formats::GgufWriter writer;
  model::AddConfigKeys(plan, writer);
  model::GgufKeys tokenizer = model::ByteTokenizer(plan.config.vocabulary);
  if (!recipe.text.tokenizer.empty()) {
    TRY_ASSIGN(tokenizer, model::ReadTokenizerKeys(files, recipe.text.tokenizer));
  }
  TRY(model::PadTokens(tokenizer, plan.config.vocabulary));
  for (auto& [key, value] : tokenizer) writer.Add(std::move(key), std::move(value));
  model::AddRopeTensor(plan, writer);

  model::SharedAttention shared = {.layers = plan.config.layers, .kv_heads = plan.config.kv_heads,
                                   .head_size = plan.config.head_size, .rope_frequencies = {}};
  for (int pair = 0; pair < shared.head_size / 2; ++pair) {
    shared.rope_frequencies.push_back(static_cast<float>(std::pow(plan.rope_theta, -2.0 * pair / shared.head_size)));
  }
  TRY_ASSIGN(const std::vector<model::SenseConfig> senses, SensesOf(recipe, shared));
  if (!senses.empty()) model::AddSenseList(senses, writer);
  const auto seed = static_cast<uint64_t>(recipe.seed);
  uint64_t stream = 0;
  for (const model::PlannedTensor& tensor : model::PlanTensors(plan)) {
    writer.AddTensor(tensor.name, tensor::DType::kF32, tensor.shape,
                     [tensor, seed, at = stream++]() -> Result<std::string> { return FirstValues(tensor, seed, at); });
  }
  for (const model::SenseConfig& sense : senses) model::AddNewSense(sense, seed, {}, writer);
  return writer.Write(files, path);
}

Result<void> WriteNewSense(base::Files& files, const model::SenseConfig& sense, uint64_t seed,
                           std::vector<std::vector<float>> key_gains, const base::Path& path) {
  formats::GgufWriter writer;
  writer.Add("general.architecture", std::string(model::kSenseArchitecture));
  writer.Add("general.name", sense.name);
  model::AddSenseList(std::span(&sense, 1), writer);
  model::AddNewSense(sense, seed, std::move(key_gains), writer);
  return writer.Write(files, path);
}

Result<void> CopySense(base::Files& files, const base::Path& from, const model::SenseConfig& sense, const base::Path& path) {
  base::Path file_path = from;
  TRY_ASSIGN(const base::FileInfo info, files.Stat(from));
  if (info.is_folder) {
    TRY_ASSIGN(const runs::FoundCheckpoint found, runs::NewestGood(files, from));
    file_path = found.checkpoint.PathOf(sense.name + ".gguf");
  }
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, file_path));
  TRY_ASSIGN(const std::vector<model::SenseConfig> senses, model::ReadSenses(*file));
  const auto describe = [](const model::SenseConfig& some) {
    return fmt::format("{} ({}, d_model {}, heads {}, d_ff {}, stride {})", some.name, some.modality.name, some.d_model, some.heads,
                       some.d_ff, some.stride);
  };
  if (senses.size() != 1 || describe(senses.front()) != describe(sense)) {
    return Fail(ErrorCode::kInvalidArgument, "{}: expected the sense that the recipe has, {}, found {}; say the same in [[sense]]",
                file_path.native(), describe(sense), senses.size() == 1 ? describe(senses.front()) : "several, or none");
  }
  if (auto fits = model::CheckSenseFits(senses.front(), sense.shared, sense.base_sha256); !fits) return Forward(fits, file_path.native());
  TRY_ASSIGN(const auto bytes, files.Map(file_path));
  return base::ReplaceFile(files, path, base::AsText(bytes->bytes()));
}

}  // namespace walchen::train
