// SPDX-License-Identifier: Apache-2.0
#include "model/lora_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/limits.h"
#include "base/test_folder.h"
#include "model/test_lora.h"
#include "model/test_model.h"

namespace walchen::model {
namespace {

using formats::GgufValue;
using tensor::DType;

constexpr std::string_view kQ = "blk.0.attn_q.weight";

class LoraFiles : public testing::Test {
 protected:
  Result<LoraFile> Open(const TestLora& lora) {
    lora.Write(folder_ / "lora.gguf");
    return LoraFile::Open(base::Files::Os(), folder_ / "lora.gguf", *base_);
  }
  // An error that names the file and all of these.
  void ExpectRefused(const TestLora& lora, const std::vector<std::string>& words) {
    const auto opened = Open(lora);
    ASSERT_FALSE(opened) << "expected an error that names " << words.front();
    const std::string message = opened.error().message();
    EXPECT_NE(message.find("lora.gguf"), std::string::npos) << message;
    for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << message << " does not name " << word;
  }

  const std::unique_ptr<TestGguf> base_ = MakeTestModel({});
  base::TestFolder folder_;
};

std::vector<float> Floats(base::Bytes bytes) {
  const auto* values = reinterpret_cast<const float*>(bytes.data());
  return {values, values + bytes.size() / sizeof(float)};
}

TEST_F(LoraFiles, GivesTheFactorsOfAMatrixWithAlphaOverRankInTheSecond) {
  const TestLora lora = MakeTestLora(*base_, {.rank = 4, .alpha = 8});
  const auto opened = Open(lora);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->matrices().size(), 2U * 7);
  const LowRank update = opened->Find(kQ);
  EXPECT_EQ(update.rank, 4);
  EXPECT_EQ(Floats(update.a), lora.tensors[0].values);
  std::vector<float> doubled = lora.tensors[1].values;
  for (float& value : doubled) value *= 2;
  EXPECT_EQ(Floats(update.b), doubled);
  EXPECT_EQ(opened->Find("output.weight").rank, 0);
}

TEST_F(LoraFiles, AnAlphaOfZeroStandsForTheRank) {
  const TestLora lora = MakeTestLora(*base_, {.alpha = 0});
  EXPECT_EQ(Floats(Open(lora).value().Find(kQ).b), lora.tensors[1].values);
}

TEST_F(LoraFiles, EachMatrixHasARankOfItsOwn) {
  TestLora lora = MakeTestLora(*base_, {.rank = 2, .alpha = 8, .changes = [](auto name) { return name.ends_with("_q.weight"); }});
  const TestLora wide = MakeTestLora(*base_, {.rank = 16, .changes = [](auto name) { return name.ends_with("_down.weight"); }});
  lora.tensors.insert(lora.tensors.end(), wide.tensors.begin(), wide.tensors.end());
  const auto opened = Open(lora);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_FLOAT_EQ(Floats(opened->Find(kQ).b)[0], 4 * lora.Find("blk.0.attn_q.weight.lora_b").values[0]);
  EXPECT_EQ(opened->Find("blk.1.ffn_down.weight").rank, 16);
  EXPECT_FLOAT_EQ(Floats(opened->Find("blk.1.ffn_down.weight").b)[0], 0.5f * lora.Find("blk.1.ffn_down.weight.lora_b").values[0]);
}

TEST_F(LoraFiles, HalvesAreReadIntoFloats) {
  for (const DType type : {DType::kF16, DType::kBF16}) {
    const TestLora lora = MakeTestLora(*base_, {.alpha = 4, .type = type});
    const std::vector<float> read = Floats(Open(lora).value().Find(kQ).a);
    for (size_t i = 0; i < read.size(); ++i) ASSERT_NEAR(read[i], lora.tensors[0].values[i], 0.004 * std::fabs(lora.tensors[0].values[i]));
  }
}

TEST_F(LoraFiles, RefusesWhatIsNoAdapterForThisBase) {
  const TestLora good = MakeTestLora(*base_);
  TestLora lora = good;
  lora.Set("adapter.type", GgufValue(std::string("control_vector")));
  ExpectRefused(lora, {"expected an adapter file", "adapter.type"});
  lora = good;
  lora.Set("general.architecture", GgufValue(std::string("qwen2")));
  ExpectRefused(lora, {"general.architecture", "expected llama", "qwen2"});
  lora = good;
  std::erase_if(lora.metadata, [](const auto& entry) { return entry.first == "general.architecture"; });
  ExpectRefused(lora, {"general.architecture"});
  lora = good;
  std::erase_if(lora.metadata, [](const auto& entry) { return entry.first == "adapter.lora.alpha"; });
  ExpectRefused(lora, {"adapter.lora.alpha"});
  for (const double alpha : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    lora.Set("adapter.lora.alpha", GgufValue(alpha));
    ExpectRefused(lora, {"adapter.lora.alpha", "finite"});
  }
  lora.Set("adapter.lora.alpha", GgufValue(3e38));
  lora.tensors[1].values[0] = 100;
  ExpectRefused(lora, {".lora_b", "alpha / rank"});
  lora = good;
  lora.tensors.clear();
  ExpectRefused(lora, {"at least one matrix"});
}

TEST_F(LoraFiles, RefusesTensorsThatDoNotFit) {
  const TestLora good = MakeTestLora(*base_, {.changes = [](auto name) { return name == kQ; }});
  const std::string a = std::string(kQ) + ".lora_a", b = std::string(kQ) + ".lora_b";
  TestLora lora = good;
  lora.Find(a).name = "blk.7.attn_q.weight.lora_a";
  ExpectRefused(lora, {"blk.7.attn_q.weight.lora_a", "none of this name"});
  for (const char* name : {"blk.0.attn_q.weight", "lora_a", ".lora_a", "blk.0.attn_norm.weight.lora_a"}) {
    lora.tensors[0].name = name;
    ExpectRefused(lora, {name});
  }
  for (const std::string& missing : {a, b}) {
    lora = good;
    std::erase_if(lora.tensors, [&](const auto& tensor) { return tensor.name == missing; });
    ExpectRefused(lora, {missing, "found none"});
  }
  const auto reshaped = [&](const std::string& name, const std::vector<uint64_t>& shape, const std::vector<std::string>& words) {
    lora = good;
    uint64_t count = 1;
    for (const uint64_t n : shape) count *= n;
    lora.Find(name).shape = shape;
    lora.Find(name).values.resize(count);
    ExpectRefused(lora, words);
  };
  reshaped(a, {4, 64}, {a, "expected the shape [4, 32]", "found [4, 64]"});
  reshaped(a, {128}, {a, "expected the shape [128, 32]", "found [128]"});
  reshaped(a, {2, 2, 32}, {a, "found [2, 2, 32]"});
  reshaped(b, {64, 5}, {b, "expected the shape [64, 4]", "found [64, 5]"});
  reshaped(b, {4, 64}, {b, "found [4, 64]"});
  const auto most = static_cast<uint64_t>(base::kTrainMaxRank);
  reshaped(a, {most + 1, 32}, {a, fmt::format("a rank of 1 to {}, found {}", most, most + 1)});
}

TEST_F(LoraFiles, RefusesOtherTypesAndNumbersThatAreNotFinite) {
  const TestLora good = MakeTestLora(*base_, {.changes = [](auto name) { return name == kQ; }});
  TestLora lora = good;
  lora.tensors[0].type = DType::kQ8_0;
  ExpectRefused(lora, {lora.tensors[0].name, "F32, F16 or BF16", "Q8_0"});
  for (const size_t tensor : {0U, 1U}) {
    for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      lora = good;
      lora.tensors[tensor].values.back() = value;
      ExpectRefused(lora, {lora.tensors[tensor].name, "finite"});
    }
  }
}

TEST_F(LoraFiles, AFileThatIsCutOffIsAnErrorThatNamesIt) {
  MakeTestLora(*base_).Write(folder_ / "whole.gguf");
  const std::string bytes = base::Files::Os().Read(folder_ / "whole.gguf", 1 << 20).value();
  for (size_t size = 0; size < bytes.size(); size += 997) {
    ASSERT_TRUE(base::ReplaceFile(base::Files::Os(), folder_ / "lora.gguf", bytes.substr(0, size)));
    const auto opened = LoraFile::Open(base::Files::Os(), folder_ / "lora.gguf", *base_);
    ASSERT_FALSE(opened) << size;
    EXPECT_NE(opened.error().message().find("lora.gguf"), std::string::npos) << opened.error().message();
  }
}

}  // namespace
}  // namespace walchen::model
