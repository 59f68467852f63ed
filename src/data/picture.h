// SPDX-License-Identifier: Apache-2.0
//
// Pixels: picture files become red, green and blue in sRGB, upright, small, on white, and a PNG that says nothing but them.
//
// On white, because drawings and icons are made for paper, and because the colour under a transparent pixel is what some
// editor left there. Where everything would be white on white, on black.
//
// Everything here runs in this process: bytes from outside belong into a worker (data/extract_worker.h). The decoders are
// libpng, libjpeg-turbo, libwebp, libtiff, giflib and, for drawings, librsvg on cairo.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

// What the picture encoder takes at most (base::kPictureMaxEdge); a photograph is 0.4 MB then.
inline constexpr uint32_t kPictureSideMax = 512;
// Drawings have no size of their own: large enough for their finest lines, and four times as many in the same room.
inline constexpr uint32_t kDrawingSide = 256;
// Icons are drawn on grids of 16 to 36 units.
inline constexpr uint32_t kIconSide = 64;

struct Picture {
  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<uint8_t> rgb;  // rows from the top, 3 bytes for each pixel

  bool operator==(const Picture&) const = default;
};

struct DecodedPicture {
  Picture picture;       // longer than kPictureSideMax where the file is
  bool is_first = false;  // of several frames or pages
};

// The first frame or page of a file that begins as PNG, JPEG, GIF, WebP or TIFF, as it is stored: not turned.
// Errors: kCorrupt, kTruncated, kUnsupported (no such format, or a kind of it that the libraries do not read), kTooLarge
// (kPictureMaxPixels).
Result<DecodedPicture> DecodePicture(std::string_view bytes);

// An SVG drawing whose longer side becomes `side` pixels. Nothing outside of the bytes is loaded, no script runs.
// Errors: kCorrupt, kUnsupported (nothing is drawn).
Result<Picture> DrawSvg(std::string_view svg, uint32_t side);

// The mean of the area that each pixel stands for; as it is where it is no longer than `side_max`.
Picture MadeSmaller(Picture picture, uint32_t side_max);

// Turned as the EXIF value `orientation` (1 to 8) says; another value turns nothing.
Picture Turned(Picture picture, int orientation);

// 8 bits a channel, no chunk but the necessary ones. The same picture gives the same bytes.
Result<std::string> PngOf(const Picture& picture);

}  // namespace walchen::data
