// SPDX-License-Identifier: Apache-2.0
//
// Model files whose tensors are missing, of another shape or type, or hold what is no number, through the whole engine.
#include <cstring>
#include <limits>

#include "hostile_model.h"

namespace walchen {
namespace {

using infer::MakeTinyModel;
using infer::TinyModel;
using infer::TinyOptions;
using tensor::DType;

using ModelTensorsTest = HostileModel;

// Families with every kind of tensor.
const TinyOptions kKinds[] = {{.family = "llama"}, {.family = "qwen3"}, {.family = "qwen2moe", .experts = 4}};

// What a model may lack: the head is then the embedding, and norms of heads belong to some members of the family only.
bool IsOptional(const std::string& name) { return name == "output.weight" || name.ends_with("_norm.weight"); }

TEST_F(ModelTensorsTest, NamesTheOneThatIsMissing) {
  for (const TinyOptions& options : kKinds) {
    const TinyModel model = MakeTinyModel(options);
    for (const TinyModel::Tensor& tensor : model.tensors) {
      TinyModel changed = model;
      changed.Remove(tensor.name);
      const std::string what = options.family + " without " + tensor.name;
      const auto result = SurviveModel(changed, what);
      if (!result || !IsOptional(tensor.name)) {
        // One bias of three missing is a contradiction; all missing is a model without.
        ExpectRefused(result, tensor.name, what);
      }
    }
  }
}

TEST_F(ModelTensorsTest, NamesTheOneOfAnotherShape) {
  for (const TinyOptions& options : kKinds) {
    const TinyModel model = MakeTinyModel(options);
    for (const TinyModel::Tensor& tensor : model.tensors) {
      std::vector<std::vector<uint64_t>> shapes = {{1, 24}, {24}, {}, {2, 24, 24}, {24, 2, 1, 1}};
      shapes.push_back(tensor.shape);
      shapes.back().insert(shapes.back().begin(), 2);
      for (const std::vector<uint64_t>& shape : shapes) {
        TinyModel changed = model;
        TinyModel::Tensor& other = changed.Find(tensor.name);
        uint64_t values = 1;
        for (const uint64_t dimension : shape) values *= dimension;
        other.type = DType::kF32;
        other.shape = shape;
        other.bytes.assign(values * 4, '\0');
        const std::string what = fmt::format("{}: {} with {} dimensions", options.family, tensor.name, shape.size());
        ExpectRefused(SurviveModel(changed, what), tensor.name, what);
      }
    }
  }
}

TEST_F(ModelTensorsTest, NamesTheOneOfATypeThatIsNoWeight) {
  for (const TinyOptions& options : kKinds) {
    const TinyModel model = MakeTinyModel(options);
    for (const TinyModel::Tensor& tensor : model.tensors) {
      for (const DType type : {DType::kI8, DType::kI32, DType::kI64, DType::kF64}) {
        TinyModel changed = model;
        TinyModel::Tensor& other = changed.Find(tensor.name);
        uint64_t values = 1;
        for (const uint64_t dimension : other.shape) values *= dimension;
        other.type = type;
        other.bytes.assign(tensor::RowBytes(type, values).value(), '\0');
        const std::string what = fmt::format("{}: {} of type {}", options.family, tensor.name, tensor::Info(type).name);
        const auto result = SurviveModel(changed, what);
        if (type != DType::kF64 || !result) ExpectRefused(result, tensor.name, what);
      }
    }
  }
}

TEST_F(ModelTensorsTest, NamesTheOneThatHoldsNoNumber) {
  for (const TinyOptions& options : kKinds) {
    const TinyModel model = MakeTinyModel({.family = options.family, .type = DType::kF32, .experts = options.experts});
    for (const TinyModel::Tensor& tensor : model.tensors) {
      for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        TinyModel changed = model;
        std::string& bytes = changed.Find(tensor.name).bytes;
        std::memcpy(bytes.data() + bytes.size() / 8 * 4, &value, sizeof(value));
        const std::string what = fmt::format("{}: {} holds {}", options.family, tensor.name, value);
        ExpectRefused(SurviveModel(changed, what), tensor.name, what);
      }
    }
  }
}

TEST_F(ModelTensorsTest, SurvivesNumbersThatOverflowOrVanish) {
  for (const TinyOptions& options : kKinds) {
    const TinyModel model = MakeTinyModel({.family = options.family, .type = DType::kF32, .experts = options.experts});
    for (const TinyModel::Tensor& tensor : model.tensors) {
      for (const float value : {0.0f, -0.0f, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()}) {
        TinyModel changed = model;
        std::string& bytes = changed.Find(tensor.name).bytes;
        for (size_t at = 0; at < bytes.size(); at += sizeof(value)) std::memcpy(bytes.data() + at, &value, sizeof(value));
        (void)SurviveModel(changed, fmt::format("{}: {} is all {}", options.family, tensor.name, value));
      }
    }
  }
}

TEST_F(ModelTensorsTest, SurvivesEveryWidthInEveryType) {
  for (const int width : {1, 8, 16, 31, 33, 40, 48, 96}) {
    for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64}) {
      const TinyModel model = MakeTinyModel({.type = type, .d_model = width});
      const std::string what = fmt::format("{} values wide, {}", width, tensor::Info(type).name);
      const auto result = SurviveModel(model, what);
      if (!result) ExpectRefused(result, ".weight", what);
    }
  }
}

TEST_F(ModelTensorsTest, NamesABiasThatIsNoneOfTheFamily) {
  TinyModel model = MakeTinyModel();
  base::Rng rng(1);
  infer::AddTinyTensor(model, rng, "blk.0.ffn_up.bias", DType::kF32, {128}, 0, 1);
  ExpectRefused(SurviveModel(model, "bias"), "blk.0.ffn_up.bias", "a bias of the MLP");
}

TEST_F(ModelTensorsTest, RefusesTheFrequenciesOfNoRotation) {
  for (const auto& [size, value] : std::initializer_list<std::pair<uint64_t, float>>{
           {7, 1.0f}, {16, 1.0f}, {8, 0.0f}, {8, -1.0f}, {8, std::numeric_limits<float>::quiet_NaN()}, {8, 1e-38f}}) {
    TinyModel model = MakeTinyModel();
    base::Rng rng(1);
    infer::AddTinyTensor(model, rng, "rope_freqs.weight", DType::kF32, {size}, value, 0);
    ExpectRefused(SurviveModel(model, "frequencies"), "rope_freqs.weight", fmt::format("{} times {}", size, value));
  }
}

}  // namespace
}  // namespace walchen
