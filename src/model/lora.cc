// SPDX-License-Identifier: Apache-2.0
#include "model/lora.h"

#include "base/bytes.h"
#include "formats/gguf.h"
#include "model/convert_values.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using formats::TensorEntry;
using tensor::DType;

struct Factors {
  const TensorEntry* a = nullptr;
  const TensorEntry* b = nullptr;
};

Result<Factors> FactorsOf(const GgufFile& lora, const TensorEntry& matrix) {
  const Factors factors = {lora.FindTensor(matrix.name + ".lora_a"), lora.FindTensor(matrix.name + ".lora_b")};
  if (factors.a == nullptr && factors.b == nullptr) return factors;
  const bool fits = factors.a != nullptr && factors.b != nullptr && matrix.shape.size() == 2 && factors.a->shape.size() == 2 &&
                    factors.b->shape.size() == 2 && factors.a->shape[1] == matrix.shape[1] && factors.b->shape[0] == matrix.shape[0] &&
                    factors.a->shape[0] == factors.b->shape[1] && factors.a->shape[0] > 0 && factors.a->type == DType::kF32 &&
                    factors.b->type == DType::kF32;
  if (fits) return factors;
  return Fail(ErrorCode::kInvalidArgument, "the adapter's {0}.lora_a and .lora_b do not fit the base's {0}: it was made for another "
              "base", matrix.name);
}

// The matrix as floats with scale * b a added.
std::vector<float> Merged(const GgufFile& base, const TensorEntry& matrix, const GgufFile& lora, const Factors& factors,
                          float scale, base::ThreadPool& pool) {
  const auto columns = static_cast<int64_t>(matrix.shape[1]), rank = static_cast<int64_t>(factors.a->shape[0]);
  std::vector<float> values(matrix.values());
  tensor::Dequantize(matrix.type, base.Data(matrix), values);
  std::vector<float> a(factors.a->values()), b(factors.b->values());
  tensor::Dequantize(DType::kF32, lora.Data(*factors.a), a);
  tensor::Dequantize(DType::kF32, lora.Data(*factors.b), b);
  pool.For(static_cast<int64_t>(matrix.shape[0]), 16, [&](int64_t first, int64_t last, int) {
    for (int64_t row = first; row < last; ++row) {
      float* out = values.data() + row * columns;
      for (int64_t r = 0; r < rank; ++r) {
        const float weight = scale * b[static_cast<size_t>(row * rank + r)];
        for (int64_t column = 0; column < columns; ++column) out[column] += weight * a[static_cast<size_t>(r * columns + column)];
      }
    }
  });
  return values;
}

bool IsPlain(DType type) { return type == DType::kF32 || type == DType::kF16 || type == DType::kBF16; }

Result<float> ScaleOf(const GgufFile& lora, const base::Path& path) {
  const auto type = lora.Text("adapter.type");
  if (!type || *type != "lora") {
    return Fail(ErrorCode::kInvalidArgument, "{}: expected an adapter file (adapter.type \"lora\"), found another GGUF file", path.native());
  }
  TRY_ASSIGN(const double alpha, lora.Float("adapter.lora.alpha"));
  for (const TensorEntry& tensor : lora.tensors()) {
    if (tensor.name.ends_with(".lora_a") && tensor.shape.size() == 2 && tensor.shape[0] > 0) {
      return static_cast<float>(alpha / static_cast<double>(tensor.shape[0]));
    }
  }
  return Fail(ErrorCode::kInvalidArgument, "{}: the adapter holds no matrices", path.native());
}

}  // namespace

Result<void> MergeLora(base::Files& files, const base::Path& base_path, const base::Path& lora_path, const base::Path& output,
                       base::ThreadPool& pool, const OnTensor& on_tensor) {
  if (files.Exists(output)) {
    return Fail(ErrorCode::kAlreadyExists, "{} is there already; delete it or choose another name", output.native());
  }
  TRY_ASSIGN(const auto base, GgufFile::Open(files, base_path));
  TRY_ASSIGN(const auto lora, GgufFile::Open(files, lora_path));
  TRY_ASSIGN(const float scale, ScaleOf(*lora, lora_path));
  for (const TensorEntry& tensor : lora->tensors()) {
    const std::string_view name = tensor.name;
    const bool known = name.size() > 7 && base->FindTensor(name.substr(0, name.size() - 7)) != nullptr;
    if (!known) return Fail(ErrorCode::kInvalidArgument, "the adapter has {}, the base no such matrix: it was made for another base", name);
  }
  formats::GgufWriter writer;
  for (const auto& [key, value] : base->metadata()) writer.Add(key, value);
  const std::span<const TensorEntry> tensors = base->tensors();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorEntry& tensor = tensors[i];
    TRY_ASSIGN(const Factors factors, FactorsOf(*lora, tensor));
    const DType type = factors.a == nullptr || IsPlain(tensor.type) ? tensor.type : DType::kQ8_0;
    writer.AddTensor(tensor.name, type, tensor.shape, [&, factors, type, i]() -> Result<std::string> {
      if (on_tensor) TRY(on_tensor(tensor.name, i, tensors.size()));
      if (factors.a == nullptr) return std::string(base::AsText(base->Data(tensor)));
      const std::vector<float> values = Merged(*base, tensor, *lora, factors, scale, pool);
      return Convert(pool, {DType::kF32, type, std::as_bytes(std::span(values)), tensor.columns()});
    });
  }
  return writer.Write(files, output);
}

}  // namespace walchen::model
