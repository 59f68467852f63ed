// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_import.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/ranges.h>

#include "base/limits.h"
#include "formats/safetensors.h"
#include "model/convert_values.h"
#include "model/huggingface_config.h"
#include "model/huggingface_json.h"
#include "model/huggingface_tokenizer.h"
#include "model/model_plan.h"

namespace walchen::model {
namespace {

using formats::GgufWriter;
using formats::SafetensorsEntry;
using formats::SafetensorsFile;
using tensor::DType;

constexpr uint64_t kQuantizationVersion = 2;  // ggml's GGML_QNT_VERSION

Result<std::unique_ptr<SafetensorsFile>> OpenWeights(base::Files& files, const base::Path& folder) {
  constexpr std::array kNames = {"model.safetensors.index.json", "model.safetensors"};
  for (const char* name : kNames) {
    if (files.Exists(folder / name)) return SafetensorsFile::Open(files, folder / name);
  }
  TRY_ASSIGN(const std::vector<std::string> entries, files.List(folder));
  const bool has_pickle = std::ranges::any_of(entries, [](const std::string& name) {
    return name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth");
  });
  return Fail(ErrorCode::kNotFound, "{}: expected {}{}", folder.native(), fmt::join(kNames, " or "),
              has_pickle ? "; its weights are a pickle (.bin, .pt), which may run code when it is opened: save them "
                           "again with save_pretrained(safe_serialization=True)"
                         : "");
}

// A vector may come as a matrix of one row (Qwen2-MoE's shared_expert_gate).
bool HasShape(const SafetensorsEntry& entry, std::span<const uint64_t> shape) {
  if (std::ranges::equal(entry.shape, shape)) return true;
  return shape.size() == 1 && entry.shape.size() == 2 && entry.shape[0] == 1 && entry.shape[1] == shape[0];
}

// The tensors that make up one tensor of the GGUF file: one, or one for each expert.
struct Source {
  PlannedTensor planned;
  std::vector<const SafetensorsEntry*> entries;
};

Result<Source> FindSource(const SafetensorsFile& weights, PlannedTensor planned) {
  Source source{.planned = std::move(planned), .entries = {}};
  std::span<const uint64_t> shape = source.planned.shape;
  if (shape.size() == 3) shape = shape.subspan(1);
  for (const std::string& name : source.planned.huggingface) {
    const SafetensorsEntry* entry = weights.Find(name);
    if (entry == nullptr) return Fail(ErrorCode::kNotFound, "the weights have no tensor {}", name);
    if (!HasShape(*entry, shape)) {
      return Fail(ErrorCode::kCorrupt, "tensor {}: expected shape {}, found {}", name, shape, entry->shape);
    }
    const bool is_float = entry->type == DType::kF32 || entry->type == DType::kF16 || entry->type == DType::kBF16 ||
                          entry->type == DType::kF64;
    if (!is_float) {
      return Fail(ErrorCode::kUnsupported, "tensor {}: expected F32, F16, BF16 or F64, found {}", name,
                  base::Quoted(entry->type_name));
    }
    source.entries.push_back(entry);
  }
  return source;
}

// A tensor that the plan does not know would be left out, and the model would be another one.
Result<void> RefuseUnknownTensors(const SafetensorsFile& weights, std::span<const Source> sources, bool tied_head) {
  std::set<std::string_view> known;
  for (const Source& source : sources) {
    for (const SafetensorsEntry* entry : source.entries) known.insert(entry->name);
  }
  for (const SafetensorsEntry& entry : weights.tensors()) {
    // Old checkpoints store the rotation's frequencies, which follow from config.json, and tied heads twice.
    const bool derived = entry.name.ends_with("rotary_emb.inv_freq") || (tied_head && entry.name == "lm_head.weight");
    if (derived || known.contains(entry.name)) continue;
    return Fail(ErrorCode::kUnsupported, "tensor {}: expected only tensors that config.json's architecture has",
                base::Quoted(entry.name));
  }
  return {};
}

DType StoredType(const Source& source, const HuggingFaceImport& import, const ModelPlan& plan) {
  const PlannedTensor& planned = source.planned;
  const TensorSite site{planned.name, planned.shape, plan.config.layers, plan.tied_head};
  if (import.mix != nullptr) return ChooseType(*import.mix, site);
  // What a mix leaves in F32 is F32 here too.
  static const WeightMix kKeep{"", 0, DType::kF16, {}};
  if (ChooseType(kKeep, site) == DType::kF32) return DType::kF32;
  const DType type = *source.entries.front()->type;
  return type == DType::kF64 ? DType::kF32 : type;
}

std::string ReorderRows(const std::string& bytes, std::span<const int32_t> order) {
  if (order.empty()) return bytes;
  const size_t row_bytes = bytes.size() / order.size();
  std::string out;
  out.reserve(bytes.size());
  for (const int32_t row : order) out.append(bytes, static_cast<size_t>(row) * row_bytes, row_bytes);
  return out;
}

Result<std::string> Produce(const SafetensorsFile& weights, const Source& source, DType type, int head_size,
                            base::ThreadPool& pool) {
  std::string bytes;
  for (const SafetensorsEntry* entry : source.entries) {
    TRY_ASSIGN(const base::Bytes data, weights.Data(*entry));
    const Conversion conversion{*entry->type, type, data, source.planned.shape.back()};
    auto converted = Convert(pool, conversion);
    if (!converted) return Forward(converted, fmt::format("tensor {}", entry->name));
    weights.DropResident(*entry);
    bytes.empty() ? bytes.swap(*converted) : void(bytes.append(*converted));
  }
  return ReorderRows(bytes, RowOrder(source.planned, head_size));
}

uint64_t FileType(const HuggingFaceImport& import, DType embedding) {
  if (import.mix != nullptr) return import.mix->file_type;
  const auto mix = FindWeightMix(tensor::Info(embedding).name);
  return mix ? (*mix)->file_type : 0;
}

void AddKeys(const ModelPlan& plan, uint64_t file_type, GgufKeys tokenizer, GgufWriter& writer) {
  AddConfigKeys(plan, writer);
  writer.Add("general.file_type", file_type);
  writer.Add("general.quantization_version", kQuantizationVersion);
  for (auto& [key, value] : tokenizer) writer.Add(std::move(key), std::move(value));
}

Result<void> Import(base::Files& files, const HuggingFaceImport& import, const base::Path& output,
                    base::ThreadPool& pool, const OnTensor& on_tensor) {
  TRY_ASSIGN(const JsonObject config, JsonObject::Read(files, import.folder / "config.json", base::kConfigJsonMaxBytes));
  TRY_ASSIGN(const auto weights, OpenWeights(files, import.folder));
  TRY_ASSIGN(ModelPlan plan, ReadHuggingFaceConfig(config, weights->Find("lm_head.weight") != nullptr));
  plan.name = import.name;
  std::vector<Source> sources;
  for (PlannedTensor& planned : PlanTensors(plan)) {
    TRY_ASSIGN(Source source, FindSource(*weights, std::move(planned)));
    sources.push_back(std::move(source));
  }
  TRY(RefuseUnknownTensors(*weights, sources, plan.tied_head));
  TRY_ASSIGN(GgufKeys tokenizer, ImportTokenizer(files, import.folder, config, plan.config.vocabulary));

  GgufWriter writer;
  AddKeys(plan, FileType(import, StoredType(sources.front(), import, plan)), std::move(tokenizer), writer);
  AddRopeTensor(plan, writer);
  for (size_t i = 0; i < sources.size(); ++i) {
    const DType type = StoredType(sources[i], import, plan);
    writer.AddTensor(sources[i].planned.name, type, sources[i].planned.shape, [&, i, type]() -> Result<std::string> {
      if (on_tensor) TRY(on_tensor(sources[i].planned.name, i, sources.size()));
      return Produce(*weights, sources[i], type, plan.config.head_size, pool);
    });
  }
  return writer.Write(files, output);
}

}  // namespace

Result<void> ImportHuggingFace(base::Files& files, const HuggingFaceImport& import, const base::Path& output,
                               base::ThreadPool& pool, const OnTensor& on_tensor) {
  auto imported = Import(files, import, output, pool, on_tensor);
  const bool names_the_folder = imported || imported.error().message().starts_with(import.folder.native());
  return names_the_folder ? imported : Forward(imported, import.folder.native());
}

}  // namespace walchen::model
