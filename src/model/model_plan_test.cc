// SPDX-License-Identifier: Apache-2.0
#include "model/model_plan.h"

#include <map>
#include <set>

#include "model/test_folder.h"
#include "model/test_model.h"

namespace walchen::model {
namespace {

const char* const kPlannedMembers[] = {"llama2", "llama3", "llama_linear", "mistral", "smollm2",
                                       "qwen2",  "qwen3",  "mixtral",      "qwen2moe", "qwen3moe"};

std::unique_ptr<formats::GgufFile> OpenGolden(const std::string& member) {
  return std::move(formats::GgufFile::Open(base::Files::Os(), Golden("llama/" + member + ".gguf")).value());
}

TEST(ModelPlan, NamesEveryTensorOfEveryFamilyWithItsShape) {
  for (const std::string member : kPlannedMembers) {
    SCOPED_TRACE(member);
    const auto file = OpenGolden(member);
    const auto plan = ReadModelPlan(*file);
    ASSERT_TRUE(plan) << plan.error().ToString();
    std::map<std::string, std::vector<uint64_t>> planned;
    for (const PlannedTensor& tensor : PlanTensors(*plan)) planned[tensor.name] = tensor.shape;
    if (plan->llama3_scaling) planned["rope_freqs.weight"] = {static_cast<uint64_t>(plan->config.head_size / 2)};
    std::map<std::string, std::vector<uint64_t>> present;
    for (const formats::TensorEntry& tensor : file->tensors()) present[tensor.name] = tensor.shape;
    EXPECT_EQ(planned, present);
  }
}

TEST(ModelPlan, WritesKeysThatGiveTheSameConfigurationBack) {
  for (const std::string member : kPlannedMembers) {
    SCOPED_TRACE(member);
    const auto file = OpenGolden(member);
    ModelPlan plan = ReadModelPlan(*file).value();
    const TestFolder folder;
    formats::GgufWriter writer;
    AddConfigKeys(plan, writer);
    AddRopeTensor(plan, writer);
    const std::vector<PlannedTensor> tensors = PlanTensors(plan);
    for (const PlannedTensor& tensor : tensors) {
      writer.AddTensor(tensor.name, tensor::DType::kF32, tensor.shape, [&]() -> Result<std::string> {
        size_t bytes = sizeof(float);
        for (const uint64_t width : tensor.shape) bytes *= width;
        return std::string(bytes, '\0');
      });
    }
    ASSERT_TRUE(writer.Write(base::Files::Os(), folder / "again.gguf"));
    const auto again = std::move(formats::GgufFile::Open(base::Files::Os(), folder / "again.gguf").value());
    const LlamaConfig before = ReadLlamaConfig(*file).value(), after = ReadLlamaConfig(*again).value();
    EXPECT_EQ(after.rope_frequencies.size(), before.rope_frequencies.size());
    for (size_t i = 0; i < before.rope_frequencies.size(); ++i) {
      EXPECT_FLOAT_EQ(after.rope_frequencies[i], before.rope_frequencies[i]);
    }
    const auto numbers = [](const LlamaConfig& c) {
      return std::vector<int>{c.layers, c.d_model, c.heads, c.kv_heads, c.head_size, c.d_ff, c.vocabulary,
                              c.context_tokens, c.experts, c.experts_used, c.expert_d_ff, c.shared_expert_d_ff};
    };
    EXPECT_EQ(numbers(after), numbers(before));
    EXPECT_EQ(after.rms_epsilon, before.rms_epsilon);
  }
}

TEST(ModelPlan, HasOneHuggingFaceNameForEachExpert) {
  const ModelPlan plan = ReadModelPlan(*OpenGolden("mixtral")).value();
  std::set<std::string> names;
  for (const PlannedTensor& tensor : PlanTensors(plan)) {
    EXPECT_EQ(tensor.huggingface.size(), tensor.shape.size() == 3 ? 4 : 1) << tensor.name;
    names.insert(tensor.huggingface.begin(), tensor.huggingface.end());
  }
  EXPECT_TRUE(names.contains("model.layers.1.block_sparse_moe.experts.3.w2.weight"));
  EXPECT_TRUE(names.contains("lm_head.weight"));
}

TEST(RowOrder, PutsTheHalvesOfAHeadSideBySide) {
  const PlannedTensor tensor{.name = "q", .shape = {8, 4}, .huggingface = {"q"}, .pair_heads = 2};
  EXPECT_EQ(RowOrder(tensor, 4), (std::vector<int32_t>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_TRUE(RowOrder({.name = "v", .shape = {8, 4}, .huggingface = {"v"}}, 4).empty());
}

TEST(RopeDivisors, GrowFromOneToTheFactor) {
  const std::vector<float> divisors = RopeDivisors({.factor = 32}, 500'000, 64);
  ASSERT_EQ(divisors.size(), 32u);
  EXPECT_FLOAT_EQ(divisors.front(), 1.0f);
  EXPECT_FLOAT_EQ(divisors.back(), 32.0f);
  for (size_t i = 1; i < divisors.size(); ++i) EXPECT_GE(divisors[i], divisors[i - 1]);
}

TEST(ModelPlan, RefusesRopeFactorsThatNoScalingGives) {
  auto file = MakeTestModel({});
  const std::vector<float> odd = {1, 7, 2, 8, 1, 7, 2, 8};
  file->SetTensor("rope_freqs.weight", tensor::DType::kF32, {8}, odd);
  const auto plan = ReadModelPlan(*file);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(plan.error().message().find("rope_freqs.weight"), std::string::npos);
}

TEST(HuggingFaceFamilies, AreFoundBothWays) {
  ASSERT_NE(FindHuggingFaceFamily("Qwen3MoeForCausalLM"), nullptr);
  EXPECT_EQ(FindHuggingFaceFamily("Qwen3MoeForCausalLM")->family, "qwen3moe");
  EXPECT_EQ(FindHuggingFaceFamily("GPT2LMHeadModel"), nullptr);
  LlamaConfig config;
  config.family = "llama";
  EXPECT_EQ(HuggingFaceFamilyOf(config)->architecture, "LlamaForCausalLM");
  config.experts = 8;
  EXPECT_EQ(HuggingFaceFamilyOf(config)->architecture, "MixtralForCausalLM");
  config.family = "qwen2";
  EXPECT_EQ(HuggingFaceFamilyOf(config), nullptr);
}

}  // namespace
}  // namespace walchen::model
