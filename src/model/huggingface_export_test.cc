// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_export.h"

#include <cstring>

#include <nlohmann/json.hpp>

#include "base/faulty_files.h"
#include "formats/tokenizer.h"
#include "model/huggingface_import.h"
#include "model/model_check.h"
#include "model/random_model.h"
#include "model/test_folder.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using nlohmann::json;
using tensor::DType;

const char* const kExportedMembers[] = {"llama2", "llama3", "llama_linear", "mistral", "smollm2",
                                        "qwen2",  "qwen3",  "mixtral",      "qwen2moe", "qwen3moe"};

std::unique_ptr<GgufFile> Open(const base::Path& path) {
  return std::move(GgufFile::Open(base::Files::Os(), path).value());
}

std::vector<float> Values(const GgufFile& file, const formats::TensorEntry& tensor) {
  std::vector<float> values(tensor.values());
  tensor::Dequantize(tensor.type, file.Data(tensor), values);
  return values;
}

class HuggingFaceExportTest : public testing::Test {
 protected:
  Result<void> Export(const base::Path& input, DType type = DType::kF32) {
    return ExportHuggingFace(base::Files::Os(), input, output_, type, pool_);
  }
  Result<void> Import() {
    return ImportHuggingFace(base::Files::Os(), {.folder = output_, .name = "test", .mix = nullptr}, again_, pool_);
  }
  json Read(const std::string& name) { return json::parse(ReadText(output_ / name)); }

  TestFolder folder_;
  base::Path output_ = folder_ / "model";
  base::Path again_ = folder_ / "again.gguf";
  base::ThreadPool pool_{2};
};

TEST_F(HuggingFaceExportTest, ComesBackAsTheSameTensors) {
  for (const std::string member : kExportedMembers) {
    SCOPED_TRACE(member);
    std::filesystem::remove_all(output_);
    const auto exported = Export(Golden("llama/" + member + ".gguf"));
    ASSERT_TRUE(exported) << exported.error().ToString();
    const auto imported = Import();
    ASSERT_TRUE(imported) << imported.error().ToString();
    const auto before = Open(Golden("llama/" + member + ".gguf")), after = Open(again_);
    ASSERT_EQ(after->tensors().size(), before->tensors().size());
    for (const formats::TensorEntry& tensor : before->tensors()) {
      const formats::TensorEntry* other = after->FindTensor(tensor.name);
      ASSERT_NE(other, nullptr) << tensor.name;
      EXPECT_EQ(other->shape, tensor.shape);
      const std::vector<float> a = Values(*before, tensor), b = Values(*after, *other);
      if (tensor.name == "rope_freqs.weight") {
        for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5f * a[i]);
      } else {
        EXPECT_EQ(a, b) << tensor.name;
      }
    }
    EXPECT_EQ(after->Text("general.architecture").value(), before->Text("general.architecture").value());
  }
}

TEST_F(HuggingFaceExportTest, TokenizersComeBackTheSame) {
  for (const std::string member : {"llama3", "qwen3", "mixtral", "qwen2moe"}) {
    SCOPED_TRACE(member);
    std::filesystem::remove_all(output_);
    const HuggingFaceImport golden{.folder = Golden("huggingface/" + member), .name = "test", .mix = nullptr};
    ASSERT_TRUE(ImportHuggingFace(base::Files::Os(), golden, again_, pool_));
    const auto exported = Export(again_, DType::kBF16);
    ASSERT_TRUE(exported) << exported.error().ToString();
    const auto tokenizer = std::move(formats::Tokenizer::FromJson(ReadText(output_ / "tokenizer.json")).value());
    const json texts = json::parse(ReadText(Golden("huggingface/" + member + ".json")))["texts"];
    for (const auto& [text, ids] : texts.items()) {
      EXPECT_EQ(tokenizer->Encode(text, true), ids.get<std::vector<formats::TokenId>>()) << text;
    }
    EXPECT_EQ(tokenizer->adds_bos(), member == "llama3");
    const json config = Read("tokenizer_config.json");
    EXPECT_EQ(config["eos_token"], "<|im_end|>");
    EXPECT_EQ(config["chat_template"], ReadText(Golden("huggingface/" + member + "/chat_template.jinja")));
    EXPECT_EQ(Read("generation_config.json")["bos_token_id"], Read("config.json")["bos_token_id"]);
    const std::string first = ReadText(again_);
    ASSERT_TRUE(Import());
    EXPECT_TRUE(ReadText(again_) == first);
  }
}

TEST_F(HuggingFaceExportTest, WritesQuantizedWeightsAsPlainNumbers) {
  const RandomModel model{
      .plan = PlanOf(**FindModelShape("tiny")), .mix = *FindWeightMix("Q4_K_M"), .seed = 1, .tokenizer_from = {}};
  ASSERT_TRUE(WriteRandomModel(base::Files::Os(), model, folder_ / "in.gguf", pool_));
  ASSERT_TRUE(Export(folder_ / "in.gguf", DType::kF16));
  EXPECT_EQ(Read("config.json")["dtype"], "float16");
  ASSERT_TRUE(Import());
  const auto before = Open(folder_ / "in.gguf"), after = Open(again_);
  ASSERT_TRUE(CheckModel(*after));
  const std::vector<float> a = Values(*before, *before->FindTensor("blk.1.attn_k.weight"));
  const std::vector<float> b = Values(*after, *after->FindTensor("blk.1.attn_k.weight"));
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-3f * std::abs(a[i]) + 1e-7f) << i;
}

TEST_F(HuggingFaceExportTest, RefusesWhatIsThereAndOtherTypes) {
  const base::Path input = Golden("llama/llama2.gguf");
  const auto quantized = Export(input, DType::kQ8_0);
  ASSERT_FALSE(quantized);
  EXPECT_EQ(quantized.error().code(), ErrorCode::kInvalidArgument);
  std::filesystem::create_directories(output_);
  ASSERT_TRUE(Export(input));  // an empty folder is as good as none
  const auto again = Export(input);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(folder_.size(), 1u);
}

TEST_F(HuggingFaceExportTest, RefusesATokenizerItCannotWrite) {
  const auto source = Open(Golden("llama/llama2.gguf"));
  formats::GgufWriter writer;
  for (const auto& [key, value] : source->metadata()) {
    writer.Add(key, key == "tokenizer.ggml.pre" ? formats::GgufValue(std::string("deepseek-llm")) : value);
  }
  for (const formats::TensorEntry& tensor : source->tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape,
                     [&]() -> Result<std::string> { return std::string(base::AsText(source->Data(tensor))); });
  }
  ASSERT_TRUE(writer.Write(base::Files::Os(), folder_ / "in.gguf"));
  const auto exported = Export(folder_ / "in.gguf");
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(exported.error().message().find("deepseek-llm"), std::string::npos);
  EXPECT_NE(exported.error().message().find("GGUF"), std::string::npos);
  EXPECT_EQ(folder_.size(), 1u);
}

TEST_F(HuggingFaceExportTest, LeavesNothingWhereAnyCallFails) {
  const base::Path input = Golden("llama/smollm2.gguf");
  base::FaultyFiles counting(base::Files::Os());
  ASSERT_TRUE(ExportHuggingFace(counting, input, output_, DType::kF32, pool_));
  std::filesystem::remove_all(output_);
  for (int64_t call = 1; call < counting.calls(); ++call) {  // the last one only makes the rename durable
    base::FaultyFiles faulty(base::Files::Os(), {base::Fault::Kind::kFailOnce, call, ErrorCode::kResourceExhausted});
    if (ExportHuggingFace(faulty, input, output_, DType::kF32, pool_)) std::filesystem::remove_all(output_);
    EXPECT_EQ(folder_.size(), 0u) << call;
  }
}

}  // namespace
}  // namespace walchen::model
