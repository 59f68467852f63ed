// SPDX-License-Identifier: Apache-2.0
#include "model/lora.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/test_folder.h"
#include "formats/gguf.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using tensor::DType;

class Merging : public testing::Test {
 protected:
  static auto Producer(std::vector<float> values, DType type = DType::kF32) {
    return [values, type]() -> Result<std::string> {
      std::vector<std::byte> bytes(values.size() / tensor::Info(type).block_values * tensor::Info(type).block_bytes);
      tensor::Quantize(type, values, bytes);
      return std::string(base::AsText(bytes));
    };
  }
  // One matrix of 2 rows and 32 columns, all 1, and a vector.
  void WriteBase(DType type) {
    formats::GgufWriter writer;
    writer.Add("general.architecture", std::string("llama"));
    writer.AddTensor("blk.0.attn_q.weight", type, {2, 32}, Producer(std::vector<float>(64, 1), type));
    writer.AddTensor("output_norm.weight", DType::kF32, {32}, Producer(std::vector<float>(32, 3)));
    ASSERT_TRUE(writer.Write(files_, folder_ / "base.gguf"));
  }
  // Rank 1, alpha 2: row 1 gets 2 * 0.5 * 0.25 more.
  void WriteLora(const std::string& matrix, uint64_t columns = 32) {
    formats::GgufWriter writer;
    writer.Add("general.architecture", std::string("llama"));
    writer.Add("adapter.type", std::string("lora"));
    writer.Add("adapter.lora.alpha", 2.0);
    writer.AddTensor(matrix + ".lora_a", DType::kF32, {1, columns}, Producer(std::vector<float>(columns, 0.25f)));
    writer.AddTensor(matrix + ".lora_b", DType::kF32, {2, 1}, Producer({0, 0.5f}));
    ASSERT_TRUE(writer.Write(files_, folder_ / "lora.gguf"));
  }
  Result<void> Merge() { return MergeLora(files_, folder_ / "base.gguf", folder_ / "lora.gguf", folder_ / "out.gguf", pool_); }

  base::Files& files_ = base::Files::Os();
  base::ThreadPool pool_{2};
  base::TestFolder folder_;
};

TEST_F(Merging, AddsTheProductOfTheFactors) {
  for (const auto& [type, merged_type] : {std::pair(DType::kF32, DType::kF32), std::pair(DType::kQ4_1, DType::kQ8_0)}) {
    WriteBase(type);
    WriteLora("blk.0.attn_q.weight");
    const auto merged = Merge();
    ASSERT_TRUE(merged) << merged.error().message();
    const auto file = formats::GgufFile::Open(files_, folder_ / "out.gguf").value();
    const formats::TensorEntry* entry = file->FindTensor("blk.0.attn_q.weight");
    EXPECT_EQ(entry->type, merged_type);
    std::vector<float> values(64);
    tensor::Dequantize(entry->type, file->Data(*entry), values);
    EXPECT_NEAR(values[0], 1, 1e-2);
    EXPECT_NEAR(values[63], 1.25, 1e-2);
    EXPECT_NE(file->FindTensor("output_norm.weight"), nullptr);
    ASSERT_TRUE(files_.Remove(folder_ / "out.gguf"));
  }
}

TEST_F(Merging, RefusesAnAdapterForAnotherBase) {
  WriteBase(DType::kF32);
  WriteLora("blk.7.attn_q.weight");
  EXPECT_NE(Merge().error().message().find("blk.7.attn_q.weight.lora_a"), std::string::npos);
  WriteLora("blk.0.attn_q.weight", 64);
  EXPECT_NE(Merge().error().message().find("expected the shape [1, 32]"), std::string::npos);
  WriteBase(DType::kF32);
  ASSERT_TRUE(files_.Remove(folder_ / "lora.gguf"));
  ASSERT_TRUE(base::ReplaceFile(files_, folder_ / "lora.gguf", files_.Read(folder_ / "base.gguf", 1 << 20).value()));
  EXPECT_NE(Merge().error().message().find("expected an adapter file"), std::string::npos);
}

}  // namespace
}  // namespace walchen::model
