// SPDX-License-Identifier: Apache-2.0
#include "model/sense_file.h"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "tensor/packed_matrix.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

std::string Shape(std::span<const uint64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

// The number of a name's stream of random numbers: the same whatever else is in the file (FNV-1a, Fowler et al. 1991).
uint64_t StreamOf(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

std::string NormalNumbers(const SenseTensor& tensor, uint64_t seed) {
  std::vector<float> values(tensor.shape[0] * tensor.shape[1]);
  const double deviation = 1.0 / std::sqrt(static_cast<double>(tensor.shape[1]));
  base::Rng rng(seed, StreamOf(tensor.name));
  for (float& value : values) value = static_cast<float>(rng.Normal() * deviation);
  return std::string(base::AsText(std::as_bytes(std::span(values))));
}

}  // namespace

SenseFile::SenseFile(const formats::GgufFile& file, const SenseConfig& sense)
    : file_(file), sense_(sense), expected_(SenseTensors(sense)) {}

Result<const formats::TensorEntry*> SenseFile::Find(std::string_view what, size_t dimensions) const {
  const std::string name = fmt::format("sense.{}.{}.weight", sense_.name, what);
  const auto expected = std::ranges::find(expected_, name, &SenseTensor::name);
  CHECK(expected != expected_.end() && expected->shape.size() == dimensions, "{}", name);
  const formats::TensorEntry* entry = file_.FindTensor(name);
  if (entry == nullptr) return Fail(ErrorCode::kNotFound, "there is no tensor {}", name);
  if (entry->shape != expected->shape) {
    return Fail(ErrorCode::kCorrupt, "tensor {}: expected the shape {}, found {}", name, Shape(expected->shape),
                Shape(entry->shape));
  }
  if (tensor::FindPackedLayout(entry->type) == nullptr) {
    return Fail(ErrorCode::kUnsupported, "tensor {}: {} is no type for weights", name, tensor::Info(entry->type).name);
  }
  return entry;
}

Result<MatrixPart> SenseFile::Matrix(std::string_view what) const {
  TRY_ASSIGN(const formats::TensorEntry* entry, Find(what, 2));
  return MatrixPart{.name = entry->name,
                    .type = entry->type,
                    .rows = static_cast<int64_t>(entry->shape[0]),
                    .columns = static_cast<int64_t>(entry->shape[1]),
                    .data = file_.Data(*entry),
                    .row_order = {}};
}

Result<NamedVector> SenseFile::Vector(std::string_view what) const {
  TRY_ASSIGN(const formats::TensorEntry* entry, Find(what, 1));
  NamedVector vector = {.name = entry->name, .values = std::vector<float>(entry->values())};
  tensor::Dequantize(entry->type, file_.Data(*entry), vector.values);
  if (tensor::HasNonFinite(entry->type, file_.Data(*entry))) {
    return Fail(ErrorCode::kCorrupt, "tensor {} holds a value that is no finite number; get the file again", entry->name);
  }
  return vector;
}

void AddSenseList(std::span<const SenseConfig> senses, formats::GgufWriter& writer) {
  std::vector<std::string> names;
  for (const SenseConfig& sense : senses) names.push_back(sense.name);
  writer.Add("walchen.sense_format", uint64_t{1});
  writer.Add("walchen.senses", formats::GgufArray(std::move(names)));
  for (const SenseConfig& sense : senses) AddSenseKeys(sense, writer);
}

void AddNewSense(const SenseConfig& sense, uint64_t seed, std::vector<std::vector<float>> key_norms,
                 formats::GgufWriter& writer) {
  for (const SenseTensor& tensor : SenseTensors(sense)) {
    std::vector<float> gains;
    if (tensor.layer >= 0 && static_cast<size_t>(tensor.layer) < key_norms.size()) {
      gains = key_norms[static_cast<size_t>(tensor.layer)];
    }
    writer.AddTensor(tensor.name, tensor::DType::kF32, tensor.shape, [tensor, seed, gains]() -> Result<std::string> {
      if (tensor.start == SenseTensor::Start::kNormal) return NormalNumbers(tensor, seed);
      uint64_t size = 1;
      for (const uint64_t width : tensor.shape) size *= width;
      std::vector<float> values(size, tensor.start == SenseTensor::Start::kZero ? 0.0f : 1.0f);
      if (!gains.empty()) values = gains;
      return std::string(base::AsText(std::as_bytes(std::span(values))));
    });
  }
}

Result<void> CheckSenseFits(const SenseConfig& sense, const SharedAttention& text, std::string_view text_sha256) {
  const auto refuse = [&](std::string_view what, int64_t expected, int64_t found) {
    return Fail(ErrorCode::kInvalidArgument, "sense {} was made for a base with {} {}; this one has {}", sense.name, expected,
                what, found);
  };
  if (!sense.base_sha256.empty() && !text_sha256.empty() && sense.base_sha256 != text_sha256) {
    return Fail(ErrorCode::kInvalidArgument, "sense {} was trained on the base with the SHA-256 {}; this one has {}. Use that "
                "base, or train the sense on this one", sense.name, sense.base_sha256, text_sha256);
  }
  if (sense.shared.layers != text.layers) return refuse("layers", sense.shared.layers, text.layers);
  if (sense.shared.kv_heads != text.kv_heads) return refuse("KV heads", sense.shared.kv_heads, text.kv_heads);
  if (sense.shared.head_size != text.head_size) return refuse("values in a head", sense.shared.head_size, text.head_size);
  // A file holds them as the nearest float.
  const auto near = [](float a, float b) { return std::abs(a - b) <= 1e-5f * std::abs(b); };
  if (!std::ranges::equal(sense.shared.rope_frequencies, text.rope_frequencies, near)) {
    return Fail(ErrorCode::kInvalidArgument, "sense {} was made for a base with other rotation frequencies", sense.name);
  }
  return {};
}

}  // namespace walchen::model
