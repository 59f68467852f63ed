// SPDX-License-Identifier: Apache-2.0
#include "model/quantize_model.h"

#include "base/faulty_files.h"
#include "model/model_check.h"
#include "model/random_model.h"
#include "model/test_folder.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using tensor::DType;

const WeightMix& Mix(std::string_view name) { return **FindWeightMix(name); }

std::unique_ptr<GgufFile> OpenGguf(const base::Path& path) {
  return std::move(GgufFile::Open(base::Files::Os(), path).value());
}

class QuantizeModelTest : public testing::Test {
 protected:
  QuantizeModelTest() {
    const RandomModel model{.plan = PlanOf(**FindModelShape("tiny")), .mix = &Mix("F32"), .seed = 3, .tokenizer_from = {}};
    EXPECT_TRUE(WriteRandomModel(base::Files::Os(), model, input_, pool_));
  }
  Result<QuantizeReport> Quantize(const base::Path& input, std::string_view mix) {
    return QuantizeModel(base::Files::Os(), input, output_, Mix(mix), pool_);
  }

  TestFolder folder_;
  base::Path input_ = folder_ / "in.gguf";
  base::Path output_ = folder_ / "out.gguf";
  base::ThreadPool pool_{2};
};

TEST_F(QuantizeModelTest, KeepsMetadataAndGivesEveryTensorItsType) {
  const auto report = Quantize(input_, "Q4_0");
  ASSERT_TRUE(report) << report.error().ToString();
  const auto before = OpenGguf(input_), after = OpenGguf(output_);
  ASSERT_TRUE(CheckModel(*after));
  EXPECT_EQ(after->Int("general.file_type").value(), 2);
  EXPECT_EQ(after->Int("general.quantization_version").value(), 2);
  for (const auto& [key, value] : before->metadata()) {
    ASSERT_NE(after->Find(key), nullptr) << key;
    if (key != "general.file_type") {
      EXPECT_TRUE(*after->Find(key) == value) << key;
    }
  }
  ASSERT_EQ(after->tensors().size(), before->tensors().size());
  EXPECT_EQ(after->FindTensor("blk.0.attn_q.weight")->type, DType::kQ4_0);
  EXPECT_EQ(after->FindTensor("token_embd.weight")->type, DType::kQ6_K);
  EXPECT_EQ(after->FindTensor("blk.0.attn_norm.weight")->type, DType::kF32);
  EXPECT_GT(report->input_bytes, 6 * report->output_bytes);
}

TEST_F(QuantizeModelTest, ReportsSizesAndErrorsByType) {
  const QuantizeReport report = Quantize(input_, "Q4_0").value();
  EXPECT_EQ(report.types.at("F32").mean_squared_error, 0);
  EXPECT_EQ(report.types.at("Q6_K").tensors, 1);
  uint64_t bytes = 0;
  for (const auto& [name, type] : report.types) bytes += type.bytes;
  EXPECT_EQ(bytes, report.output_bytes);
  // Normal numbers of variance 1/256: 4 bits leave about a hundredth of it, 6 bits a thousandth.
  EXPECT_LT(report.types.at("Q4_0").mean_squared_error, 0.015 / 256);
  EXPECT_GT(report.types.at("Q4_0").mean_squared_error, 0.001 / 256);
  EXPECT_LT(report.types.at("Q6_K").mean_squared_error, 0.001 / 256);
}

TEST_F(QuantizeModelTest, QuantizesWhatIsQuantizedAlready) {
  ASSERT_TRUE(Quantize(input_, "Q8_0"));
  std::filesystem::rename(output_, input_);
  const QuantizeReport report = Quantize(input_, "Q4_1").value();
  EXPECT_GT(report.types.at("Q4_1").mean_squared_error, 0);
  ASSERT_TRUE(CheckModel(*OpenGguf(output_)));
}

TEST_F(QuantizeModelTest, CopiesATensorThatHasItsType) {
  ASSERT_TRUE(Quantize(input_, "Q4_K_M"));
  const std::string once = ReadText(output_);
  std::filesystem::rename(output_, input_);
  const QuantizeReport report = Quantize(input_, "Q4_K_M").value();
  EXPECT_TRUE(ReadText(output_) == once);
  for (const auto& [name, type] : report.types) EXPECT_EQ(type.mean_squared_error, 0) << name;
}

TEST_F(QuantizeModelTest, GivesTheSameFileWithAnyNumberOfThreads) {
  ASSERT_TRUE(Quantize(input_, "Q4_K_M"));
  base::ThreadPool one(1);
  ASSERT_TRUE(QuantizeModel(base::Files::Os(), input_, folder_ / "one.gguf", Mix("Q4_K_M"), one));
  EXPECT_TRUE(ReadText(folder_ / "one.gguf") == ReadText(output_));
}

TEST_F(QuantizeModelTest, NamesATensorWithNumbersThatAreNone) {
  std::string bytes = ReadText(input_);
  const uint64_t offset = OpenGguf(input_)->FindTensor("blk.1.attn_v.weight")->offset;
  bytes.replace(offset, 4, "\xff\xff\xff\x7f", 4);
  WriteText(input_, bytes);
  const auto report = Quantize(input_, "Q4_0");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(report.error().message().find("blk.1.attn_v.weight"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(output_));
}

TEST_F(QuantizeModelTest, LeavesTheOldFileWhereAnyCallFails) {
  WriteText(output_, "old");
  base::FaultyFiles counting(base::Files::Os());
  ASSERT_TRUE(QuantizeModel(counting, input_, output_, Mix("Q8_0"), pool_));
  for (int64_t call = 1; call <= counting.calls(); ++call) {
    WriteText(output_, "old");
    base::FaultyFiles faulty(base::Files::Os(), {base::Fault::Kind::kFailOnce, call, ErrorCode::kResourceExhausted});
    const auto report = QuantizeModel(faulty, input_, output_, Mix("Q8_0"), pool_);
    if (report) continue;  // the call did not matter
    const std::string left = ReadText(output_);
    // The last call makes the rename durable: the new file is there, but not yet for certain.
    EXPECT_TRUE(left == "old" || call == counting.calls()) << call;
    EXPECT_EQ(folder_.size(), 2u) << call;
  }
}

}  // namespace
}  // namespace walchen::model
