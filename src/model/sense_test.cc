// SPDX-License-Identifier: Apache-2.0
//
// What may and what may not reach what, by changing one thing and looking at everything.
#include "model/sense.h"

#include <gtest/gtest.h>

#include "model/model_check.h"
#include "model/reference_backend.h"
#include "model/sense_file.h"
#include "model/test_folder.h"
#include "model/test_sense.h"

namespace walchen::model {
namespace {

class Senses : public testing::Test {
 protected:
  std::vector<std::vector<float>> Run(const std::vector<TestSegment>& segments) {
    ReferenceBackend::Cache cache;
    return RunMixed(backend_, model_, weights_, segments, cache, [](const ReferenceBackend::Tensor& x) { return x.values; });
  }
  // Which segments' outputs differ.
  static std::vector<bool> Differ(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
    std::vector<bool> differ;
    for (size_t i = 0; i < a.size(); ++i) differ.push_back(a[i] != b[i]);
    return differ;
  }

  TestSenses model_;
  ReferenceBackend backend_{ReferenceBackend::Numerics::kFloat};
  MixedWeights<ReferenceBackend> weights_ = LoadMixed(backend_, model_);
};

TEST_F(Senses, ASegmentReachesItselfAndAllLaterOnesAndNoEarlierOne) {
  const std::vector<TestSegment> segments = MixedSegments();
  const auto before = Run(segments);
  for (size_t changed = 0; changed < segments.size(); ++changed) {
    std::vector<TestSegment> other = segments;
    if (other[changed].sense < 0) {
      other[changed].text[0] = 30;
    } else {
      other[changed].tokens.features[3] += 0.5f;
    }
    const auto differ = Differ(before, Run(other));
    for (size_t i = 0; i < segments.size(); ++i) EXPECT_EQ(differ[i], i >= changed) << changed << " on " << i;
  }
}

TEST_F(Senses, ANoisySegmentIsInvisibleToOthers) {
  std::vector<TestSegment> segments = MixedSegments();
  const TestSegment noisy = segments.back();
  segments.push_back({.text = {3, 6}});
  std::vector<TestSegment> without = segments;
  without.erase(without.begin() + 5);
  EXPECT_EQ(Run(segments).back(), Run(without).back());
  std::vector<TestSegment> twice = segments;
  twice.insert(twice.begin() + 5, noisy);
  EXPECT_EQ(Run(twice)[6], Run(segments)[5]) << "a second noisy copy sees what the first one saw";
}

TEST_F(Senses, InsideASegmentEveryTokenSeesEveryOther) {
  std::vector<TestSegment> segments = MixedSegments();
  const auto before = Run(segments)[2];
  SenseTokens& picture = segments[2].tokens;
  picture.features[static_cast<size_t>(picture.rows - 1) * kPatchValues] += 0.5f;  // the last patch
  const auto after = Run(segments)[2];
  for (int row = 0; row < picture.rows; ++row) {
    const std::ptrdiff_t first = row * kPatchValues;
    EXPECT_FALSE(std::equal(before.begin() + first, before.begin() + first + kPatchValues, after.begin() + first)) << row;
  }
}

TEST_F(Senses, TextOnlyIsTheBaseModel) {
  const std::vector<int32_t> tokens = {1, 5, 7, 9, 11, 13};
  ReferenceBackend::Cache cache;
  const std::vector<float> base = RunChunks(backend_, model_.text, weights_.text, tokens, {6}, cache);
  EXPECT_EQ(Run({{.text = tokens}}).front(), base);
  EXPECT_EQ(Run({{.text = {1, 5, 7}}, {.text = {9, 11, 13}}})[1], std::vector<float>(base.begin() + 3 * 37, base.end()));
}

TEST_F(Senses, TauAndPositionAreSeen) {
  std::vector<TestSegment> segments = MixedSegments();
  const auto before = Run(segments);
  segments[5].tokens.tau[0] = 0.9f;
  EXPECT_NE(Run(segments)[5], before[5]);
  segments = MixedSegments();
  std::swap(segments[2].tokens.positions[0], segments[2].tokens.positions[4]);
  EXPECT_NE(Run(segments)[2], before[2]);
}

// A modality that nothing in src/ knows: adding one takes a struct, and no switch.
TEST(NewModality, IsAStruct) {
  const Modality toy = {.name = "toy", .features = 3, .heads = {{.name = "sum", .loss = HeadLoss::kFlow, .values = 1}}};
  TestSenses model;
  model.senses = {AddTestSense(*model.file, model.text, toy, 32, 4)};
  ReferenceBackend backend(ReferenceBackend::Numerics::kFloat);
  const auto weights = LoadMixed(backend, model);
  const SenseTokens tokens = {.rows = 2, .features = {1, 2, 3, 4, 5, 6}, .tau = {1, 1}, .positions = {{0, 0, 0}, {1, 0, 0}}, .extent = 2};
  ReferenceBackend::Cache cache;
  const auto outputs = RunMixed(backend, model, weights, {{.text = {}, .sense = 0, .tokens = tokens}}, cache,
                                [](const ReferenceBackend::Tensor& x) { return x.values; });
  EXPECT_EQ(outputs.front().size(), 2U);
}

TEST(SenseFile, WhatIsWrittenIsReadBack) {
  const TestFolder folder;
  TestSenses model;
  SenseConfig sense = model.senses[kTestVision];
  sense.base_sha256 = "ab12";
  formats::GgufWriter writer;
  writer.Add("general.architecture", std::string(kSenseArchitecture));
  AddSenseList(std::span(&sense, 1), writer);
  AddNewSense(sense, 7, std::vector<std::vector<float>>(4, std::vector<float>(32, 2.5f)), writer);
  ASSERT_TRUE(writer.Write(base::Files::Os(), folder / "vision.gguf"));
  const auto file = formats::GgufFile::Open(base::Files::Os(), folder / "vision.gguf").value();
  EXPECT_TRUE(CheckModel(*file));
  const std::vector<SenseConfig> read = ReadSenses(*file).value();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].d_model, 96);
  EXPECT_EQ(read[0].heads, 4);
  EXPECT_EQ(read[0].base_sha256, "ab12");
  EXPECT_TRUE(CheckSenseFits(read[0], model.senses[0].shared, "ab12"));
  EXPECT_NE(CheckSenseFits(read[0], model.senses[0].shared, "cd34").error().message().find("ab12"), std::string::npos);
  ReferenceBackend backend(ReferenceBackend::Numerics::kFloat);
  const auto weights = LoadSense(backend, *file, read[0]);
  ASSERT_TRUE(weights) << weights.error().message();
  EXPECT_EQ(weights->blocks.size(), 2U);
  EXPECT_EQ(weights->blocks[1].layer, 3);
  EXPECT_EQ(weights->blocks[0].k_norm[31], 2.5f);
}

TEST(SenseFile, IsCheckedAsASenseAndRefusedAsAModel) {
  TestSenses model;
  model.file->SetText("general.architecture", std::string(kSenseArchitecture));
  EXPECT_NE(CheckModel(*model.file).error().message().find("walchen.senses"), std::string::npos);
  EXPECT_NE(ReadLlamaConfig(*model.file).error().message().find("name its base with --model"), std::string::npos);
}

TEST(SenseFile, NamesTheTensorThatIsMissingOrHasAnotherShape) {
  TestSenses model;
  ReferenceBackend backend(ReferenceBackend::Numerics::kFloat);
  const SenseConfig& sense = model.senses[kTestSignals];
  const std::string name = "sense.signals.blk.2.ffn_up.weight";
  model.file->SetTensor(name, tensor::DType::kF32, {64, 64}, std::vector<float>(64 * 64));
  EXPECT_NE(LoadSense(backend, *model.file, sense).error().message().find("expected the shape [128, 64], found [64, 64]"), std::string::npos);
  model.file->RemoveTensor(name);
  EXPECT_NE(LoadSense(backend, *model.file, sense).error().message().find(name), std::string::npos);
}

}  // namespace
}  // namespace walchen::model
