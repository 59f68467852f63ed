// SPDX-License-Identifier: Apache-2.0
#include "model/sense_config.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace walchen::model {
namespace {

constexpr int64_t kSenseFormatVersion = 1;

Result<Modality> FindIn(std::span<const Modality> own, std::string_view name) {
  for (const Modality& modality : own) {
    if (modality.name == name) return modality;
  }
  auto found = FindModality(name);
  if (!found) return Fail(ErrorCode::kUnsupported, "{}", found.error().message());
  return **found;
}

Result<SenseConfig> ReadSense(const formats::GgufFile& file, const std::string& name, std::span<const Modality> own) {
  const std::string prefix = fmt::format("walchen.sense.{}.", name);
  const auto number = [&](const char* key, int64_t max) -> Result<int> {
    TRY_ASSIGN(const int64_t value, file.Int(prefix + key));
    if (value <= 0 || value > max) {
      return Fail(ErrorCode::kCorrupt, "{}{}: expected 1 to {}, found {}", prefix, key, max, value);
    }
    return static_cast<int>(value);
  };
  SenseConfig sense = {.name = name};
  TRY_ASSIGN(const std::string_view modality, file.Text(prefix + "modality"));
  TRY_ASSIGN(sense.modality, FindIn(own, modality));
  TRY_ASSIGN(const int features, number("features", base::kModelMaxWidth));
  if (features != sense.modality.features) {
    return Fail(ErrorCode::kUnsupported, "sense {} has tokens of {} features; this program's {} has {}. Use the program it was "
                "trained with, or train it again", name, features, modality, sense.modality.features);
  }
  TRY_ASSIGN(sense.d_model, number("d_model", base::kModelMaxWidth));
  TRY_ASSIGN(sense.heads, number("heads", base::kModelMaxHeads));
  TRY_ASSIGN(sense.d_ff, number("d_ff", base::kModelMaxWidth));
  TRY_ASSIGN(sense.stride, number("stride", base::kModelMaxLayers));
  TRY_ASSIGN(sense.shared.layers, number("text_layers", base::kModelMaxLayers));
  TRY_ASSIGN(sense.shared.kv_heads, number("kv_heads", base::kModelMaxHeads));
  TRY_ASSIGN(sense.shared.head_size, number("head_size", base::kModelMaxWidth));
  TRY_ASSIGN(const auto frequencies, file.Floats(prefix + "rope_frequencies"));
  for (const double frequency : frequencies) sense.shared.rope_frequencies.push_back(static_cast<float>(frequency));
  TRY_ASSIGN(const double epsilon, file.Float(prefix + "rms_epsilon"));
  sense.rms_epsilon = static_cast<float>(epsilon);
  if (file.Find(prefix + "base_sha256") != nullptr) {
    TRY_ASSIGN(const std::string_view sha256, file.Text(prefix + "base_sha256"));
    sense.base_sha256 = sha256;
  }
  if (auto checked = CheckSense(sense); !checked) return Fail(ErrorCode::kCorrupt, "{}", checked.error().message());
  return sense;
}

}  // namespace

SharedAttention SharedAttentionOf(const LlamaConfig& text) {
  return {.layers = text.layers, .kv_heads = text.kv_heads, .head_size = text.head_size, .rope_frequencies = text.rope_frequencies};
}

int64_t SenseConfig::operations_per_token() const {
  const int64_t block = int64_t{d_model} * (qkv_width() + q_width() + 2 * d_ff);
  return 2 * layers() * block;
}

Result<void> CheckSense(const SenseConfig& sense) {
  const auto refuse = [&](std::string_view what) {
    return Fail(ErrorCode::kInvalidArgument, "sense {}: {}", sense.name, what);
  };
  if (sense.name.empty() || sense.name.size() > 64 ||
      sense.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "expected a sense's name of 1 to 64 of a-z, 0-9, _ and -, found \"{}\"", sense.name);
  }
  const SharedAttention& shared = sense.shared;
  if (sense.heads <= 0 || sense.heads > base::kModelMaxHeads || sense.heads % shared.kv_heads != 0) {
    return refuse(fmt::format("expected a multiple of the base's {} KV heads, found {} heads", shared.kv_heads, sense.heads));
  }
  if (sense.stride <= 0 || sense.layers() == 0) {
    return refuse(fmt::format("expected a stride of 1 to {}, found {}", shared.layers, sense.stride));
  }
  // 32 is the widest block of weights that the kernels read.
  for (const auto& [what, width] : {std::pair("d_model", sense.d_model), std::pair("d_ff", sense.d_ff)}) {
    if (width <= 0 || width % 32 != 0 || width > base::kModelMaxWidth) {
      return refuse(fmt::format("expected {} to be a multiple of 32 up to {}, found {}", what, base::kModelMaxWidth, width));
    }
  }
  if (static_cast<int>(shared.rope_frequencies.size()) * 2 != shared.head_size) {
    return refuse(fmt::format("expected {} rotation frequencies for heads of {}, found {}", shared.head_size / 2,
                              shared.head_size, shared.rope_frequencies.size()));
  }
  return {};
}

std::vector<SenseTensor> SenseTensors(const SenseConfig& sense) {
  using enum SenseTensor::Start;
  std::vector<SenseTensor> tensors;
  const auto add = [&](std::string_view what, std::vector<int> shape, SenseTensor::Start start, int layer = -1) {
    SenseTensor tensor = {.name = fmt::format("sense.{}.{}.weight", sense.name, what), .shape = {}, .start = start, .layer = layer};
    for (const int size : shape) tensor.shape.push_back(static_cast<uint64_t>(size));
    tensors.push_back(std::move(tensor));
  };
  const int d = sense.d_model, first = sense.modality.bottleneck > 0 ? sense.modality.bottleneck : d;
  add("input", {first, sense.modality.features}, kNormal);
  if (sense.modality.bottleneck > 0) add("input_out", {d, first}, kNormal);
  add("tau_in", {d, kTauFeatures}, kNormal);
  add("tau_out", {d, d}, kNormal);
  for (int layer = 0; layer < sense.shared.layers; ++layer) {
    if (!sense.HasLayer(layer)) continue;
    const auto block = [&](std::string_view what) { return fmt::format("blk.{}.{}", layer, what); };
    add(block("attn_norm"), {d}, kOne);
    add(block("attn_qkv"), {sense.qkv_width(), d}, kNormal);
    add(block("attn_q_norm"), {sense.shared.head_size}, kKeyNorm, layer);
    add(block("attn_k_norm"), {sense.shared.head_size}, kKeyNorm, layer);
    add(block("attn_output"), {d, sense.q_width()}, kZero);
    add(block("ffn_norm"), {d}, kOne);
    add(block("ffn_up"), {sense.d_ff, d}, kNormal);
    add(block("ffn_down"), {d, sense.d_ff}, kZero);
  }
  add("output_norm", {d}, kOne);
  for (const Head& head : sense.modality.heads) add("head." + head.name, {head.outputs(), d}, kZero);
  if (sense.modality.patch.size > 0) add("seam", {sense.modality.patch.channels, sense.modality.patch.channels * 9}, kZero);
  return tensors;
}

void AddSenseKeys(const SenseConfig& sense, formats::GgufWriter& writer) {
  const std::string prefix = fmt::format("walchen.sense.{}.", sense.name);
  const auto number = [&](const char* key, int64_t value) { writer.Add(prefix + key, static_cast<uint64_t>(value)); };
  writer.Add(prefix + "modality", sense.modality.name);
  number("features", sense.modality.features);
  number("d_model", sense.d_model);
  number("heads", sense.heads);
  number("d_ff", sense.d_ff);
  number("stride", sense.stride);
  number("text_layers", sense.shared.layers);
  number("kv_heads", sense.shared.kv_heads);
  number("head_size", sense.shared.head_size);
  writer.Add(prefix + "rope_frequencies", formats::GgufArray(std::vector<double>(sense.shared.rope_frequencies.begin(),
                                                                                 sense.shared.rope_frequencies.end())));
  writer.Add(prefix + "rms_epsilon", static_cast<double>(sense.rms_epsilon));
  if (!sense.base_sha256.empty()) writer.Add(prefix + "base_sha256", sense.base_sha256);
}

Result<std::vector<SenseConfig>> ReadSenses(const formats::GgufFile& file, std::span<const Modality> modalities) {
  std::vector<SenseConfig> senses;
  if (file.Find("walchen.senses") == nullptr) return senses;
  TRY_ASSIGN(const int64_t version, file.Int("walchen.sense_format"));
  if (version != kSenseFormatVersion) {
    return Fail(ErrorCode::kUnsupported, "walchen.sense_format: this program reads version {}, found {}", kSenseFormatVersion, version);
  }
  TRY_ASSIGN(const auto names, file.Texts("walchen.senses"));
  if (names.size() > base::kModelMaxSenses) {
    return Fail(ErrorCode::kTooLarge, "walchen.senses: expected at most {} names, found {}", base::kModelMaxSenses, names.size());
  }
  for (const std::string& name : names) {
    TRY_ASSIGN(SenseConfig sense, ReadSense(file, name, modalities));
    senses.push_back(std::move(sense));
  }
  return senses;
}

}  // namespace walchen::model
