// SPDX-License-Identifier: Apache-2.0
#include "model/quantize_model.h"

#include <algorithm>

#include "model/convert_values.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using formats::GgufWriter;
using formats::TensorEntry;
using tensor::DType;

constexpr std::string_view kFileType = "general.file_type";
constexpr std::string_view kQuantizationVersionKey = "general.quantization_version";
constexpr uint64_t kVersion = 2;  // ggml's GGML_QNT_VERSION

void CopyMetadata(const GgufFile& file, const WeightMix& mix, GgufWriter& writer) {
  bool has_file_type = false;
  for (const auto& [key, value] : file.metadata()) {
    if (key == kQuantizationVersionKey) continue;
    const bool is_file_type = key == kFileType;
    has_file_type |= is_file_type;
    writer.Add(key, is_file_type ? formats::GgufValue(uint64_t{mix.file_type}) : value);
  }
  if (!has_file_type) writer.Add(std::string(kFileType), uint64_t{mix.file_type});
  writer.Add(std::string(kQuantizationVersionKey), kVersion);
}

int LayersOf(const GgufFile& file) {
  const auto architecture = file.Text("general.architecture");
  if (!architecture) return 0;
  const auto layers = file.Int(fmt::format("{}.block_count", *architecture));
  return layers && *layers > 0 && *layers <= INT32_MAX / 8 ? static_cast<int>(*layers) : 0;
}

// Integers stay what they are: they are tables of something, no weights.
DType NewType(const TensorEntry& tensor, const WeightMix& mix, const TensorSite& site) {
  const bool is_integer = tensor.type == DType::kI8 || tensor.type == DType::kI16 || tensor.type == DType::kI32 ||
                          tensor.type == DType::kI64;
  return is_integer ? tensor.type : ChooseType(mix, site);
}

}  // namespace

Result<QuantizeReport> QuantizeModel(base::Files& files, const base::Path& input, const base::Path& output,
                                     const WeightMix& mix, base::ThreadPool& pool, const OnTensor& on_tensor) {
  TRY_ASSIGN(const auto file, GgufFile::Open(files, input));
  GgufWriter writer;
  CopyMetadata(*file, mix, writer);
  const int layers = LayersOf(*file);
  const bool tied_head = file->FindTensor("output.weight") == nullptr;
  const size_t total = file->tensors().size();
  QuantizeReport report;
  std::map<std::string, ConversionError> errors;
  size_t done = 0;
  for (const TensorEntry& tensor : file->tensors()) {
    const DType type = NewType(tensor, mix, {tensor.name, tensor.shape, layers, tied_head});
    report.input_bytes += tensor.size;
    const auto produce = [&, type]() -> Result<std::string> {
      if (on_tensor) TRY(on_tensor(tensor.name, done, total));
      const std::string type_name(tensor::Info(type).name);
      const Conversion conversion{tensor.type, type, file->Data(tensor), tensor.columns()};
      auto bytes = Convert(pool, conversion, &errors[type_name]);
      if (!bytes) return Forward(bytes, fmt::format("{}: tensor {}", input.native(), base::Quoted(tensor.name)));
      file->DropResident(conversion.data);
      TypeReport& of_type = report.types[type_name];
      ++of_type.tensors;
      of_type.bytes += bytes->size();
      report.output_bytes += bytes->size();
      ++done;
      return bytes;
    };
    writer.AddTensor(tensor.name, type, tensor.shape, produce);
  }
  TRY(writer.Write(files, output));
  for (auto& [type, of_type] : report.types) {
    const ConversionError& error = errors[type];
    of_type.mean_squared_error = error.squared / static_cast<double>(std::max<uint64_t>(error.values, 1));
  }
  return report;
}

}  // namespace walchen::model
