// SPDX-License-Identifier: Apache-2.0
#include "data/picture.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/limits.h"
#include "data/picture_pixels.h"

namespace walchen::data {
namespace {

// Which source pixels a target pixel covers, and how much of each.
struct Cover {
  uint32_t first = 0;
  std::vector<float> shares;
};

std::vector<Cover> Covers(uint32_t from, uint32_t to) {
  std::vector<Cover> covers(to);
  const double step = static_cast<double>(from) / to;
  for (uint32_t i = 0; i < to; ++i) {
    const double begin = i * step, end = std::min<double>((i + 1) * step, from);
    Cover& cover = covers[i];
    cover.first = std::min(static_cast<uint32_t>(begin), from - 1);
    for (uint32_t at = cover.first; at < from && (at < end || at == cover.first); ++at) {
      const double share = std::min<double>(at + 1, end) - std::max<double>(at, begin);
      cover.shares.push_back(static_cast<float>(std::max(share, 0.0) / step));
    }
  }
  return covers;
}

uint32_t Scaled(uint32_t side, uint32_t longer, uint32_t side_max) {
  const auto scaled = std::lround(static_cast<double>(side) * side_max / longer);
  return static_cast<uint32_t>(std::max<long>(scaled, 1));
}

}  // namespace

Result<void> CheckPictureSize(uint64_t width, uint64_t height) {
  if (width == 0 || height == 0) {
    return Fail(ErrorCode::kCorrupt, "expected a picture, found one of {} by {} pixels", width, height);
  }
  if (width > static_cast<uint64_t>(base::kPictureMaxPixels) / height) {
    return Fail(ErrorCode::kTooLarge, "expected a picture of at most {} pixels, found {} by {}", base::kPictureMaxPixels,
                width, height);
  }
  return {};
}

Picture OnPaper(std::span<const uint8_t> rgba, uint32_t width, uint32_t height, Alpha alpha) {
  constexpr uint8_t kNearlyWhite = 250;
  Picture picture{width, height, std::vector<uint8_t>(size_t{width} * height * 3)};
  const auto put = [&](unsigned paper) {
    bool any_ink = false, any_hole = false;
    for (size_t i = 0, o = 0; o < picture.rgb.size(); i += 4) {
      const unsigned cover = rgba[i + 3];
      any_hole |= cover < 255;
      for (size_t channel = 0; channel < 3; ++channel, ++o) {
        const unsigned ink = alpha == Alpha::kSeparate ? (rgba[i + channel] * cover + 127) / 255 : rgba[i + channel];
        picture.rgb[o] = static_cast<uint8_t>(std::min(ink + (paper * (255 - cover) + 127) / 255, 255U));
        any_ink |= picture.rgb[o] < kNearlyWhite;
      }
    }
    return any_ink || !any_hole;
  };
  if (!put(255)) put(0);
  return picture;
}

Picture MadeSmaller(Picture picture, uint32_t side_max) {
  const uint32_t longer = std::max(picture.width, picture.height);
  if (longer <= side_max) return picture;
  Picture small{Scaled(picture.width, longer, side_max), Scaled(picture.height, longer, side_max), {}};
  small.rgb.resize(size_t{small.width} * small.height * 3);
  const std::vector<Cover> columns = Covers(picture.width, small.width), rows = Covers(picture.height, small.height);
  const size_t row_bytes = size_t{picture.width} * 3;
  std::vector<float> sum(row_bytes);
  uint8_t* to = small.rgb.data();
  for (const Cover& row : rows) {
    std::ranges::fill(sum, 0.0F);
    for (size_t i = 0; i < row.shares.size(); ++i) {
      const uint8_t* const from = picture.rgb.data() + (row.first + i) * row_bytes;
      const float share = row.shares[i];
      for (size_t x = 0; x < row_bytes; ++x) sum[x] += share * static_cast<float>(from[x]);
    }
    for (const Cover& column : columns) {
      for (size_t channel = 0; channel < 3; ++channel) {
        float mean = 0.5F;
        for (size_t i = 0; i < column.shares.size(); ++i) mean += column.shares[i] * sum[(column.first + i) * 3 + channel];
        *to++ = static_cast<uint8_t>(std::min(mean, 255.0F));
      }
    }
  }
  return small;
}

Picture Turned(Picture picture, int orientation) {
  if (orientation < 2 || orientation > 8) return picture;
  // EXIF 2.32, tag 0x0112: 5 to 8 stand on their side; then which of the target's directions run backwards in the source.
  const bool is_transposed = orientation >= 5;
  const bool x_backwards = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool y_backwards = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Picture turned{is_transposed ? picture.height : picture.width, is_transposed ? picture.width : picture.height, {}};
  turned.rgb.resize(picture.rgb.size());
  uint8_t* to = turned.rgb.data();
  for (uint32_t y = 0; y < turned.height; ++y) {
    for (uint32_t x = 0; x < turned.width; ++x, to += 3) {
      uint32_t from_x = is_transposed ? y : x, from_y = is_transposed ? x : y;
      if (x_backwards) from_x = picture.width - 1 - from_x;
      if (y_backwards) from_y = picture.height - 1 - from_y;
      std::memcpy(to, picture.rgb.data() + (size_t{from_y} * picture.width + from_x) * 3, 3);
    }
  }
  return turned;
}

Result<std::string> PngOf(const Picture& picture) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = picture.width;
  image.height = picture.height;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string png(size, '\0');
  if (png_image_write_to_memory(&image, png.data(), &size, 0, picture.rgb.data(), 0, nullptr) == 0) {
    return Fail(ErrorCode::kResourceExhausted, "expected to write a PNG of {} by {} pixels: {}", picture.width, picture.height,
                image.message);
  }
  png.resize(size);
  return png;
}

}  // namespace walchen::data
