// SPDX-License-Identifier: Apache-2.0
//
// Samplers on a small model with senses of random weights, beside the same passes made by hand.
#include "infer/flow_sampling.h"

#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "model/random_model.h"
#include "model/sense_file.h"
#include "model/test_sense.h"

namespace walchen::infer {
namespace {

using formats::TokenId;
using model::FlowSolver;
using model::TauGrid;

// Two numbers to be found and a third that is known.
model::Modality Toy() {
  return {.name = "toy", .features = 3, .heads = {{.name = "level", .loss = model::HeadLoss::kFlow, .values = 2}}};
}
// Three tokens; the first is known as a whole.
model::NoisySegment UnknownToy() {
  model::NoisySegment segment;
  segment.tokens = {.rows = 3, .features = {0.5f, -1, 1, 0, 0, 0.25f, 0, 0, -2}, .tau = {1, 0, 0}, .extent = 3};
  for (int32_t row = 0; row < 3; ++row) segment.tokens.positions.push_back({row, 0, 0});
  segment.inputs = {3, 4, 6, 7};
  segment.outputs = {2, 3, 4, 5};
  return segment;
}

// A random language model of 2 layers, and a sense of each modality in one file.
class FlowSampling : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_.emplace();
    base::ThreadPool pool(2);
    const model::RandomModel random = {.plan = model::PlanOf(*model::FindModelShape("tiny").value()),
                                       .mix = model::FindWeightMix("Q4_1").value(), .seed = 4, .tokenizer_from = {}};
    base::Files& files = base::Files::Os();
    ASSERT_TRUE(model::WriteRandomModel(files, random, BasePath(), pool));
    WriteSenses("senses.gguf", 0);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  void SetUp() override {
    base_ = ModelFile::Load(base::Files::Os(), BasePath(), {.threads = 2}).value();
    sequence_ = Open("senses.gguf");
  }

  static base::Path BasePath() { return *folder_ / "base.gguf"; }

  // All weights are random; those of the toy's read-out are `toy`, if that is not 0.
  static void WriteSenses(const std::string& name, float toy) {
    const auto base = formats::GgufFile::Open(base::Files::Os(), BasePath()).value();
    const model::LlamaConfig text = model::ReadLlamaConfig(*base).value();
    model::TestGguf tensors;
    std::vector<model::SenseConfig> senses;
    for (const model::Modality& modality : {model::SignalsModality(), model::VisionModality(), model::MotionModality(), Toy()}) {
      senses.push_back(AddTestSense(tensors, text, modality, 64, 1));
    }
    formats::GgufWriter writer;
    writer.Add("general.architecture", std::string(model::kSenseArchitecture));
    model::AddSenseList(senses, writer);
    for (const formats::TensorEntry& tensor : tensors.tensors()) {
      const bool is_constant = toy != 0 && tensor.name == "sense.toy.head.level.weight";
      const std::vector<float> constant(is_constant ? tensor.values() : 0, toy);
      writer.AddTensor(tensor.name, tensor.type, tensor.shape, [&tensors, tensor, constant]() -> Result<std::string> {
        return std::string(base::AsText(constant.empty() ? tensors.Data(tensor) : std::as_bytes(std::span(constant))));
      });
    }
    ASSERT_TRUE(writer.Write(base::Files::Os(), *folder_ / name));
  }

  std::unique_ptr<MixedSequence> Open(const std::string& senses) const {
    static const model::Modality toy = Toy();
    const base::Path path = *folder_ / senses;
    return MixedSequence::Open(base::Files::Os(), base_, BasePath(), std::span(&path, 1),
                               {.threads = 2, .modalities = std::span(&toy, 1)}).value();
  }

  static FlowOptions Steps(int steps, FlowSolver solver = FlowSolver::kHeun) {
    return {.seed = 9, .grid = TauGrid::Uniform(steps).value(), .solver = solver};
  }

  static inline std::optional<base::TestFolder> folder_;
  std::shared_ptr<const ModelFile> base_;
  std::unique_ptr<MixedSequence> sequence_;
};

TEST_F(FlowSampling, AModalityThatNoCodeKnowsIsSampled) {
  const std::vector<float> noise = model::FlowNoise(9, 4);
  model::SenseTokens tokens = UnknownToy().tokens;
  tokens.features = {0.5f, -1, 1, noise[0], noise[1], 0.25f, noise[2], noise[3], -2};
  tokens.kept = false;
  const std::vector<float> said = sequence_->Sense("toy", tokens).value()[0];
  EXPECT_EQ(SampleUnknown(*sequence_, "toy", UnknownToy(), Steps(1, FlowSolver::kEuler)).value(),
            std::vector<float>(said.begin() + 2, said.end()));

  // Two steps: halfway at tau = 1/2, then where that leads.
  for (size_t i = 0; i < 4; ++i) tokens.features[UnknownToy().inputs[i]] = noise[i] + 0.5f * (said[i + 2] - noise[i]);
  tokens.tau = {1, 0.5f, 0.5f};
  const std::vector<float> end = sequence_->Sense("toy", tokens).value()[0];
  const std::vector<float> sample = SampleUnknown(*sequence_, "toy", UnknownToy(), Steps(2, FlowSolver::kEuler)).value();
  for (size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(sample[i], end[i + 2]) << i;
}

TEST_F(FlowSampling, TheSameSeedGivesTheSameSample) {
  FlowOptions options = Steps(3);
  const model::Picture picture = SamplePicture(*sequence_, "vision", 24, 16, options).value();
  const model::MotionSteps actions = SampleActions(*sequence_, "motion", 5, 2, options).value();
  EXPECT_EQ(picture.values.size(), 3u * 24 * 16);
  EXPECT_EQ(actions.steps(), 5);
  EXPECT_EQ(SamplePicture(*sequence_, "vision", 24, 16, options).value().values, picture.values);
  EXPECT_EQ(SampleActions(*sequence_, "motion", 5, 2, options).value().values, actions.values);
  options.seed = 10;
  EXPECT_NE(SamplePicture(*sequence_, "vision", 24, 16, options).value().values, picture.values);
  EXPECT_NE(SampleActions(*sequence_, "motion", 5, 2, options).value().values, actions.values);
}

TEST_F(FlowSampling, APictureFollowsItsText) {
  const std::vector<TokenId> one = {5, 6, 7}, other = {5, 6, 8};
  ASSERT_TRUE(sequence_->Text(one));
  const model::Picture picture = SamplePicture(*sequence_, "vision", 16, 16, Steps(2)).value();
  sequence_->Clear();
  ASSERT_TRUE(sequence_->Text(other));
  EXPECT_NE(SamplePicture(*sequence_, "vision", 16, 16, Steps(2)).value().values, picture.values);
}

TEST_F(FlowSampling, GuidanceLeadsAwayFromTheOtherSequence) {
  const std::vector<TokenId> prompt = {5, 6, 7}, empty = {1, 1, 1};
  const auto without = sequence_->NewSequence().value();
  ASSERT_TRUE(sequence_->Text(prompt));
  ASSERT_TRUE(without->Text(empty));
  FlowOptions options = Steps(1);
  const std::vector<float> with = SamplePicture(*sequence_, "vision", 16, 8, options).value().values;
  const std::vector<float> away_from = SamplePicture(*without, "vision", 16, 8, options).value().values;
  ASSERT_NE(with, away_from);
  options.guidance = {.scale = 3};
  EXPECT_EQ(SamplePicture(*sequence_, "vision", 16, 8, options).error().code(), ErrorCode::kInvalidArgument);
  options.without = without.get();
  const std::vector<float> guided = SamplePicture(*sequence_, "vision", 16, 8, options).value().values;
  for (size_t i = 0; i < guided.size(); ++i) EXPECT_FLOAT_EQ(guided[i], away_from[i] + 3 * (with[i] - away_from[i])) << i;
}

TEST_F(FlowSampling, OnlyAKeptSampleIsSeenByWhatFollows) {
  const std::vector<TokenId> before = {5, 6, 7}, after = {8};
  const model::MotionSteps states = {.width = 2, .values = {0.1f, 0.2f}, .padding = {}};
  const auto begin = [&] {
    sequence_->Clear();
    ASSERT_TRUE(sequence_->Text(before));
    ASSERT_TRUE(sequence_->Sense("motion", model::EncodeStates(states)));
  };
  FlowOptions options = Steps(2);
  begin();
  const std::vector<float> alone = sequence_->Text(after).value();
  begin();
  const model::MotionSteps actions = SampleActions(*sequence_, "motion", 4, 2, options).value();
  EXPECT_EQ(sequence_->Text(after).value(), alone);
  begin();
  options.keep = true;
  ASSERT_EQ(SampleActions(*sequence_, "motion", 4, 2, options).value().values, actions.values);
  const std::vector<float> seen = sequence_->Text(after).value();
  EXPECT_NE(seen, alone);
  begin();
  ASSERT_TRUE(sequence_->Sense("motion", model::EncodeActions(actions, 1, {})));
  EXPECT_EQ(sequence_->Text(after).value(), seen);
}

model::SignalWindow HalfKnown() {
  const std::vector<float> noise = model::FlowNoise(1, 64);
  model::SignalWindow window;
  for (size_t c = 0; c < 2; ++c) {
    model::SignalChannel channel;
    for (size_t i = 0; i < 32; ++i) {
      channel.points.push_back(100 + 5 * noise[32 * c + i]);
      channel.observed.push_back(i < 20 ? 1 : 0);
    }
    window.channels.push_back(std::move(channel));
  }
  return window;
}

TEST_F(FlowSampling, ObservedPointsOfATrajectoryStayAndTheOthersAreInItsUnit) {
  const model::SignalWindow window = HalfKnown();
  const auto points = SampleTrajectory(*sequence_, "signals", window, Steps(1)).value();
  const model::EncodedSignals encoded = model::EncodeSignals(window).value();
  model::NoisySegment segment = model::UnknownPoints(window, encoded);
  segment.Put(model::FlowNoise(9, 24), 0);
  const std::vector<float> said = sequence_->Sense("signals", segment.tokens).value()[model::kSignalValues];
  for (size_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < 32; ++i) {
      const size_t at = (1 + 2 * c) * model::kPatchPoints + i;  // behind the register
      EXPECT_EQ(points[c][i], i < 20 ? window.channels[c].points[i] : encoded.scales[c].Raw(said[at])) << c << ", " << i;
    }
  }
}

TEST_F(FlowSampling, AForecastIsOnePassSorted) {
  const model::SignalWindow window = HalfKnown();
  const model::EncodedSignals encoded = model::EncodeSignals(window).value();
  const std::vector<float> said = sequence_->Sense("signals", encoded.tokens).value()[model::kSignalQuantiles];
  sequence_->Clear();
  const model::SignalForecast forecast = Forecast(*sequence_, "signals", window, false).value();
  const size_t levels = model::SignalQuantiles().size();
  for (size_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < 32; ++i) {
      const float* of_point = said.data() + ((1 + 2 * c) * model::kPatchPoints + i) * levels;
      float smallest = of_point[0];
      for (size_t level = 0; level < levels; ++level) {
        smallest = std::min(smallest, of_point[level]);
        EXPECT_LE(forecast.At(c, i, level == 0 ? 0 : level - 1), forecast.At(c, i, level));
      }
      EXPECT_EQ(forecast.At(c, i, 0), encoded.scales[c].Raw(smallest));
    }
  }
}

TEST_F(FlowSampling, SaysWhatCannotBeSampled) {
  const auto code = [](const auto& result) { return result.error().code(); };
  EXPECT_EQ(code(SamplePicture(*sequence_, "taste", 16, 16, Steps(1))), ErrorCode::kNotFound);
  const auto other = SamplePicture(*sequence_, "signals", 16, 16, Steps(1));
  EXPECT_NE(other.error().message().find("sense signals is of the modality signals"), std::string::npos);
  EXPECT_EQ(code(Forecast(*sequence_, "motion", HalfKnown(), false)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(SampleActions(*sequence_, "motion", 4'000, 2, Steps(1))), ErrorCode::kTooLarge);
  model::SignalWindow known = HalfKnown();
  for (model::SignalChannel& channel : known.channels) channel.observed.assign(32, 1);
  EXPECT_EQ(code(SampleTrajectory(*sequence_, "signals", known, Steps(1))), ErrorCode::kInvalidArgument);
  FlowOptions options = Steps(1);
  options.guidance.scale = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code(SampleUnknown(*sequence_, "toy", UnknownToy(), options)), ErrorCode::kInvalidArgument);
  WriteSenses("broken.gguf", 3e38f);
  EXPECT_EQ(code(SampleUnknown(*Open("broken.gguf"), "toy", UnknownToy(), Steps(2))), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace walchen::infer
