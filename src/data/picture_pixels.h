// SPDX-License-Identifier: Apache-2.0
//
// For the decoders behind data/picture.h alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/status.h"
#include "data/picture.h"

namespace walchen::data {

// Errors: kCorrupt (a side of 0), kTooLarge (kPictureMaxPixels).
Result<void> CheckPictureSize(uint64_t width, uint64_t height);

enum class Alpha : uint8_t { kSeparate, kMultiplied };  // whether the colours are multiplied with it already

// Red, green, blue and alpha on white; on black where nothing would be seen on white.
Picture OnPaper(std::span<const uint8_t> rgba, uint32_t width, uint32_t height, Alpha alpha);

// picture_jpeg.cc, picture_tiff.cc, picture_gif.cc; as DecodePicture.
Result<DecodedPicture> DecodeJpeg(std::string_view bytes);
Result<DecodedPicture> DecodeTiff(std::string_view bytes);
Result<DecodedPicture> DecodeGif(std::string_view bytes);

}  // namespace walchen::data
