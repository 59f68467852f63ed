// SPDX-License-Identifier: Apache-2.0
#include "model/vision.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/limits.h"

namespace walchen::model {
namespace {

// Calls visit(index in Patches, index in Picture::values) for every value.
template <class Visit>
void ForEachValue(int width, int height, const Visit& visit) {
  size_t patch_index = 0;
  for (int patch_y = 0; patch_y < height; patch_y += kPatchPixels) {
    for (int patch_x = 0; patch_x < width; patch_x += kPatchPixels) {
      for (int channel = 0; channel < kPictureChannels; ++channel) {
        for (int y = patch_y; y < patch_y + kPatchPixels; ++y) {
          for (int x = patch_x; x < patch_x + kPatchPixels; ++x) {
            visit(patch_index++, static_cast<size_t>((int64_t{channel} * height + y) * width + x));
          }
        }
      }
    }
  }
}

Result<void> CheckEdges(int width, int height) {
  if (width <= 0 || height <= 0 || width % kPatchPixels != 0 || height % kPatchPixels != 0) {
    return Fail(ErrorCode::kInvalidArgument, "expected a picture whose edges are multiples of {} pixels, found {}x{}",
                kPatchPixels, width, height);
  }
  if (width > base::kPictureMaxEdge || height > base::kPictureMaxEdge) {
    return Fail(ErrorCode::kTooLarge, "expected a picture of at most {0}x{0} pixels, found {1}x{2}; make it smaller first",
                base::kPictureMaxEdge, width, height);
  }
  return {};
}

}  // namespace

Modality VisionModality() {
  return {.name = "vision",
          .features = kPatchValues,
          .bottleneck = 96,  // half of a patch's values: Li and He 2025 find no loss down to a sixth
          .heads = {{.name = "pixels", .loss = HeadLoss::kFlow, .values = kPatchValues}},
          .patch = {.size = kPatchPixels, .channels = kPictureChannels}};
}

Result<Picture> PictureFromRgb(std::span<const uint8_t> rgb, int width, int height) {
  TRY(CheckEdges(width, height));
  const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  if (rgb.size() != pixels * kPictureChannels) {
    return Fail(ErrorCode::kInvalidArgument, "expected {} bytes for {}x{} pixels, found {}", pixels * kPictureChannels,
                width, height, rgb.size());
  }
  Picture picture = {.width = width, .height = height, .values = std::vector<float>(rgb.size())};
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t channel = 0; channel < kPictureChannels; ++channel) {
      picture.values[channel * pixels + i] = static_cast<float>(rgb[i * kPictureChannels + channel]) / 127.5f - 1;
    }
  }
  return picture;
}

std::vector<uint8_t> RgbFromPicture(const Picture& picture) {
  const size_t pixels = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
  std::vector<uint8_t> rgb(pixels * kPictureChannels);
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t channel = 0; channel < kPictureChannels; ++channel) {
      const float value = std::round((picture.values[channel * pixels + i] + 1) * 127.5f);
      rgb[i * kPictureChannels + channel] = static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
    }
  }
  return rgb;
}

std::vector<float> Patches(const Picture& picture) {
  std::vector<float> patches(picture.values.size());
  ForEachValue(picture.width, picture.height, [&](size_t patch, size_t value) { patches[patch] = picture.values[value]; });
  return patches;
}

Picture FromPatches(std::span<const float> patches, int width, int height) {
  Picture picture = {.width = width, .height = height, .values = std::vector<float>(patches.size())};
  ForEachValue(width, height, [&](size_t patch, size_t value) { picture.values[value] = patches[patch]; });
  return picture;
}

SenseTokens EncodePatches(std::span<const float> patches, int width, int height, float tau) {
  const int rows = height / kPatchPixels, columns = width / kPatchPixels;
  SenseTokens tokens = {.rows = rows * columns,
                        .features = {patches.begin(), patches.end()},
                        .tau = std::vector<float>(static_cast<size_t>(rows * columns), tau),
                        .extent = std::max(rows, columns),
                        .grid_rows = rows,
                        .grid_columns = columns,
                        .kept = tau == 1};
  for (int32_t row = 0; row < rows; ++row) {
    for (int32_t column = 0; column < columns; ++column) tokens.positions.push_back({0, row, column});
  }
  return tokens;
}

SenseTokens EncodePicture(const Picture& picture, float tau, std::span<const float> noise) {
  std::vector<float> z = Patches(picture);
  for (size_t i = 0; i < z.size() && tau < 1; ++i) z[i] = MixNoise(z[i], noise[i], tau);
  return EncodePatches(z, picture.width, picture.height, tau);
}

SenseTargets PictureTargets(const Picture& picture, float tau) {
  HeadTargets pixels = {.values = Patches(picture), .weights = {}};
  pixels.weights.assign(pixels.values.size(), FlowWeight(tau));
  return {pixels};
}

Result<NoisySegment> UnknownPicture(int width, int height) {
  TRY(CheckEdges(width, height));
  const std::vector<float> nothing(static_cast<size_t>(width) * static_cast<size_t>(height) * kPictureChannels);
  NoisySegment segment = {.tokens = EncodePatches(nothing, width, height, 0)};
  segment.inputs.resize(nothing.size());
  std::iota(segment.inputs.begin(), segment.inputs.end(), size_t{0});
  segment.outputs = segment.inputs;  // a token's features are the pixels that its head predicts
  return segment;
}

}  // namespace walchen::model
