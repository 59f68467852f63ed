// SPDX-License-Identifier: Apache-2.0
#include "model/weight_mix.h"

#include <gtest/gtest.h>

namespace walchen::model {
namespace {

using tensor::DType;

DType Choose(std::string_view mix, std::string_view name, std::vector<uint64_t> shape, int layers = 32,
             bool tied_head = false) {
  return ChooseType(**FindWeightMix(mix), {name, shape, layers, tied_head});
}

TEST(WeightMix, GivesVectorsAndRoutersF32) {
  EXPECT_EQ(Choose("Q4_0", "blk.0.attn_norm.weight", {4096}), DType::kF32);
  EXPECT_EQ(Choose("Q4_0", "blk.0.attn_q.bias", {4096}), DType::kF32);
  EXPECT_EQ(Choose("Q8_0", "blk.0.ffn_gate_inp.weight", {64, 2048}), DType::kF32);
}

TEST(WeightMix, GivesTheHeadMoreBits) {
  EXPECT_EQ(Choose("Q4_0", "output.weight", {32000, 4096}), DType::kQ6_K);
  EXPECT_EQ(Choose("Q4_0", "token_embd.weight", {32000, 4096}), DType::kQ4_0);
  EXPECT_EQ(Choose("Q4_0", "token_embd.weight", {32000, 4096}, 32, /*tied_head=*/true), DType::kQ6_K);
  EXPECT_EQ(Choose("Q8_0", "output.weight", {32000, 4096}), DType::kQ8_0);
  EXPECT_EQ(Choose("F16", "output.weight", {32000, 4096}), DType::kF16);
}

TEST(WeightMix, SpendsMoreBitsInSomeLayers) {
  const auto down = [](int layer) { return fmt::format("blk.{}.ffn_down.weight", layer); };
  // 16 layers: the first two, the last two, and each third between.
  for (const int layer : {0, 1, 4, 7, 10, 13, 14, 15}) {
    EXPECT_EQ(Choose("Q4_K_M", down(layer), {2048, 8192}, 16), DType::kQ6_K) << layer;
  }
  for (const int layer : {2, 3, 5, 6, 8, 9, 11, 12}) {
    EXPECT_EQ(Choose("Q4_K_M", down(layer), {2048, 8192}, 16), DType::kQ4_K) << layer;
  }
  EXPECT_EQ(Choose("Q4_K_M", "blk.1.attn_v.weight", {512, 2048}, 16), DType::kQ6_K);
  EXPECT_EQ(Choose("Q4_K_M", "blk.1.attn_k.weight", {512, 2048}, 16), DType::kQ4_K);
  EXPECT_EQ(Choose("Q3_K_M", "blk.1.attn_v.weight", {512, 2048}, 32), DType::kQ5_K);
  EXPECT_EQ(Choose("Q3_K_M", "blk.2.attn_v.weight", {512, 2048}, 32), DType::kQ4_K);
  EXPECT_EQ(Choose("Q4_K_M", "blk.0.ffn_down_exps.weight", {8, 2048, 1024}, 16), DType::kQ6_K);
}

TEST(WeightMix, FallsBackWhereABlockDoesNotDivideTheRow) {
  // SmolLM2's 576 columns are no multiple of 256.
  EXPECT_EQ(Choose("Q4_K_M", "blk.9.attn_q.weight", {576, 576}), DType::kQ5_0);
  EXPECT_EQ(Choose("Q5_K_M", "blk.9.attn_q.weight", {576, 576}), DType::kQ5_1);
  EXPECT_EQ(Choose("Q6_K", "blk.9.attn_q.weight", {576, 576}), DType::kQ8_0);
  EXPECT_EQ(Choose("Q3_K_M", "blk.9.attn_q.weight", {576, 576}), DType::kIQ4_NL);
  EXPECT_EQ(Choose("Q2_K", "blk.9.attn_q.weight", {576, 576}), DType::kIQ4_NL);
  EXPECT_EQ(Choose("Q4_K_M", "output.weight", {100, 576}), DType::kQ8_0);
  EXPECT_EQ(Choose("Q4_0", "blk.9.attn_q.weight", {48, 48}), DType::kF16);
  EXPECT_EQ(Choose("Q4_K_M", "blk.9.attn_q.weight", {48, 48}), DType::kF16);
}

TEST(WeightMix, IsFoundByNameInAnyCase) {
  EXPECT_EQ((*FindWeightMix("q4_k_m"))->file_type, 15u);
  EXPECT_EQ((*FindWeightMix("Q4_K"))->name, "Q4_K_M");
  EXPECT_EQ((*FindWeightMix("bf16"))->base, DType::kBF16);
  for (const std::string_view name : {"", "Q4", "Q4_K_", "Q9_0", "I8"}) {
    const auto mix = FindWeightMix(name);
    ASSERT_FALSE(mix) << name;
    EXPECT_EQ(mix.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(mix.error().message().find("Q4_K_M"), std::string::npos);
  }
}

TEST(WeightMix, EveryMixGivesATypeThatDividesTheRow) {
  for (const WeightMix& mix : WeightMixes()) {
    for (const uint64_t columns : {32u, 48u, 256u, 576u, 2048u}) {
      for (const char* name : {"output.weight", "blk.0.attn_v.weight", "blk.3.ffn_down.weight", "blk.3.ffn_up.weight"}) {
        const std::vector<uint64_t> shape = {8, columns};
        EXPECT_TRUE(tensor::RowBytes(ChooseType(mix, {name, shape, 32, false}), columns)) << mix.name << columns << name;
      }
    }
  }
}

}  // namespace
}  // namespace walchen::model
