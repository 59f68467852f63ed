// SPDX-License-Identifier: Apache-2.0
#include "model/random_model.h"

#include <cmath>

#include "formats/tokenizer.h"
#include "model/model_check.h"
#include "model/reference_backend.h"
#include "model/test_folder.h"
#include "model/test_model.h"

namespace walchen::model {
namespace {

using formats::GgufFile;

RandomModel Tiny(std::string_view shape, std::string_view type, uint64_t seed = 1) {
  return {.plan = PlanOf(**FindModelShape(shape)), .mix = *FindWeightMix(type), .seed = seed, .tokenizer_from = {}};
}

std::string Written(const RandomModel& model, const base::Path& path, int threads = 2) {
  base::ThreadPool pool(threads);
  const auto done = WriteRandomModel(base::Files::Os(), model, path, pool);
  EXPECT_TRUE(done) << done.error().ToString();
  return ReadText(path);
}

TEST(RandomModel, CanBeRunWithEveryMix) {
  const TestFolder folder;
  for (const WeightMix& mix : WeightMixes()) {
    SCOPED_TRACE(mix.name);
    Written(Tiny("tiny", mix.name), folder / "m.gguf");
    const auto file = std::move(GgufFile::Open(base::Files::Os(), folder / "m.gguf").value());
    const auto checked = CheckModel(*file);
    EXPECT_TRUE(checked) << checked.error().ToString();
    EXPECT_EQ(file->Int("general.file_type").value(), mix.file_type);
  }
}

TEST(RandomModel, HasFiniteLogitsOfOrdinarySize) {
  const TestFolder folder;
  for (const char* shape : {"tiny", "tiny-moe"}) {
    SCOPED_TRACE(shape);
    Written(Tiny(shape, "Q4_0"), folder / "m.gguf");
    const auto file = std::move(GgufFile::Open(base::Files::Os(), folder / "m.gguf").value());
    const LlamaConfig config = ReadLlamaConfig(*file).value();
    ReferenceBackend backend(ReferenceBackend::Numerics::kFloat);
    const auto weights = LoadLlama(backend, *file, config).value();
    ReferenceBackend::Cache cache;
    const std::vector<int32_t> tokens = {5, 300, 7};
    double squares = 0;
    const std::vector<float> logits = RunChunks(backend, config, weights, tokens, {tokens.size()}, cache);
    for (const float logit : logits) squares += static_cast<double>(logit) * logit;
    const double deviation = std::sqrt(squares / static_cast<double>(logits.size()));
    EXPECT_GT(deviation, 0.3);
    EXPECT_LT(deviation, 3);
  }
}

TEST(RandomModel, IsTheSameForTheSameSeedWhateverTheNumberOfThreads) {
  const TestFolder folder;
  const std::string one = Written(Tiny("tiny", "Q4_K_M"), folder / "1.gguf", 1);
  EXPECT_TRUE(Written(Tiny("tiny", "Q4_K_M"), folder / "2.gguf", 3) == one);
  EXPECT_FALSE(Written(Tiny("tiny", "Q4_K_M", 2), folder / "3.gguf") == one);
}

TEST(RandomModel, ReadsAndWritesText) {
  const TestFolder folder;
  Written(Tiny("tiny", "Q8_0"), folder / "m.gguf");
  const auto file = std::move(GgufFile::Open(base::Files::Os(), folder / "m.gguf").value());
  const auto tokenizer = std::move(formats::Tokenizer::FromGguf(*file).value());
  EXPECT_EQ(tokenizer->vocabulary_size(), 1024);
  const std::string text = "Hello there, Gr\u00fc\u00dfe! \U0001F600";
  const std::vector<formats::TokenId> tokens = tokenizer->Encode(text);
  EXPECT_EQ(tokenizer->Decode(tokens), text);
  EXPECT_LT(tokens.size(), text.size());  // pairs of letters are tokens
  EXPECT_EQ(tokenizer->Encode("<|im_end|>", true).size(), 1u);
}

TEST(RandomModel, TakesTheTokenizerOfAnotherModel) {
  const TestFolder folder;
  RandomModel model = Tiny("tiny", "Q8_0");
  model.tokenizer_from = Golden("llama/smollm2.gguf");
  Written(model, folder / "m.gguf");
  const auto file = std::move(GgufFile::Open(base::Files::Os(), folder / "m.gguf").value());
  EXPECT_EQ(file->Text("tokenizer.ggml.pre").value(), "smollm");
  const auto tokens = file->Texts("tokenizer.ggml.tokens").value();
  ASSERT_EQ(tokens.size(), 1024u);
  EXPECT_EQ(tokens[130], "th");
  EXPECT_EQ(tokens[1023], "[PAD1023]");
  EXPECT_EQ(file->Ints("tokenizer.ggml.token_type").value()[1023], 5);

  model.plan.config.vocabulary = 100;
  base::ThreadPool pool(1);
  const auto too_small = WriteRandomModel(base::Files::Os(), model, folder / "n.gguf", pool);
  ASSERT_FALSE(too_small);
  EXPECT_EQ(too_small.error().code(), ErrorCode::kUnsupported);
}

TEST(RandomModel, ShapesAreWhatTheyAreCalled) {
  const auto values = [](std::string_view name) {
    uint64_t sum = 0;
    for (const PlannedTensor& tensor : PlanTensors(PlanOf(**FindModelShape(name)))) {
      uint64_t product = 1;
      for (const uint64_t width : tensor.shape) product *= width;
      sum += product;
    }
    return sum;
  };
  // As the models' own pages say.
  EXPECT_EQ(values("smollm2-135m"), 134'515'008u);
  EXPECT_EQ(values("llama-1b"), 1'235'814'400u);
  EXPECT_EQ(values("llama-8b"), 8'030'261'248u);
  EXPECT_EQ(values("qwen2.5-0.5b"), 494'032'768u);
  EXPECT_EQ(values("qwen3-0.6b"), 596'049'920u);
  EXPECT_EQ(values("qwen3-30b-a3b"), 30'532'122'624u);
  const auto unknown = FindModelShape("llama-9b");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("llama-8b"), std::string::npos);
}

TEST(RandomModel, StopsWhenToldToAndLeavesNothing) {
  const TestFolder folder;
  base::ThreadPool pool(1);
  const auto stopped = WriteRandomModel(base::Files::Os(), Tiny("tiny", "Q4_0"), folder / "m.gguf", pool,
                                        [](std::string_view, size_t done, size_t) -> Result<void> {
                                          if (done < 5) return {};
                                          return Fail(ErrorCode::kCancelled, "stop");
                                        });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(folder.size(), 0u);
}

}  // namespace
}  // namespace walchen::model
