// SPDX-License-Identifier: Apache-2.0
#include "model/lora.h"

#include "base/bytes.h"
#include "formats/gguf.h"
#include "model/convert_values.h"
#include "model/lora_file.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using formats::TensorEntry;
using tensor::DType;

// The matrix as floats with b a added.
std::vector<float> Merged(const GgufFile& base, const TensorEntry& matrix, const LowRank& update, base::ThreadPool& pool) {
  const auto columns = static_cast<int64_t>(matrix.shape[1]), rank = update.rank;
  std::vector<float> values(matrix.values());
  tensor::Dequantize(matrix.type, base.Data(matrix), values);
  const auto* a = reinterpret_cast<const float*>(update.a.data());
  const auto* b = reinterpret_cast<const float*>(update.b.data());
  pool.For(static_cast<int64_t>(matrix.shape[0]), 16, [&](int64_t first, int64_t last, int) {
    for (int64_t row = first; row < last; ++row) {
      float* out = values.data() + row * columns;
      for (int64_t r = 0; r < rank; ++r) {
        const float weight = b[row * rank + r];
        for (int64_t column = 0; column < columns; ++column) out[column] += weight * a[r * columns + column];
      }
    }
  });
  return values;
}

bool IsPlain(DType type) { return type == DType::kF32 || type == DType::kF16 || type == DType::kBF16; }

}  // namespace

Result<void> MergeLora(base::Files& files, const base::Path& base_path, const base::Path& lora_path, const base::Path& output,
                       base::ThreadPool& pool, const OnTensor& on_tensor) {
  if (files.Exists(output)) {
    return Fail(ErrorCode::kAlreadyExists, "{} is there already; delete it or choose another name", output.native());
  }
  TRY_ASSIGN(const auto base, GgufFile::Open(files, base_path));
  TRY_ASSIGN(const LoraFile lora, LoraFile::Open(files, lora_path, *base));
  formats::GgufWriter writer;
  for (const auto& [key, value] : base->metadata()) writer.Add(key, value);
  const std::span<const TensorEntry> tensors = base->tensors();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorEntry& tensor = tensors[i];
    const LowRank update = lora.Find(tensor.name);
    const DType type = update.rank == 0 || IsPlain(tensor.type) ? tensor.type : DType::kQ8_0;
    writer.AddTensor(tensor.name, type, tensor.shape, [&, update, type, i]() -> Result<std::string> {
      if (on_tensor) TRY(on_tensor(tensor.name, i, tensors.size()));
      if (update.rank == 0) return std::string(base::AsText(base->Data(tensor)));
      const std::vector<float> values = Merged(*base, tensor, update, pool);
      return Convert(pool, {DType::kF32, type, std::as_bytes(std::span(values)), tensor.columns()});
    });
  }
  return writer.Write(files, output);
}

}  // namespace walchen::model
