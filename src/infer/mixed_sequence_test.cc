// SPDX-License-Identifier: Apache-2.0
//
// Mixed sequences on the cpu backend: beside the reference, and beside the language model alone.
#include "infer/mixed_sequence.h"

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "base/test_folder.h"
#include "infer/cpu_backend.h"
#include "infer/scoring.h"
#include "infer/tiny_model_test.h"
#include "model/random_model.h"
#include "model/reference_backend.h"
#include "model/sense_file.h"
#include "model/test_sense.h"

namespace walchen::infer {
namespace {

using model::ReferenceBackend;

class Paths : public testing::TestWithParam<const tensor::KernelTable*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Paths, testing::ValuesIn(tensor::AllKernels().begin(), tensor::AllKernels().end()),
                         [](const auto& info) {
                           std::string name(info.param->name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// Within 1e-4 of the reference in floats, relative to the largest value of a segment.
TEST_P(Paths, MixedSequencesAreTheReferences) {
  if (!GetParam()->supported()) GTEST_SKIP() << "this CPU has no " << GetParam()->name;
  const model::TestSenses senses;
  ReferenceBackend reference(ReferenceBackend::Numerics::kFloat);
  ReferenceBackend::Cache reference_cache;
  const auto expected = RunMixed(reference, senses, LoadMixed(reference, senses), model::MixedSegments(), reference_cache,
                                 [](const ReferenceBackend::Tensor& x) { return x.values; });
  for (const int threads : {1, 3}) {
    base::ThreadPool pool(threads);
    const KvShape shape = {.head = {.head_size = senses.text.head_size, .type = tensor::KvType::kF32},
                           .layers = senses.text.layers,
                           .kv_heads = senses.text.kv_heads};
    CpuBackend backend(*GetParam(), pool, shape);
    std::vector<std::byte> page(static_cast<size_t>(shape.page_bytes()) + 64);
    void* aligned = page.data();
    size_t space = page.size();
    KvPages cache = {{static_cast<std::byte*>(std::align(64, static_cast<size_t>(shape.page_bytes()), aligned, space))}};
    const auto found = RunMixed(backend, senses, LoadMixed(backend, senses), model::MixedSegments(), cache,
                                [](const CpuBackend::Tensor& x) { return std::vector<float>(x.row(0), x.row(0) + x.rows() * x.columns()); });
    for (size_t i = 0; i < expected.size(); ++i) {
      float largest = 0, difference = 0;
      for (size_t j = 0; j < expected[i].size(); ++j) {
        largest = std::max(largest, std::abs(expected[i][j]));
        difference = std::max(difference, std::abs(expected[i][j] - found[i][j]));
      }
      EXPECT_LT(difference, 1e-4f * largest) << "segment " << i << ", threads " << threads;
    }
  }
}

// A random language model of 2 layers as a file, and a sense for it beside it.
class WithFiles : public testing::Test {
 protected:
  void SetUp() override {
    base::ThreadPool pool(2);
    const model::WeightMix* mix = model::FindWeightMix("Q4_1").value();
    const model::RandomModel random = {.plan = model::PlanOf(*model::FindModelShape("tiny").value()), .mix = mix, .seed = 4, .tokenizer_from = {}};
    ASSERT_TRUE(model::WriteRandomModel(files_, random, base_path_, pool));
    base_ = ModelFile::Load(files_, base_path_, {.threads = 2}).value();
    WriteSense("signals.gguf", base_path_);
  }

  // Every weight random, so that it says something.
  void WriteSense(const std::string& name, const base::Path& base) {
    const auto file = formats::GgufFile::Open(files_, base).value();
    const model::LlamaConfig text = model::ReadLlamaConfig(*file).value();
    model::TestGguf tensors;
    model::SenseConfig sense = AddTestSense(tensors, text, model::SignalsModality(), 64, 2);
    sense.base_sha256 = base::Sha256Hex(files_.Map(base).value()->bytes());
    formats::GgufWriter writer;
    writer.Add("general.architecture", std::string(model::kSenseArchitecture));
    model::AddSenseList(std::span(&sense, 1), writer);
    for (const formats::TensorEntry& tensor : tensors.tensors()) {
      writer.AddTensor(tensor.name, tensor.type, tensor.shape,
                       [&, tensor]() -> Result<std::string> { return std::string(base::AsText(tensors.Data(tensor))); });
    }
    ASSERT_TRUE(writer.Write(files_, folder_ / name));
  }

  std::unique_ptr<MixedSequence> Open(std::shared_ptr<const ModelFile> base) {
    const base::Path sense = folder_ / "signals.gguf";
    return MixedSequence::Open(files_, base, base == nullptr ? base::Path() : base_path_, std::span(&sense, 1), {.threads = 2}).value();
  }
  static model::SenseTokens SomeSignals() { return model::MixedSegments()[1].tokens; }
  std::vector<float> LogitsAlone(std::span<const formats::TokenId> tokens) const {
    std::vector<float> last;
    EXPECT_TRUE(Score(*base_, tokens, {.threads = 2, .last_only = true}, [&](int64_t, std::span<const float> logits) {
      last.assign(logits.begin(), logits.end());
      return true;
    }));
    return last;
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  base::Path base_path_ = folder_ / "base.gguf";
  std::shared_ptr<const ModelFile> base_;
};

TEST_F(WithFiles, TextAloneKeepsEveryBitAndSignalsChangeIt) {
  const auto sequence = Open(base_);
  for (uint64_t prompt = 0; prompt < 50; ++prompt) {
    const std::vector<formats::TokenId> tokens = model::RandomTokens(5 + prompt, 1'000, prompt);
    const std::vector<float> alone = LogitsAlone(tokens);
    sequence->Clear();
    ASSERT_EQ(sequence->Text(tokens).value(), alone) << prompt;
    sequence->Clear();
    ASSERT_TRUE(sequence->Sense("signals", SomeSignals()));
    ASSERT_NE(sequence->Text(tokens).value(), alone) << prompt;
  }
}

TEST_F(WithFiles, ASenseWorksWithoutItsBaseAndSaysTheSame) {
  const auto alone = Open(nullptr), beside = Open(base_);
  EXPECT_EQ(alone->Sense("signals", SomeSignals()).value(), beside->Sense("signals", SomeSignals()).value());
  EXPECT_EQ(alone->Text(std::vector<formats::TokenId>{1}).error().code(), ErrorCode::kUnsupported);
}

TEST_F(WithFiles, ANoisySegmentLeavesNothingBehind) {
  const auto sequence = Open(base_);
  const std::vector<formats::TokenId> tokens = {5, 6, 7};
  ASSERT_TRUE(sequence->Text(tokens));
  const std::vector<float> expected = sequence->Text(tokens).value();
  sequence->Clear();
  ASSERT_TRUE(sequence->Text(tokens));
  model::SenseTokens noisy = SomeSignals();
  noisy.kept = false;
  ASSERT_TRUE(sequence->Sense("signals", noisy));
  EXPECT_EQ(sequence->Text(tokens).value(), expected);
}

TEST_F(WithFiles, ANewSequenceSaysTheSameAndLeavesTheOldOneAlone) {
  const auto sequence = Open(base_);
  const std::vector<formats::TokenId> begin = {5, 6, 7}, other = {8, 9}, end = {3};
  ASSERT_TRUE(sequence->Text(begin));
  const std::vector<float> expected = sequence->Text(end).value();
  sequence->Clear();
  ASSERT_TRUE(sequence->Text(begin));
  const auto fresh = sequence->NewSequence().value();
  ASSERT_TRUE(fresh->Text(other));
  EXPECT_NE(fresh->Text(end).value(), expected);
  EXPECT_EQ(sequence->Text(end).value(), expected);
  fresh->Clear();
  ASSERT_TRUE(fresh->Text(begin));
  EXPECT_EQ(fresh->Text(end).value(), expected);
}

TEST_F(WithFiles, NamesWhatDoesNotFit) {
  const auto sequence = Open(base_);
  EXPECT_NE(sequence->Sense("vision", SomeSignals()).error().message().find("loaded are: signals"), std::string::npos);
  EXPECT_EQ(sequence->Text(std::vector<formats::TokenId>(3'000, 1)).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(sequence->Text(std::vector<formats::TokenId>{-1}).error().code(), ErrorCode::kInvalidArgument);

  base::ThreadPool pool(2);
  const model::RandomModel other = {.plan = model::PlanOf(*model::FindModelShape("tiny").value()),
                                    .mix = model::FindWeightMix("Q4_1").value(), .seed = 5, .tokenizer_from = {}};
  ASSERT_TRUE(model::WriteRandomModel(files_, other, folder_ / "other.gguf", pool));
  const auto other_base = ModelFile::Load(files_, folder_ / "other.gguf", {.threads = 2}).value();
  const base::Path sense = folder_ / "signals.gguf";
  const auto refused = MixedSequence::Open(files_, other_base, folder_ / "other.gguf", std::span(&sense, 1), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("was trained on the base with the SHA-256"), std::string::npos);
  const auto no_sense = MixedSequence::Open(files_, base_, base_path_, std::span(&base_path_, 1), {});
  EXPECT_NE(no_sense.error().message().find("expected a model file with senses"), std::string::npos);
}

}  // namespace
}  // namespace walchen::infer
