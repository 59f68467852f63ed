// SPDX-License-Identifier: Apache-2.0
#include "model/weight_map.h"

#include <cstring>
#include <limits>

#include "model/test_model.h"

namespace walchen::model {
namespace {

using tensor::DType;

struct Model {
  explicit Model(const TestModel& shape) : file(MakeTestModel(shape)), config(ReadLlamaConfig(*file).value()) {}
  WeightMap map() const { return {*file, config}; }
  std::unique_ptr<TestGguf> file;
  LlamaConfig config;
};

template <class T>
void ExpectError(const Result<T>& result, ErrorCode code, std::string_view name) {
  ASSERT_FALSE(result) << name;
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  EXPECT_NE(result.error().message().find(name), std::string::npos) << result.error().message() << " does not name " << name;
}

// rows x columns of all parts together.
std::pair<int64_t, int64_t> ShapeOf(const WeightMap::Parts& parts) {
  if (!parts) return {-1, -1};
  int64_t rows = 0;
  for (const MatrixPart& part : *parts) {
    EXPECT_EQ(part.columns, parts->front().columns);
    EXPECT_EQ(part.data.size(), static_cast<size_t>(part.rows * part.columns) * 4);
    rows += part.rows;
  }
  return {rows, parts->empty() ? 0 : parts->front().columns};
}
using Shape = std::pair<int64_t, int64_t>;

TEST(WeightMap, GivesADenseModelItsShapes) {
  const Model model({});
  const WeightMap map = model.map();
  EXPECT_EQ(ShapeOf(map.Embedding()), Shape(37, 32));
  EXPECT_EQ(ShapeOf(map.Head()), Shape(37, 32));
  EXPECT_FALSE(map.tied_head());
  EXPECT_EQ(ShapeOf(map.Qkv(1)), Shape(64 + 2 * 32, 32));
  EXPECT_EQ(ShapeOf(map.AttentionOut(1)), Shape(32, 64));
  EXPECT_EQ(ShapeOf(map.GateUp(1)), Shape(128, 32));
  EXPECT_EQ(ShapeOf(map.Down(1)), Shape(32, 64));
  EXPECT_EQ(map.FinalNorm()->values.size(), 32U);
  EXPECT_EQ(map.AttentionNorm(0)->values.size(), 32U);
  EXPECT_EQ(map.MlpNorm(0)->values.size(), 32U);
  EXPECT_TRUE(map.RefuseOtherBiases());
}

TEST(WeightMap, LeavesEmptyWhatADenseModelLacks) {
  const Model model({.tied_head = true});
  const WeightMap map = model.map();
  EXPECT_TRUE(map.tied_head());
  EXPECT_EQ(ShapeOf(map.Head()), Shape(0, 0));
  EXPECT_EQ(map.QkvBias(0)->values.size(), 0U);
  EXPECT_EQ(map.HeadNorm(0, "q")->values.size(), 0U);
  for (const auto& parts : {map.Router(0), map.SharedExpertGateUp(0), map.SharedExpertDown(0), map.SharedExpertGate(0)}) {
    EXPECT_EQ(ShapeOf(parts), Shape(0, 0));
  }
}

TEST(WeightMap, GivesAMixtureOfExpertsItsShapes) {
  const Model model({.family = "qwen2moe", .experts = 4, .shared_expert_d_ff = 48});
  const WeightMap map = model.map();
  EXPECT_EQ(ShapeOf(map.Router(0)), Shape(4, 32));
  EXPECT_EQ(ShapeOf(map.ExpertGateUp(0, 3)), Shape(64, 32));
  EXPECT_EQ(ShapeOf(map.ExpertDown(0, 3)), Shape(32, 32));
  EXPECT_EQ(ShapeOf(map.SharedExpertGateUp(0)), Shape(96, 32));
  EXPECT_EQ(ShapeOf(map.SharedExpertDown(0)), Shape(32, 48));
  EXPECT_EQ(ShapeOf(map.SharedExpertGate(0)), Shape(1, 32));
  EXPECT_EQ(ShapeOf(map.GateUp(0)), Shape(0, 0));
  EXPECT_EQ(ShapeOf(map.Down(0)), Shape(0, 0));
}

TEST(WeightMap, CutsExpertsOutOfTheirTensor) {
  const Model model({.experts = 4});
  const base::Bytes whole = model.file->Data(*model.file->FindTensor("blk.1.ffn_down_exps.weight"));
  for (int expert = 0; expert < 4; ++expert) {
    const MatrixPart part = model.map().ExpertDown(1, expert)->front();
    EXPECT_EQ(part.data.data(), whole.data() + static_cast<size_t>(expert) * whole.size() / 4);
    EXPECT_EQ(part.data.size(), whole.size() / 4);
    EXPECT_EQ(part.name, fmt::format("blk.1.ffn_down_exps.weight[{}]", expert));
  }
}

// The file's rows 0, 1, 2, 3, ... of a head are the pairs (0, 8), (1, 9), ... of the halves.
TEST(WeightMap, SeparatesThePairsOfALlamasQueriesAndKeys) {
  const Model llama({}), qwen({.family = "qwen2"});
  const auto parts = llama.map().Qkv(0);
  ASSERT_TRUE(parts);
  ASSERT_EQ((*parts)[0].row_order.size(), 64U);
  ASSERT_EQ((*parts)[1].row_order.size(), 32U);
  EXPECT_TRUE((*parts)[2].row_order.empty());
  for (const size_t part : {0, 1}) {
    const std::vector<int32_t>& order = (*parts)[part].row_order;
    for (size_t i = 0; i < order.size(); ++i) {
      const size_t head = i / 16, within = i % 16;
      EXPECT_EQ(order[i], static_cast<int32_t>(head * 16 + (within < 8 ? 2 * within : 2 * (within - 8) + 1)));
    }
  }
  const auto as_they_are = qwen.map().Qkv(0);
  ASSERT_TRUE(as_they_are);
  for (const MatrixPart& part : *as_they_are) EXPECT_TRUE(part.row_order.empty());
}

TEST(WeightMap, OrdersBiasesAndHeadNormsAsTheirRows) {
  const TestModel shape = {.qkv_bias = true, .head_norms = true};
  const Model llama(shape);
  const std::vector<float> bias = llama.map().QkvBias(0)->values, norm = llama.map().HeadNorm(0, "k")->values;
  const auto stored = [&](const char* name, size_t i) {
    float value;
    std::memcpy(&value, llama.file->Data(*llama.file->FindTensor(name)).data() + i * 4, 4);
    return value;
  };
  ASSERT_EQ(bias.size(), 128U);
  EXPECT_EQ(bias[1], stored("blk.0.attn_q.bias", 2));
  EXPECT_EQ(bias[9], stored("blk.0.attn_q.bias", 3));
  EXPECT_EQ(bias[64 + 17], stored("blk.0.attn_k.bias", 18));
  EXPECT_EQ(bias[64 + 32 + 5], stored("blk.0.attn_v.bias", 5));
  ASSERT_EQ(norm.size(), 16U);
  EXPECT_EQ(norm[1], stored("blk.0.attn_k_norm.weight", 2));
  EXPECT_EQ(norm[8], stored("blk.0.attn_k_norm.weight", 1));
}

TEST(WeightMap, NamesTheTensorThatIsMissing) {
  const char* kDense[] = {"token_embd.weight", "output_norm.weight", "blk.1.attn_norm.weight", "blk.1.attn_q.weight",
                          "blk.1.attn_k.weight", "blk.1.attn_v.weight", "blk.1.attn_output.weight", "blk.1.ffn_norm.weight",
                          "blk.1.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight", "blk.1.attn_k.bias"};
  for (const char* name : kDense) {
    const Model model({.qkv_bias = true});
    model.file->RemoveTensor(name);
    const WeightMap map = model.map();
    Result<void> first;
    for (auto&& parts : {map.Embedding(), map.Head(), map.Qkv(1), map.AttentionOut(1), map.GateUp(1), map.Down(1)}) {
      if (!parts && first) first = tl::unexpected<Error>(parts.error());
    }
    for (auto&& values : {map.FinalNorm(), map.AttentionNorm(1), map.MlpNorm(1), map.QkvBias(1)}) {
      if (!values && first) first = tl::unexpected<Error>(values.error());
    }
    ExpectError(first, ErrorCode::kNotFound, name);
  }
}

TEST(WeightMap, NamesBothShapesWhereTheyDiffer) {
  const Model model({.family = "qwen2moe", .experts = 4, .shared_expert_d_ff = 48});
  const std::vector<float> values(32 * 33);
  model.file->SetTensor("blk.0.attn_k.weight", DType::kF32, {33, 32}, values);
  const auto qkv = model.map().Qkv(0);
  ExpectError(qkv, ErrorCode::kCorrupt, "blk.0.attn_k.weight");
  EXPECT_NE(qkv.error().message().find("[33, 32], expected [32, 32]"), std::string::npos) << qkv.error().message();
  model.file->SetTensor("blk.0.ffn_up_exps.weight", DType::kF32, {33, 32}, values);
  ExpectError(model.map().ExpertGateUp(0, 0), ErrorCode::kCorrupt, "blk.0.ffn_up_exps.weight");
  model.file->SetTensor("output_norm.weight", DType::kF32, {33}, std::span(values).first(33));
  ExpectError(model.map().FinalNorm(), ErrorCode::kCorrupt, "output_norm.weight");
  model.file->SetTensor("output_norm.weight", DType::kF32, {32, 1}, std::span(values).first(32));
  ExpectError(model.map().FinalNorm(), ErrorCode::kCorrupt, "output_norm.weight");
  model.file->SetTensor("blk.0.ffn_gate_inp_shexp.weight", DType::kF32, {1, 32}, std::span(values).first(32));
  EXPECT_EQ(ShapeOf(model.map().SharedExpertGate(0)), Shape(1, 32)) << "a vector or a matrix of one row";
}

TEST(WeightMap, RefusesVectorsThatAreNoNumbers) {
  const Model model({});
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> gains(32, 1.0f);
    gains[31] = bad;
    model.file->SetTensor("blk.0.attn_norm.weight", DType::kF32, {32}, gains);
    ExpectError(model.map().AttentionNorm(0), ErrorCode::kCorrupt, "blk.0.attn_norm.weight");
  }
  model.file->SetTensor("blk.0.attn_norm.weight", DType::kI32, {32}, std::vector<std::byte>(32 * 4));
  ExpectError(model.map().AttentionNorm(0), ErrorCode::kUnsupported, "I32");
}

TEST(WeightMap, ReadsVectorsOfEveryFloatType) {
  const Model model({});
  const std::vector<float> gains(32, 1.5f);
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64, DType::kQ8_0}) {
    model.file->SetTensor("blk.0.attn_norm.weight", type, {32}, gains);
    const auto read = model.map().AttentionNorm(0);
    ASSERT_TRUE(read) << read.error().message();
    for (const float value : read->values) EXPECT_NEAR(value, 1.5f, 1e-3f);
  }
}

TEST(WeightMap, RefusesBiasesThatItWouldLeaveOut) {
  const Model model({.qkv_bias = true});
  EXPECT_TRUE(model.map().RefuseOtherBiases());
  for (const char* name : {"blk.1.attn_output.bias", "blk.0.ffn_up.bias", "output.bias"}) {
    model.file->SetTensor(name, DType::kF32, {32}, std::vector<float>(32));
    ExpectError(model.map().RefuseOtherBiases(), ErrorCode::kUnsupported, name);
    model.file->RemoveTensor(name);
  }
}

}  // namespace
}  // namespace walchen::model
