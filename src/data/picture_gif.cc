// SPDX-License-Identifier: Apache-2.0
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>

#include "data/picture_pixels.h"

namespace walchen::data {
namespace {

struct GifBytes {
  std::string_view bytes;
  size_t at = 0;
};

int ReadGif(GifFileType* gif, GifByteType* to, int size) {
  auto& file = *static_cast<GifBytes*>(gif->UserData);
  const size_t count = std::min(static_cast<size_t>(std::max(size, 0)), file.bytes.size() - file.at);
  if (count > 0) std::memcpy(to, file.bytes.data() + file.at, count);
  file.at += count;
  return static_cast<int>(count);
}

struct CloseGif {
  void operator()(GifFileType* gif) const {
    int error = 0;
    DGifCloseFile(gif, &error);
  }
};

tl::unexpected<Error> GifFailed(const GifFileType& gif) {
  const char* const why = GifErrorString(gif.Error);
  return Fail(ErrorCode::kCorrupt, "GIF: {}", why ? why : "broken");
}

// The index of the transparent colour in a graphics control extension; -1 for none.
int TransparentColour(int code, const GifByteType* extension) {
  GraphicsControlBlock control = {};
  if (code != GRAPHICS_EXT_FUNC_CODE || DGifExtensionToGCB(extension[0], extension + 1, &control) != GIF_OK) return -1;
  return control.TransparentColor;
}

// Lines up to the next frame. Whether there is one.
Result<bool> FindFrame(GifFileType& gif, int& transparent) {
  for (;;) {
    GifRecordType type = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(&gif, &type) != GIF_OK) return GifFailed(gif);
    if (type == IMAGE_DESC_RECORD_TYPE) return true;
    if (type == TERMINATE_RECORD_TYPE) return false;
    int code = 0;
    GifByteType* extension = nullptr;
    if (DGifGetExtension(&gif, &code, &extension) != GIF_OK) return GifFailed(gif);
    while (extension) {
      if (const int colour = TransparentColour(code, extension); colour >= 0) transparent = colour;
      if (DGifGetExtensionNext(&gif, &extension) != GIF_OK) return GifFailed(gif);
    }
  }
}

// The frame's colours go where it lies on the canvas.
Result<void> ReadFrame(GifFileType& gif, int transparent, uint32_t width, uint32_t height, std::vector<uint8_t>& rgba) {
  const GifImageDesc& frame = gif.Image;
  const ColorMapObject* const colours = frame.ColorMap ? frame.ColorMap : gif.SColorMap;
  if (!colours) return Fail(ErrorCode::kCorrupt, "GIF: expected a table of colours");
  std::vector<GifPixelType> line(static_cast<size_t>(frame.Width));
  // Four passes where the lines are interlaced, else one.
  constexpr std::array<std::array<int, 2>, 4> kPasses = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  constexpr std::array<std::array<int, 2>, 1> kOnePass = {{{0, 1}}};
  const auto passes = frame.Interlace ? std::span<const std::array<int, 2>>(kPasses) : std::span<const std::array<int, 2>>(kOnePass);
  for (const auto& [first, step] : passes) {
    for (int y = first; y < frame.Height; y += step) {
      if (DGifGetLine(&gif, line.data(), frame.Width) != GIF_OK) return GifFailed(gif);
      const auto to_y = static_cast<uint32_t>(y + frame.Top);
      for (int x = 0; x < frame.Width && to_y < height; ++x) {
        const auto to_x = static_cast<uint32_t>(x + frame.Left);
        const GifPixelType colour = line[static_cast<size_t>(x)];
        if (to_x >= width || colour == transparent || colour >= colours->ColorCount) continue;
        const GifColorType& is = colours->Colors[colour];
        const std::array<uint8_t, 4> pixel = {is.Red, is.Green, is.Blue, 255};
        std::ranges::copy(pixel, rgba.begin() + static_cast<ptrdiff_t>((size_t{to_y} * width + to_x) * 4));
      }
    }
  }
  return {};
}

}  // namespace

Result<DecodedPicture> DecodeGif(std::string_view bytes) {
  GifBytes file{bytes};
  int error = 0;
  const std::unique_ptr<GifFileType, CloseGif> gif(DGifOpen(&file, ReadGif, &error));
  if (!gif) return Fail(ErrorCode::kCorrupt, "expected GIF");
  int transparent = -1;
  TRY_ASSIGN(const bool has_frame, FindFrame(*gif, transparent));
  if (!has_frame || DGifGetImageDesc(gif.get()) != GIF_OK) return Fail(ErrorCode::kCorrupt, "GIF: expected a frame");
  const GifImageDesc& frame = gif->Image;
  if (frame.Width <= 0 || frame.Height <= 0) return Fail(ErrorCode::kCorrupt, "GIF: expected a frame with pixels");
  const auto width = static_cast<uint32_t>(gif->SWidth > 0 ? gif->SWidth : frame.Width);
  const auto height = static_cast<uint32_t>(gif->SHeight > 0 ? gif->SHeight : frame.Height);
  TRY(CheckPictureSize(width, height));
  // Its lines are all read, also those beside the canvas.
  TRY(CheckPictureSize(static_cast<uint64_t>(frame.Width), static_cast<uint64_t>(frame.Height)));
  std::vector<uint8_t> rgba(size_t{width} * height * 4);
  TRY(ReadFrame(*gif, transparent, width, height, rgba));
  // What comes behind the first frame may be broken.
  const auto next = FindFrame(*gif, transparent);
  return DecodedPicture{OnPaper(rgba, width, height, Alpha::kSeparate), next && *next};
}

}  // namespace walchen::data
