// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/faulty_files.h"
#include "base/test_folder.h"
#include "model/reference_backend.h"
#include "model/test_model.h"

namespace walchen::train {
namespace {

constexpr std::string_view kTiny = R"(
name = "tiny"
[text]
layers = 2
d_model = 64
heads = 2
kv_heads = 1
head_size = 32
d_ff = 96
vocabulary = 288
context_tokens = 256
[[sense]]
name = "signals"
d_model = 32
[[sense]]
name = "vision"
d_model = 32
[[sense]]
name = "motion"
d_model = 32
stride = 2
[optimiser]
embedding_rate = 0.01
[schedule]
warmup_steps = 4
[budget]
steps = 8
)";

std::string Data(std::string_view name, std::string_view sample, std::string_view generator, std::string_view options) {
  return fmt::format("[[data]]\nname = \"{}\"\ntemplate = \"{}\"\nsource = \"generator:{}\"\nsequences = 4\noptions = {{ {} }}\n",
                     name, sample, generator, options);
}
std::string AllData() {
  return Data("text", "text", "sentences", "tokens = 24") + Data("waves", "forecast", "waves", "patches = 4, horizon_patches = 1, trajectories = true, header_tokens = 6") +
         Data("shapes", "picture", "shapes", "edge = 16, prompt_tokens = 6") + Data("captions", "caption", "shapes", "edge = 16, tokens = 12") +
         Data("reach", "policy", "reach", "steps = 4");
}

class Training : public testing::Test {
 protected:
  Training() { torch::set_num_threads(1); }

  Result<std::unique_ptr<Trainer>> Start(const std::string& run, const std::string& data, const Trainer::Options& options = {},
                                         bool recompute_activations = false) {
    TRY_ASSIGN(runs::Recipe recipe, runs::ReadRecipe(std::string(kTiny) + data, "tiny.toml"));
    recipe.recompute_activations = recompute_activations;
    TRY_ASSIGN(runs::RunFolder folder, runs::RunFolder::Create(files_, folder_ / run, recipe));
    return Trainer::Open(files_, std::move(folder), options);
  }
  Result<std::unique_ptr<Trainer>> Resume(const std::string& run, const Trainer::Options& options = {}) {
    TRY_ASSIGN(runs::RunFolder folder, runs::RunFolder::Open(files_, folder_ / run));
    return Trainer::Open(files_, std::move(folder), options);
  }
  std::string DigestOf(const std::string& run) { return runs::Digest(runs::NewestGood(files_, folder_ / run).value().checkpoint); }
  static void StepsUntil(Trainer& trainer, int64_t step) {
    while (trainer.step() < step) ASSERT_TRUE(trainer.Step());
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
};

TEST_F(Training, AResumedRunIsTheUninterruptedOneBitForBit) {
  StepsUntil(*Start("whole", AllData()).value(), 8);
  {
    const auto first = Start("cut", AllData(), {.steps = {}, .checkpoint_every = 3, .base = {}}).value();
    StepsUntil(*first, 5);  // two steps behind the last checkpoint, as after a kill
  }
  const auto second = Resume("cut").value();
  EXPECT_EQ(second->step(), 3);
  StepsUntil(*second, 8);
  EXPECT_EQ(DigestOf("cut"), DigestOf("whole"));
}

TEST_F(Training, AFullDiskKeepsTheOldCheckpointAndTheRunGoesOn) {
  StepsUntil(*Start("whole", AllData()).value(), 8);
  { StepsUntil(*Start("cut", AllData(), {.steps = {}, .checkpoint_every = 3, .base = {}}).value(), 3); }
  const auto open = [&](base::Files& files) {
    return Trainer::Open(files, runs::RunFolder::Open(files_, folder_ / "cut").value(), {.steps = 6, .checkpoint_every = 3, .base = {}}).value();
  };
  base::FaultyFiles counting(files_);
  open(counting);
  int failed = 0;
  for (int64_t call = counting.calls() + 1;; call += 5) {  // in the log, in the next checkpoint, in what is cleared up behind it
    base::FaultyFiles full(files_, {base::Fault::Kind::kFailFrom, call, ErrorCode::kResourceExhausted});
    const auto trainer = open(full);
    Result<void> done = {};
    while (done && trainer->step() < 6) {
      if (auto step = trainer->Step(); !step) done = Forward(step);
    }
    if (done) break;
    ++failed;
    EXPECT_EQ(done.error().code(), ErrorCode::kResourceExhausted) << done.error().message();
    const int64_t newest = runs::NewestGood(files_, folder_ / "cut").value().checkpoint.step;
    EXPECT_TRUE(newest == 3 || newest == 6) << "call " << call;
    if (newest == 6) break;
  }
  EXPECT_GT(failed, 3);
  StepsUntil(*Resume("cut").value(), 8);
  EXPECT_EQ(DigestOf("cut"), DigestOf("whole"));
}

TEST_F(Training, StoppingEarlyDoesNotChangeTheSchedule) {
  StepsUntil(*Start("whole", AllData()).value(), 8);
  StepsUntil(*Start("early", AllData(), {.steps = 4, .checkpoint_every = {}, .base = {}}).value(), 4);
  StepsUntil(*Resume("early", {.steps = 8, .checkpoint_every = {}, .base = {}}).value(), 8);
  EXPECT_EQ(DigestOf("early"), DigestOf("whole"));
}

TEST_F(Training, RecomputedActivationsTrainTheSameModel) {
  const auto plain = Start("kept", AllData()).value();
  const auto again = Start("recomputed", AllData(), {}, /*recompute_activations=*/true).value();
  for (int step = 0; step < 6; ++step) {
    const runs::StepRecord a = plain->Step().value(), b = again->Step().value();
    EXPECT_NEAR(a.grad_norm, b.grad_norm, 1e-4 * a.grad_norm);
    for (const auto& [name, loss] : a.loss) EXPECT_NEAR(loss, b.loss.at(name), 1e-4) << name << " of step " << step;
  }
}

// One source at a time, one batch over and over: each modality's loss must go far below where it began.
class Overfitting : public Training, public testing::WithParamInterface<std::tuple<const char*, const char*, const char*, double>> {};
INSTANTIATE_TEST_SUITE_P(Modalities, Overfitting,
                         testing::Values(std::tuple("text", "sentences", "tokens = 24", 0.2),
                                         std::tuple("forecast", "waves", "patches = 4, horizon_patches = 1", 0.6),
                                         std::tuple("picture", "shapes", "edge = 16, prompt_tokens = 6", 0.3),
                                         std::tuple("caption", "shapes", "edge = 16, tokens = 12", 0.2),
                                         std::tuple("policy", "reach", "steps = 4", 0.3)));

TEST_P(Overfitting, OneBatchIsLearned) {
  const auto& [sample, generator, options, share] = GetParam();
  const auto trainer = Start("run", Data("data", sample, generator, options)).value();
  Network& network = trainer->network();
  const Batch batch = trainer->BatchOf(0, 0, 4).value();
  runs::OptimiserPlan plan;
  plan.embedding_rate = 0.01;
  Optimiser optimiser(network.backend.parameters(), plan);
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    optimiser.ClearGradients();
    torch::Tensor sum = torch::zeros({});
    for (const Loss& loss : network.Losses(batch)) sum = sum + loss.value * loss.weight;
    sum.backward();
    optimiser.Step(optimiser.GradientNorm(), std::min(1.0, (60 - step) / 40.0));
    last = sum.item<double>();
    if (step == 0) first = last;
  }
  EXPECT_LT(last, share * first) << first;
}

TEST_F(Training, WhatIsWrittenIsWhatWasTrained) {
  const auto trainer = Start("run", AllData()).value();
  StepsUntil(*trainer, 8);
  const auto found = runs::NewestGood(files_, folder_ / "run").value();
  const auto file = formats::GgufFile::Open(files_, found.checkpoint.PathOf("model.gguf")).value();
  const model::LlamaConfig config = model::ReadLlamaConfig(*file).value();
  model::ReferenceBackend reference(model::ReferenceBackend::Numerics::kFloat);
  const auto weights = model::LoadLlama(reference, *file, config).value();
  EXPECT_EQ(model::ReadSenses(*file).value().size(), 3U);

  // The file holds the averages; so does this network now.
  Network averaged(torch::kCPU);
  ASSERT_TRUE(averaged.AddText(*file, false));
  const std::vector<int32_t> tokens = {40, 50, 60, 70}, wanted = {3};
  model::ReferenceBackend::Cache reference_cache;
  TorchBackend::Cache cache;
  const auto expected = model::Forward(reference, config, weights, tokens, {{{.rows = 4, .cache = &reference_cache}}}, wanted);
  const torch::Tensor logits = model::Forward(averaged.backend, config, averaged.text_weights, tokens, {{{.rows = 4, .cache = &cache}}}, wanted);
  for (int64_t i = 0; i < expected.columns; ++i) EXPECT_NEAR(logits[0][0][i].item<float>(), expected.row(0)[i], 1e-4);
}

TEST_F(Training, BadStepsNeverReachTheWeights) {
  const auto trainer = Start("run", Data("text", "text", "sentences", "tokens = 24")).value();
  StepsUntil(*trainer, 2);
  Parameter& poisoned = trainer->network().backend.parameters().front();
  const torch::Tensor before = poisoned.value.detach().clone();
  for (const double bad : {std::nan(""), static_cast<double>(INFINITY)}) {
    // A gradient of one value goes bad, as after a flipped bit.
    const auto hook = poisoned.value.register_hook([bad](torch::Tensor gradient) {
      gradient = gradient.clone();
      gradient.view({-1})[0] = bad;
      return gradient;
    });
    const auto record = trainer->Step();
    poisoned.value.remove_hook(hook);
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->skipped);
    EXPECT_TRUE(torch::equal(poisoned.value, before));
  }
  ASSERT_FALSE(trainer->Step()->skipped);
  EXPECT_FALSE(torch::equal(poisoned.value, before));
}

TEST_F(Training, SaysWhatDoesNotFitTogether) {
  const std::string unknown = Data("x", "text", "sentences", "tokns = 24");
  EXPECT_NE(Start("a", unknown).error().message().find("tokns"), std::string::npos);
  const std::string no_generator = Data("x", "text", "waves", "tokens = 24");
  EXPECT_NE(Start("b", no_generator).error().message().find("\"text\" of generator:sentences"), std::string::npos);
  StepsUntil(*Start("c", AllData()).value(), 1);
  EXPECT_EQ(Start("c", AllData()).error().code(), ErrorCode::kAlreadyExists);
}

}  // namespace
}  // namespace walchen::train
