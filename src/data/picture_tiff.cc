// SPDX-License-Identifier: Apache-2.0
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/picture_pixels.h"

namespace walchen::data {
namespace {

// A file in memory for libtiff.
struct TiffBytes {
  std::string_view bytes;
  uint64_t at = 0;
  std::string message;  // its first complaint that is no warning
};

tmsize_t ReadTiff(thandle_t handle, void* to, tmsize_t size) {
  auto& file = *static_cast<TiffBytes*>(handle);
  const uint64_t left = file.at < file.bytes.size() ? file.bytes.size() - file.at : 0;
  const uint64_t count = std::min<uint64_t>(static_cast<uint64_t>(std::max<tmsize_t>(size, 0)), left);
  if (count > 0) std::memcpy(to, file.bytes.data() + file.at, count);
  file.at += count;
  return static_cast<tmsize_t>(count);
}

toff_t SeekTiff(thandle_t handle, toff_t offset, int whence) {
  auto& file = *static_cast<TiffBytes*>(handle);
  file.at = offset + (whence == SEEK_CUR ? file.at : whence == SEEK_END ? file.bytes.size() : 0);
  return file.at;
}

[[gnu::format(printf, 4, 0)]] int KeepTiffMessage(TIFF*, void* user, const char* module, const char* format, va_list arguments) {
  auto& file = *static_cast<TiffBytes*>(user);
  std::array<char, 256> text = {};
  if (std::vsnprintf(text.data(), text.size(), format, arguments) > 0 && file.message.empty()) {
    file.message = fmt::format("{}: {}", module ? module : "TIFF", text.data());
  }
  return 1;
}

int IgnoreTiffMessage(TIFF*, void*, const char*, const char*, va_list) { return 1; }

std::unique_ptr<TIFF, decltype(&TIFFClose)> OpenTiff(TiffBytes& file) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 &TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), KeepTiffMessage, &file);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), IgnoreTiffMessage, nullptr);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(base::kPictureMaxPixels) * 8);
  const auto refuse_write = [](thandle_t, void*, tmsize_t) -> tmsize_t { return -1; };
  const auto close = [](thandle_t) { return 0; };
  const auto size = [](thandle_t handle) -> toff_t { return static_cast<TiffBytes*>(handle)->bytes.size(); };
  return {TIFFClientOpenExt("TIFF", "rm", &file, ReadTiff, refuse_write, SeekTiff, close, size, nullptr, nullptr,
                            options.get()),
          &TIFFClose};
}

}  // namespace

Result<DecodedPicture> DecodeTiff(std::string_view bytes) {
  TiffBytes file{bytes, 0, ""};
  const auto tiff = OpenTiff(file);
  const auto failed = [&](ErrorCode code) {
    return Fail(code, "{}", file.message.empty() ? "TIFF: a kind that is not read" : base::Quoted(file.message, 200));
  };
  if (!tiff) return failed(ErrorCode::kCorrupt);
  uint32_t width = 0, height = 0;
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  TRY(CheckPictureSize(width, height));
  std::array<char, 1'024> why = {};
  if (TIFFRGBAImageOK(tiff.get(), why.data()) == 0) return Fail(ErrorCode::kUnsupported, "TIFF: {}", why.data());
  std::vector<uint32_t> raster(size_t{width} * height);
  // With the file's own orientation libtiff turns nothing.
  if (TIFFReadRGBAImageOriented(tiff.get(), width, height, raster.data(), orientation, 1) == 0) {
    return failed(ErrorCode::kCorrupt);
  }
  const std::span rgba(reinterpret_cast<const uint8_t*>(raster.data()), raster.size() * 4);
  return DecodedPicture{OnPaper(rgba, width, height, Alpha::kMultiplied), TIFFReadDirectory(tiff.get()) == 1};
}

}  // namespace walchen::data
