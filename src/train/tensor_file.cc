// SPDX-License-Identifier: Apache-2.0
#include "train/tensor_file.h"

#include <algorithm>
#include <cstring>

#include <torch/torch.h>

#include "formats/safetensors.h"

namespace walchen::train {
namespace {

std::vector<uint64_t> ShapeOf(const torch::Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end()};
}

}  // namespace

std::string TensorBytes(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.detach().contiguous().to(torch::kCPU);
  return {static_cast<const char*>(flat.data_ptr()), flat.nbytes()};
}

Result<void> WriteTensors(base::WritableFile& file, const NamedTensors& tensors) {
  formats::SafetensorsWriter writer;
  for (const auto& [name, tensor] : tensors) {
    const tensor::DType type = tensor.scalar_type() == torch::kLong ? tensor::DType::kI64 : tensor::DType::kF32;
    writer.AddTensor(name, type, ShapeOf(tensor), [tensor]() -> Result<std::string> { return TensorBytes(tensor); });
  }
  return writer.Write(file);
}

Result<void> ReadTensors(base::Files& files, const base::Path& path, const NamedTensors& into) {
  TRY_ASSIGN(const auto file, formats::SafetensorsFile::Open(files, path));
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) {
    const formats::SafetensorsEntry* entry = file->Find(name);
    if (entry == nullptr) return Fail(ErrorCode::kCorrupt, "{}: expected a tensor {}, found none: this is the checkpoint of "
                                      "another model", path.native(), name);
    if (entry->shape != ShapeOf(tensor) || entry->size != tensor.nbytes()) {
      return Fail(ErrorCode::kCorrupt, "{}: tensor {} has another shape than the model of this run", path.native(), name);
    }
    TRY_ASSIGN(const base::Bytes bytes, file->Data(*entry));
    torch::Tensor on_cpu = torch::empty_like(tensor, torch::TensorOptions(torch::kCPU).memory_format(torch::MemoryFormat::Contiguous));
    std::memcpy(on_cpu.data_ptr(), bytes.data(), bytes.size());
    torch::Tensor to = tensor;
    to.copy_(on_cpu);
  }
  return {};
}

std::string PartBytes(const Parameter& parameter, size_t part, const torch::Tensor& value) {
  if (!parameter.is_matrix()) return TensorBytes(value);
  int64_t first = 0;
  for (size_t i = 0; i < part; ++i) first += parameter.parts[i].rows;
  const Parameter::Part& wanted = parameter.parts[part];
  const std::string rows = TensorBytes(value.narrow(0, first, wanted.rows));
  if (wanted.row_order.empty()) return rows;
  const size_t row_bytes = rows.size() / static_cast<size_t>(wanted.rows);
  std::string ordered(rows.size(), '\0');
  for (size_t i = 0; i < wanted.row_order.size(); ++i) {
    std::memcpy(ordered.data() + static_cast<size_t>(wanted.row_order[i]) * row_bytes, rows.data() + i * row_bytes, row_bytes);
  }
  return ordered;
}

Result<void> WriteModelFile(base::WritableFile& file, const formats::GgufFile& original, const FindTrained& find) {
  formats::GgufWriter writer;
  for (const auto& [key, value] : original.metadata()) writer.Add(key, value);
  for (const formats::TensorEntry& tensor : original.tensors()) {
    std::optional<std::string> trained = find(tensor.name);
    const tensor::DType type = trained ? tensor::DType::kF32 : tensor.type;
    writer.AddTensor(tensor.name, type, tensor.shape, [&original, &find, &tensor]() -> Result<std::string> {
      if (std::optional<std::string> bytes = find(tensor.name)) return std::move(*bytes);
      return std::string(base::AsText(original.Data(tensor)));
    });
  }
  return writer.Write(file);
}

}  // namespace walchen::train
