// SPDX-License-Identifier: Apache-2.0
//
// The decoders of PNG and WebP, and which one a file is for.
#include <png.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/picture.h"
#include "data/picture_pixels.h"

namespace walchen::data {
namespace {

Result<DecodedPicture> DecodePng(std::string_view bytes) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, decltype(&png_image_free)> owner(&image, &png_image_free);
  const auto failed = [&] { return Fail(ErrorCode::kCorrupt, "PNG: {}", image.message); };
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) return failed();
  TRY(CheckPictureSize(image.width, image.height));
  image.format = PNG_FORMAT_RGBA;
  // Without this, 16 bits without a gamma are taken for linear ones, which no other program does.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  std::vector<uint8_t> rgba(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, rgba.data(), 0, nullptr) == 0) return failed();
  // The chunk that announces an animation stands before the pixels.
  const bool is_first = bytes.substr(0, bytes.find("IDAT")).find("acTL") != std::string_view::npos;
  return DecodedPicture{OnPaper(rgba, image.width, image.height, Alpha::kSeparate), is_first};
}

Result<DecodedPicture> DecodeWebp(std::string_view bytes) {
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features = {};
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) return Fail(ErrorCode::kCorrupt, "expected WebP");
  const auto width = static_cast<uint32_t>(features.width), height = static_cast<uint32_t>(features.height);
  TRY(CheckPictureSize(width, height));
  const size_t size = size_t{width} * height * 4;
  if (features.has_animation == 0) {
    std::vector<uint8_t> rgba(size);
    if (!WebPDecodeRGBAInto(data, bytes.size(), rgba.data(), size, static_cast<int>(width * 4))) {
      return Fail(ErrorCode::kCorrupt, "WebP: its pixels are broken or missing");
    }
    return DecodedPicture{OnPaper(rgba, width, height, Alpha::kSeparate), false};
  }
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) return Fail(ErrorCode::kUnsupported, "WebP: another libwebp than built with");
  options.color_mode = MODE_RGBA;
  const WebPData webp = {data, bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&webp, &options),
                                                                                   &WebPAnimDecoderDelete);
  WebPAnimInfo info = {};
  uint8_t* frame = nullptr;
  int time_ms = 0;
  if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 || info.canvas_width != width ||
      info.canvas_height != height || WebPAnimDecoderGetNext(decoder.get(), &frame, &time_ms) == 0) {
    return Fail(ErrorCode::kCorrupt, "WebP: its first frame is broken or missing");
  }
  return DecodedPicture{OnPaper({frame, size}, width, height, Alpha::kSeparate), info.frame_count > 1};
}

}  // namespace

Result<DecodedPicture> DecodePicture(std::string_view bytes) {
  if (bytes.size() > static_cast<uint64_t>(base::kPictureFileMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected a picture of at most {} bytes, found {}", base::kPictureFileMaxBytes,
                bytes.size());
  }
  if (bytes.starts_with("\x89PNG")) return DecodePng(bytes);
  if (bytes.starts_with("\xff\xd8")) return DecodeJpeg(bytes);
  if (bytes.starts_with("GIF8")) return DecodeGif(bytes);
  if (bytes.starts_with("RIFF")) return DecodeWebp(bytes);
  if (bytes.starts_with("II") || bytes.starts_with("MM")) return DecodeTiff(bytes);
  return Fail(ErrorCode::kUnsupported, "expected PNG, JPEG, GIF, WebP or TIFF, found {}",
              base::Quoted(bytes.substr(0, 8)));
}

}  // namespace walchen::data
