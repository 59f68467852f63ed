// SPDX-License-Identifier: Apache-2.0
#include "shards/generated_samples.h"

#include <gtest/gtest.h>

#include "model/signals.h"
#include "shards/test_tokenizer.h"

namespace walchen::shards {
namespace {

using Make = Result<std::unique_ptr<SampleSource>> (*)(runs::Options&, uint64_t, const formats::Tokenizer&);

class GeneratedSamples : public TokenizerTest {
 protected:
  std::unique_ptr<SampleSource> Open(Make make, runs::Options options) { return make(options, 1, *tokenizer_).value(); }
};

// The last `copies` segments are of one truth, with noise and noise levels of their own, and invisible to each other.
void ExpectCopies(const Sample& sample, size_t copies, size_t head) {
  ASSERT_GT(sample.segments.size(), copies);
  const size_t first = sample.segments.size() - copies;
  for (size_t i = first; i < sample.segments.size(); ++i) {
    const Segment& segment = sample.segments[i];
    EXPECT_FALSE(segment.continuous.kept);
    EXPECT_EQ(segment.continuous_targets[head].values, sample.segments[first].continuous_targets[head].values);
    if (i == first) continue;
    EXPECT_NE(segment.continuous.tau, sample.segments[first].continuous.tau);
    EXPECT_NE(segment.continuous.features, sample.segments[first].continuous.features);
  }
}

TEST_F(GeneratedSamples, NoisyCopiesStandBehindOneBeginning) {
  runs::Options policy;
  policy.Set("copies", int64_t{4});
  const Sample reach = Open(MakePolicySource, policy)->At(3).value();
  EXPECT_EQ(reach.segments.size(), 5u);
  ExpectCopies(reach, 4, 0);
  runs::Options forecast;
  forecast.Set("copies", int64_t{3});
  forecast.Set("trajectories", true);
  const Sample waves = Open(MakeForecastSource, forecast)->At(3).value();
  EXPECT_EQ(waves.segments.size(), 4u);
  ExpectCopies(waves, 3, model::kSignalValues);
}

TEST_F(GeneratedSamples, AreTheSameForTheSameNumberAndOthersForAnother) {
  for (const Make make : {MakeTextSource, MakeForecastSource, MakePictureSource, MakeCaptionSource, MakePolicySource}) {
    const auto source = Open(make, {});
    const Sample one = source->At(7).value(), again = Open(make, {})->At(7).value(), other = source->At(8).value();
    ASSERT_EQ(one.segments.size(), again.segments.size());
    bool differs = false;
    for (size_t i = 0; i < one.segments.size(); ++i) {
      EXPECT_EQ(one.segments[i].tokens, again.segments[i].tokens);
      EXPECT_EQ(one.segments[i].continuous.features, again.segments[i].continuous.features);
      differs |= one.segments[i].tokens != other.segments[i].tokens ||
                 one.segments[i].continuous.features != other.segments[i].continuous.features;
    }
    EXPECT_TRUE(differs);
  }
}

}  // namespace
}  // namespace walchen::shards
