// SPDX-License-Identifier: Apache-2.0
//
// The vision modality: RGB pixels in patches of 8 x 8, no autoencoder (Li and He 2025, "Back to basics: let denoising
// generative models denoise": the network predicts the clean picture, through a bottleneck).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/modality.h"

namespace walchen::model {

constexpr int kPatchPixels = 8;
constexpr int kPictureChannels = 3;
constexpr int kPatchValues = kPatchPixels * kPatchPixels * kPictureChannels;

Modality VisionModality();

// Values in [-1, 1], [channel][y][x].
struct Picture {
  int width = 0, height = 0;
  std::vector<float> values;
};
// Bytes [y][x][3] to a picture and back (rounded, clamped).
// Errors: kInvalidArgument (edges that are no multiple of 8, or the wrong number of bytes), kTooLarge.
Result<Picture> PictureFromRgb(std::span<const uint8_t> rgb, int width, int height);
std::vector<uint8_t> RgbFromPicture(const Picture& picture);

// Patch by patch, row by row; inside a patch [channel][y][x].
std::vector<float> Patches(const Picture& picture);
Picture FromPatches(std::span<const float> patches, int width, int height);

// The tokens of a picture at noise level tau: 1 needs no noise (it may be empty), below it `noise` has a number for each
// value, in the order of Patches. A noisy picture is not kept.
SenseTokens EncodePicture(const Picture& picture, float tau, std::span<const float> noise);
// As EncodePicture, from values that are noisy already (a sampler's z, in the order of Patches).
SenseTokens EncodePatches(std::span<const float> patches, int width, int height, float tau);
SenseTargets PictureTargets(const Picture& picture, float tau);
// A picture of which nothing is known; its values are in the order of Patches.
// Errors: kInvalidArgument (edges that are no multiple of 8), kTooLarge.
Result<NoisySegment> UnknownPicture(int width, int height);

}  // namespace walchen::model
