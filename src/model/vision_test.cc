// SPDX-License-Identifier: Apache-2.0
#include "model/vision.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace walchen::model {
namespace {

std::vector<uint8_t> RandomRgb(int width, int height) {
  base::Rng rng(3);
  std::vector<uint8_t> rgb(static_cast<size_t>(width * height * 3));
  for (uint8_t& byte : rgb) byte = static_cast<uint8_t>(rng.Below(256));
  return rgb;
}

TEST(Vision, BytesPatchesAndPicturesTurnIntoEachOther) {
  const std::vector<uint8_t> rgb = RandomRgb(24, 16);
  const Picture picture = PictureFromRgb(rgb, 24, 16).value();
  EXPECT_EQ(RgbFromPicture(picture), rgb);
  EXPECT_EQ(FromPatches(Patches(picture), 24, 16).values, picture.values);
}

TEST(Vision, APatchHoldsItsPixelsChannelByChannel) {
  Picture picture = {.width = 16, .height = 16, .values = std::vector<float>(3 * 256)};
  picture.values[256 + 9 * 16 + 10] = 1;  // channel 1, y 9, x 10: patch (1, 1), pixel (1, 2)
  const std::vector<float> patches = Patches(picture);
  EXPECT_EQ(patches[3 * kPatchValues + 64 + 8 + 2], 1);
}

TEST(Vision, TokensHaveRowsAndColumns) {
  const Picture picture = {.width = 24, .height = 16, .values = std::vector<float>(3 * 24 * 16)};
  const SenseTokens tokens = EncodePicture(picture, 1, {});
  ASSERT_EQ(tokens.rows, 6);
  EXPECT_EQ(tokens.positions[5], (Position{0, 1, 2}));
  EXPECT_EQ(tokens.extent, 3);
  EXPECT_TRUE(tokens.kept);
}

TEST(Vision, NoiseIsMixedInAndTheTargetIsTheCleanPicture) {
  const Picture picture = PictureFromRgb(RandomRgb(8, 8), 8, 8).value();
  const std::vector<float> noise(kPatchValues, 0.5f);
  const SenseTokens tokens = EncodePicture(picture, 0.75f, noise);
  const SenseTargets targets = PictureTargets(picture, 0.75f);
  for (size_t i = 0; i < kPatchValues; ++i) {
    EXPECT_FLOAT_EQ(tokens.features[i], 0.75f * targets[0].values[i] + 0.125f);
    EXPECT_FLOAT_EQ(targets[0].weights[i], 16);
  }
  EXPECT_FALSE(tokens.kept);
}

TEST(Vision, RefusesPicturesOfNoUse) {
  const std::vector<uint8_t> one(3);
  EXPECT_NE(PictureFromRgb(one, 1, 1).error().message().find("multiples of 8 pixels, found 1x1"), std::string::npos);
  EXPECT_EQ(PictureFromRgb(one, 20'000, 20'000).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(PictureFromRgb(one, 8, 8).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(PictureFromRgb(one, -8, 8).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Vision, ASamplersTokensAreThoseOfTraining) {
  const Picture picture = PictureFromRgb(RandomRgb(24, 16), 24, 16).value();
  const std::vector<float> noise(picture.values.size(), 0.5f);
  const SenseTokens trained = EncodePicture(picture, 0.75f, noise);
  NoisySegment segment = UnknownPicture(24, 16).value();
  segment.Put(trained.features, 0.75f);
  EXPECT_EQ(segment.tokens.features, trained.features);
  EXPECT_EQ(segment.tokens.tau, trained.tau);
  EXPECT_EQ(segment.tokens.positions, trained.positions);
  EXPECT_EQ(segment.Clean(trained.features), trained.features);
  EXPECT_FALSE(segment.tokens.kept);
  segment.Put(trained.features, 1);
  EXPECT_TRUE(segment.tokens.kept);
  EXPECT_EQ(UnknownPicture(12, 16).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(UnknownPicture(20'000, 20'000).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::model
