// SPDX-License-Identifier: Apache-2.0
//
// Adapters with random factors for a base that tests made.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "formats/gguf.h"
#include "tensor/quant.h"

namespace walchen::model {

// An adapter's file before it is written: change what you like.
struct TestLora {
  struct Tensor {
    std::string name;
    tensor::DType type;
    std::vector<uint64_t> shape;
    std::vector<float> values;
  };
  std::vector<std::pair<std::string, formats::GgufValue>> metadata;
  std::vector<Tensor> tensors;

  Tensor& Find(std::string_view name) {
    const auto found = std::ranges::find(tensors, name, &Tensor::name);
    CHECK(found != tensors.end(), "no tensor {}", name);
    return *found;
  }
  void Set(const std::string& key, formats::GgufValue value) {
    std::erase_if(metadata, [&](const auto& entry) { return entry.first == key; });
    metadata.emplace_back(key, std::move(value));
  }

  void Write(const base::Path& path) const {
    formats::GgufWriter writer;
    for (const auto& [key, value] : metadata) writer.Add(key, value);
    for (const Tensor& tensor : tensors) {
      writer.AddTensor(tensor.name, tensor.type, tensor.shape, [&tensor]() -> Result<std::string> {
        const tensor::DTypeInfo& info = tensor::Info(tensor.type);
        std::vector<std::byte> bytes(tensor.values.size() / info.block_values * info.block_bytes);
        tensor::Quantize(tensor.type, tensor.values, bytes);
        return std::string(base::AsText(bytes));
      });
    }
    const auto written = writer.Write(base::Files::Os(), path);
    CHECK(written.has_value(), "{}", written.error().ToString());
  }
};

struct TestLoraOptions {
  uint64_t seed = 1;
  uint64_t rank = 4;
  double alpha = 8;
  tensor::DType type = tensor::DType::kF32;
  // Which of the base's block matrices it changes.
  std::function<bool(std::string_view)> changes = [](std::string_view) { return true; };
};

// Updates about as large as the matrices: an adapter that is left out, or mixed up with another one, is seen in every logit.
inline TestLora MakeTestLora(const formats::GgufFile& base, const TestLoraOptions& options = {}) {
  TestLora lora;
  lora.Set("general.type", formats::GgufValue(std::string("adapter")));
  lora.Set("general.architecture", formats::GgufValue(std::string(base.Text("general.architecture").value())));
  lora.Set("adapter.type", formats::GgufValue(std::string("lora")));
  lora.Set("adapter.lora.alpha", formats::GgufValue(options.alpha));
  base::Rng rng(options.seed);
  const auto random = [&](uint64_t count, double deviation) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(deviation * rng.Normal());
    return values;
  };
  for (const formats::TensorEntry& tensor : base.tensors()) {
    constexpr std::string_view kEnds[] = {"_q.weight",    "_k.weight",  "_v.weight",   "attn_output.weight",
                                          "_gate.weight", "_up.weight", "_down.weight"};
    const auto ends = [&](std::string_view end) { return tensor.name.ends_with(end); };
    if (tensor.shape.size() != 2 || std::ranges::none_of(kEnds, ends) || !options.changes(tensor.name)) continue;
    const uint64_t rows = tensor.shape[0], columns = tensor.shape[1];
    const double a = 1 / std::sqrt(static_cast<double>(columns)), b = 0.25;
    lora.tensors.push_back({tensor.name + ".lora_a", options.type, {options.rank, columns}, random(options.rank * columns, a)});
    lora.tensors.push_back({tensor.name + ".lora_b", options.type, {rows, options.rank}, random(rows * options.rank, b)});
  }
  return lora;
}

}  // namespace walchen::model
