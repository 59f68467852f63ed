// SPDX-License-Identifier: Apache-2.0
#include "model/lora_file.h"

#include <cmath>

#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "tensor/packed_matrix.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using formats::TensorEntry;

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

Result<void> CheckKind(const GgufFile& file, const GgufFile& base) {
  const auto type = file.Text("adapter.type");
  if (!type || *type != "lora") {
    return Fail(ErrorCode::kInvalidArgument, "expected an adapter file (adapter.type \"lora\"), found another GGUF file");
  }
  TRY_ASSIGN(const std::string_view found, file.Text("general.architecture"));
  TRY_ASSIGN(const std::string_view expected, base.Text("general.architecture"));
  if (found == expected) return {};
  return Fail(ErrorCode::kInvalidArgument, "general.architecture: expected {}, as the base has it, found {}", expected,
              base::Quoted(found));
}

// One factor as floats; `shape` is what it must have.
Result<std::vector<float>> ReadFactor(const GgufFile& file, const TensorEntry& matrix, std::string_view suffix,
                                      const std::vector<uint64_t>& shape) {
  const std::string name = matrix.name + std::string(suffix);
  const TensorEntry* tensor = file.FindTensor(name);
  if (tensor == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "expected a tensor {}, found none", base::Quoted(name));
  }
  if (tensor->shape != shape) {
    return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected the shape {} beside the base's {}, found {}",
                base::Quoted(name), shape, matrix.shape, tensor->shape);
  }
  const tensor::PackedLayout* layout = tensor::FindPackedLayout(tensor->type);
  if (layout == nullptr || !layout->plain()) {
    return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected the type F32, F16 or BF16, found {}", base::Quoted(name),
                tensor::Info(tensor->type).name);
  }
  if (tensor::HasNonFinite(tensor->type, file.Data(*tensor))) {
    return Fail(ErrorCode::kCorrupt, "tensor {}: expected finite numbers, found one that is not", base::Quoted(name));
  }
  std::vector<float> values(tensor->values());
  tensor::Dequantize(tensor->type, file.Data(*tensor), values);
  return values;
}

// The base's matrix that an adapter's tensor belongs to.
Result<const TensorEntry*> MatrixOf(std::string_view name, const GgufFile& base) {
  if (!name.ends_with(kA) && !name.ends_with(kB)) {
    return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected a name that ends with {} or {}", base::Quoted(name), kA, kB);
  }
  const TensorEntry* matrix = base.FindTensor(name.substr(0, name.size() - kA.size()));
  if (matrix != nullptr && matrix->shape.size() == 2 && tensor::FindPackedLayout(matrix->type) != nullptr) return matrix;
  return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected the name of a matrix of the base, which has none of this name; "
              "the adapter was made for another one", base::Quoted(name));
}

}  // namespace

Result<void> LoraFile::Add(const GgufFile& file, const TensorEntry& matrix, double alpha) {
  const TensorEntry* entry = file.FindTensor(matrix.name + std::string(kA));
  const uint64_t rank = entry == nullptr || entry->shape.empty() ? 0 : entry->shape.front();
  if (entry != nullptr && (rank == 0 || rank > static_cast<uint64_t>(base::kTrainMaxRank))) {
    return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected a rank of 1 to {}, found {}", base::Quoted(entry->name),
                base::kTrainMaxRank, rank);
  }
  Factors factors = {.rank = static_cast<int64_t>(rank), .a = {}, .b = {}};
  TRY_ASSIGN(factors.a, ReadFactor(file, matrix, kA, {rank, matrix.shape[1]}));
  TRY_ASSIGN(factors.b, ReadFactor(file, matrix, kB, {matrix.shape[0], rank}));
  const auto scale = static_cast<float>(alpha == 0 ? 1 : alpha / static_cast<double>(rank));
  for (float& value : factors.b) {
    value *= scale;
    if (std::isfinite(value)) continue;
    return Fail(ErrorCode::kCorrupt, "tensor {}: expected finite numbers after multiplying by alpha / rank, found one that "
                "is not, at alpha {} and rank {}", base::Quoted(matrix.name + std::string(kB)), alpha, rank);
  }
  factors_.emplace(matrix.name, std::move(factors));
  return {};
}

Result<LoraFile> LoraFile::Read(const GgufFile& file, const GgufFile& base) {
  TRY(CheckKind(file, base));
  TRY_ASSIGN(const double alpha, file.Float("adapter.lora.alpha"));
  if (!std::isfinite(alpha)) {
    return Fail(ErrorCode::kInvalidArgument, "adapter.lora.alpha: expected a finite number, found {}", alpha);
  }
  LoraFile lora;
  for (const TensorEntry& tensor : file.tensors()) {
    TRY_ASSIGN(const TensorEntry* matrix, MatrixOf(tensor.name, base));
    if (!lora.factors_.contains(matrix->name)) TRY(lora.Add(file, *matrix, alpha));
  }
  if (lora.factors_.empty()) return Fail(ErrorCode::kInvalidArgument, "expected an adapter of at least one matrix, found none");
  return lora;
}

Result<LoraFile> LoraFile::Open(base::Files& files, const base::Path& path, const GgufFile& base) {
  auto file = GgufFile::Open(files, path);
  if (!file) return Forward(file, path.native());
  auto lora = Read(**file, base);
  if (!lora) return Forward(lora, path.native());
  lora->path_ = path.native();
  return lora;
}

LowRank LoraFile::Find(std::string_view matrix) const {
  const auto found = factors_.find(matrix);
  if (found == factors_.end()) return {};
  const Factors& factors = found->second;
  return {.rank = factors.rank, .a = std::as_bytes(std::span(factors.a)), .b = std::as_bytes(std::span(factors.b))};
}

std::vector<std::string_view> LoraFile::matrices() const {
  std::vector<std::string_view> names;
  for (const auto& [name, factors] : factors_) names.push_back(name);
  return names;
}

}  // namespace walchen::model
