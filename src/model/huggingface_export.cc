// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_export.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "formats/safetensors.h"
#include "model/convert_values.h"
#include "model/huggingface_config.h"
#include "model/huggingface_tokenizer.h"
#include "model/model_check.h"
#include "model/model_plan.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using formats::SafetensorsWriter;
using formats::TensorEntry;
using tensor::DType;

struct DTypeName {
  DType type;
  std::string_view name;  // in config.json
};
constexpr std::array kDTypeNames = {DTypeName{DType::kF32, "float32"}, DTypeName{DType::kF16, "float16"},
                                    DTypeName{DType::kBF16, "bfloat16"}};

constexpr std::array kFileNames = {"model.safetensors", "tokenizer.json", "tokenizer_config.json",
                                   "generation_config.json", "config.json"};

// Row i of the GGUF file is row order[i] at Hugging Face.
std::string RestoreRows(std::string bytes, std::span<const int32_t> order) {
  if (order.empty()) return bytes;
  const size_t row_bytes = bytes.size() / order.size();
  std::string out(bytes.size(), '\0');
  for (size_t i = 0; i < order.size(); ++i) {
    out.replace(static_cast<size_t>(order[i]) * row_bytes, row_bytes, bytes, i * row_bytes, row_bytes);
  }
  return out;
}

struct Export {
  const GgufFile& file;
  DType type;
  int head_size;
  base::ThreadPool& pool;
};

// The bytes of one Hugging Face tensor: all of a GGUF tensor, or its part that belongs to one expert.
Result<std::string> Produce(const Export& to, const PlannedTensor& planned, size_t part) {
  const TensorEntry& entry = *to.file.FindTensor(planned.name);
  const uint64_t part_bytes = entry.size / planned.huggingface.size();
  const base::Bytes data = to.file.Data(entry).subspan(part * part_bytes, part_bytes);
  auto converted = Convert(to.pool, {entry.type, to.type, data, entry.columns()});
  if (!converted) return Forward(converted, fmt::format("tensor {}", base::Quoted(planned.name)));
  to.file.DropResident(data);
  return RestoreRows(std::move(*converted), RowOrder(planned, to.head_size));
}

Result<void> WriteWeights(base::Files& files, const base::Path& path, const Export& to,
                          std::span<const PlannedTensor> tensors, const OnTensor& on_tensor) {
  SafetensorsWriter writer;
  writer.AddMetadata("format", "pt");  // transformers asks for it
  size_t done = 0;
  for (const PlannedTensor& planned : tensors) {
    std::vector<uint64_t> shape = planned.shape;
    if (shape.size() == 3) shape.erase(shape.begin());
    // Qwen2-MoE's gate is a matrix of one row there.
    if (planned.name.ends_with("ffn_gate_inp_shexp.weight")) shape.insert(shape.begin(), 1);
    for (size_t part = 0; part < planned.huggingface.size(); ++part) {
      writer.AddTensor(planned.huggingface[part], to.type, shape, [&, part]() -> Result<std::string> {
        if (part == 0 && on_tensor) TRY(on_tensor(planned.name, done, tensors.size()));
        if (part == 0) ++done;
        return Produce(to, planned, part);
      });
    }
  }
  return writer.Write(files, path);
}

Result<void> WriteFolder(base::Files& files, const base::Path& folder, const Export& to, const ModelPlan& plan,
                         const TokenizerFiles& tokenizer, const OnTensor& on_tensor) {
  const auto dtype = std::ranges::find(kDTypeNames, to.type, &DTypeName::type);
  TRY_ASSIGN(const std::string config,
             WriteHuggingFaceConfig(plan, dtype->name, {.bos = tokenizer.bos, .eos = tokenizer.eos}));
  TRY(files.MakeFolders(folder));
  const std::vector<PlannedTensor> tensors = PlanTensors(plan);
  TRY(WriteWeights(files, folder / "model.safetensors", to, tensors, on_tensor));
  TRY(base::ReplaceFile(files, folder / "tokenizer.json", tokenizer.tokenizer_json));
  TRY(base::ReplaceFile(files, folder / "tokenizer_config.json", tokenizer.tokenizer_config_json));
  TRY(base::ReplaceFile(files, folder / "generation_config.json", tokenizer.generation_config_json));
  return base::ReplaceFile(files, folder / "config.json", config);
}

Result<void> ExpectFree(base::Files& files, const base::Path& folder) {
  if (!files.Exists(folder)) return {};
  TRY_ASSIGN(const base::FileInfo info, files.Stat(folder));
  if (info.is_folder) {
    TRY_ASSIGN(const std::vector<std::string> entries, files.List(folder));
    if (entries.empty()) return {};
  }
  return Fail(ErrorCode::kAlreadyExists, "{} is there already; delete it or choose another name", folder.native());
}

// "out/" names the folder that "out" names.
base::Path WithoutSlash(const base::Path& folder) { return folder.has_filename() ? folder : folder.parent_path(); }

}  // namespace

Result<void> ExportHuggingFace(base::Files& files, const base::Path& input, const base::Path& output,
                               tensor::DType type, base::ThreadPool& pool, const OnTensor& on_tensor) {
  if (std::ranges::find(kDTypeNames, type, &DTypeName::type) == kDTypeNames.end()) {
    return Fail(ErrorCode::kInvalidArgument, "type {}: expected F32, F16 or BF16", tensor::Info(type).name);
  }
  const base::Path folder = WithoutSlash(output);
  base::Path partial = folder;
  partial += ".partial";
  TRY(ExpectFree(files, folder));
  TRY(ExpectFree(files, partial));  // it may be somebody's own: what lies there is neither written over nor deleted
  TRY_ASSIGN(const auto file, GgufFile::Open(files, input));
  const auto run = [&]() -> Result<void> {
    TRY(CheckModel(*file));
    TRY_ASSIGN(const ModelPlan plan, ReadModelPlan(*file));
    TRY_ASSIGN(const TokenizerFiles tokenizer, ExportTokenizer(*file));
    const Export to{*file, type, plan.config.head_size, pool};
    TRY(WriteFolder(files, partial, to, plan, tokenizer, on_tensor));
    return files.Rename(partial, folder);
  };
  if (auto done = run(); !done) {
    // Best effort: the first error is the one to tell.
    for (const char* name : kFileNames) (void)files.Remove(partial / name);
    (void)files.Remove(partial);
    return Forward(done, input.native());
  }
  return files.SyncFolder(folder.parent_path());
}

}  // namespace walchen::model
