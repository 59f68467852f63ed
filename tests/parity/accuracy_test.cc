// SPDX-License-Identifier: Apache-2.0
//
// How far the cpu backend's answers are from what the weights say in plain floats: Kullback-Leibler divergence from the
// truth, in nats, and how often the most likely token is the same. The small form of bench/accuracy.py, on every CPU path,
// weight type and cache.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "infer/engine_fixture_test.h"
#include "model/random_model.h"
#include "model/weight_mix.h"
#include "reference_run.h"
#include "tensor/kernels/kernels.h"

namespace walchen::infer {
namespace {

std::vector<double> LogProbabilities(const std::vector<float>& logits) {
  const double max = *std::ranges::max_element(logits);
  double total = 0;
  for (const float logit : logits) total += std::exp(logit - max);
  std::vector<double> log_p;
  for (const float logit : logits) log_p.push_back(logit - max - std::log(total));
  return log_p;
}

struct Agreement {
  double divergence = 0;  // sums over positions
  int same = 0, positions = 0;

  double mean_divergence() const { return divergence / positions; }
  double same_share() const { return double(same) / positions; }
};

template <class Check>
void ForEachPathAndCache(const base::Path& file, const Check& check) {
  for (const tensor::KernelTable* path : tensor::AllKernels()) {
    if (!path->supported()) continue;
    const auto model = LoadFor(*path, file);
    for (const tensor::KvType kv_type : {tensor::KvType::kF16, tensor::KvType::kInt8}) {
      SCOPED_TRACE(fmt::format("{}, cache {}", path->name, Name(kv_type)));
      check(*model, kv_type);
    }
  }
}

// --- The default model against llama.cpp in floats (tests/golden/accuracy, made by scripts/golden/accuracy_vectors.py).

// The kept tokens one by one and all others together: never more than the divergence over the whole vocabulary.
Agreement Compare(const nlohmann::json& golden, const Rows& rows) {
  Agreement agreement;
  const auto every = golden["every"].get<size_t>();
  for (size_t i = 0; i < golden["positions"].size(); ++i) {
    const auto tokens = golden["positions"][i]["tokens"].get<std::vector<size_t>>();
    const auto truth = golden["positions"][i]["log_p"].get<std::vector<double>>();
    const std::vector<double> found = LogProbabilities(rows[(i + 1) * every - 1]);
    double true_rest = 1, found_rest = 1;
    for (size_t k = 0; k < tokens.size(); ++k) {
      const double p = std::exp(truth[k]);
      agreement.divergence += p * (truth[k] - found[tokens[k]]);
      true_rest -= p;
      found_rest -= std::exp(found[tokens[k]]);
    }
    if (true_rest > 1e-9) agreement.divergence += true_rest * std::log(true_rest / std::max(found_rest, 1e-12));
    agreement.same += static_cast<size_t>(std::ranges::max_element(found) - found.begin()) == tokens[0];
    ++agreement.positions;
  }
  return agreement;
}

TEST(Accuracy, TheDefaultModelSaysWhatItsWeightsSay) {
  const base::Path file = RealModelPath();
  if (file.empty()) GTEST_SKIP() << "no SmolLM2-135M-Instruct.Q4_1.gguf; make check fetches it, or set WALCHEN_TEST_MODEL";
  for (const char* name : {"english", "german", "code", "chat"}) {
    std::ifstream stream(fmt::format("{}/tests/golden/accuracy/{}.json", WALCHEN_SOURCE_DIR, name));
    const auto golden = nlohmann::json::parse(stream);
    ForEachPathAndCache(file, [&](const ModelFile& model, tensor::KvType kv_type) {
      const Agreement found = Compare(golden, ScoreOnCpu(model, golden["ids"].get<std::vector<TokenId>>(), kv_type));
      // Measured: at most 0.007, and at least 92 % (bench/ACCURACY.md has long texts).
      EXPECT_LT(found.mean_divergence(), 0.01) << name;
      EXPECT_GT(found.same_share(), 0.88) << name;
    });
  }
}

// --- Every weight type against the reference backend in floats.

TEST(Accuracy, EveryWeightTypeSaysWhatItsWeightsSay) {
  const std::vector<std::vector<TokenId>> texts = {RandomPrompt(5, 100)};
  base::ThreadPool pool(2);
  const base::Path file = base::Path(testing::TempDir()) / fmt::format("accuracy-{}.gguf", ::getpid());
  for (const std::string_view type : {"F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K_M",
                                      "Q4_K_M", "Q5_K_M", "Q6_K", "IQ4_NL"}) {
    const bool plain = type == "F32" || type == "F16" || type == "BF16";
    SCOPED_TRACE(type);
    const model::RandomModel random = {.plan = model::PlanOf(**model::FindModelShape("tiny")),
                                       .mix = *model::FindWeightMix(type),
                                       .seed = 7,
                                       .tokenizer_from = {}};
    ASSERT_TRUE(model::WriteRandomModel(base::Files::Os(), random, file, pool).has_value());
    const Rows truth = Reference(file, Numerics::kFloat).Score(texts)[0];
    ForEachPathAndCache(file, [&](const ModelFile& model, tensor::KvType kv_type) {
      const Rows rows = ScoreOnCpu(model, texts[0], kv_type);
      Agreement found;
      for (size_t i = 0; i < rows.size(); ++i, ++found.positions) {
        const std::vector<double> expected = LogProbabilities(truth[i]), log_p = LogProbabilities(rows[i]);
        for (size_t j = 0; j < log_p.size(); ++j) found.divergence += std::exp(expected[j]) * (expected[j] - log_p[j]);
      }
      // Plain types round nothing but the cache (measured: 1.4e-7 and 2.6e-4), the others the activations too (5.6e-4).
      EXPECT_LT(found.mean_divergence(), plain && kv_type == tensor::KvType::kF16 ? 1e-6 : 1e-3);
    });
    std::filesystem::remove(file);
  }
}

}  // namespace
}  // namespace walchen::infer
