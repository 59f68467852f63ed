// SPDX-License-Identifier: Apache-2.0
//
// The same weights and the same sequences on the torch backend and on the reference, in floats.
#include "train/torch_backend.h"

#include "model/reference_backend.h"
#include "model/test_sense.h"

namespace walchen::train {
namespace {

using model::ReferenceBackend;

std::vector<float> FloatsOf(const torch::Tensor& x) {
  const torch::Tensor flat = x.detach().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

// The largest difference, relative to the largest value.
float Difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0, difference = 0;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference / largest;
}

TEST(TorchBackend, MixedSequencesAreTheReferences) {
  const model::TestSenses senses;
  ReferenceBackend reference(ReferenceBackend::Numerics::kFloat);
  TorchBackend torch_backend(torch::kCPU);
  ReferenceBackend::Cache reference_cache;
  TorchBackend::Cache torch_cache;
  const auto expected = RunMixed(reference, senses, LoadMixed(reference, senses), model::MixedSegments(), reference_cache,
                                 [](const ReferenceBackend::Tensor& x) { return x.values; });
  const auto found = RunMixed(torch_backend, senses, LoadMixed(torch_backend, senses), model::MixedSegments(), torch_cache, FloatsOf);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_LT(Difference(found[i], expected[i]), 1e-4) << "segment " << i;
}

class TextFamilies : public testing::TestWithParam<model::TestModel> {};
INSTANTIATE_TEST_SUITE_P(Families, TextFamilies,
                         testing::Values(model::TestModel{.family = "llama"}, model::TestModel{.family = "llama", .tied_head = true},
                                         model::TestModel{.family = "qwen2", .qkv_bias = true},
                                         model::TestModel{.family = "qwen3", .head_norms = true},
                                         model::TestModel{.family = "qwen2moe", .experts = 4, .shared_expert_d_ff = 48}));

TEST_P(TextFamilies, LogitsAreTheReferences) {
  const auto file = model::MakeTestModel(GetParam());
  const model::LlamaConfig config = model::ReadLlamaConfig(*file).value();
  const std::vector<int32_t> tokens = model::RandomTokens(12, 37, 3), all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  ReferenceBackend reference(ReferenceBackend::Numerics::kFloat);
  ReferenceBackend::Cache reference_cache;
  const auto reference_weights = model::LoadLlama(reference, *file, config).value();
  const std::vector<float> expected = model::RunChunks(reference, config, reference_weights, tokens, {12}, reference_cache);
  TorchBackend torch_backend(torch::kCPU);
  TorchBackend::Cache cache;
  const auto weights = model::LoadLlama(torch_backend, *file, config).value();
  const model::Placement<TorchBackend::Cache> at = {{{.first_row = 0, .rows = 12, .first_position = 0, .cache = &cache}}};
  EXPECT_LT(Difference(FloatsOf(model::Forward(torch_backend, config, weights, tokens, at, all)), expected), 1e-4);
}

TEST(TorchBackend, LanesDoNotSeeEachOther) {
  const auto file = model::MakeTestModel({});
  const model::LlamaConfig config = model::ReadLlamaConfig(*file).value();
  TorchBackend backend(torch::kCPU);
  const auto weights = model::LoadLlama(backend, *file, config).value();
  const std::vector<int32_t> first = {1, 2, 3}, both = {1, 2, 3, 30, 31, 32}, wanted = {0, 1, 2};
  TorchBackend::Cache cache, lanes_cache;
  const torch::Tensor alone = model::Forward(backend, config, weights, first, {{{.rows = 3, .cache = &cache}}}, wanted);
  backend.set_lanes(2);
  const torch::Tensor lanes = model::Forward(backend, config, weights, both, {{{.rows = 3, .cache = &lanes_cache}}}, wanted);
  EXPECT_TRUE(torch::allclose(lanes[0], alone[0], 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(lanes[1], alone[0], 1e-2, 1e-2));
}

}  // namespace
}  // namespace walchen::train
