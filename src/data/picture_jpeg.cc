// SPDX-License-Identifier: Apache-2.0
//
// libjpeg-turbo by the interface of libjpeg: its own does not know every subsampling.
#include <cstdio>  // before jpeglib.h, which wants it

#include <jpeglib.h>
#include <jerror.h>  // behind it

#include <algorithm>
#include <array>
#include <csetjmp>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "data/picture_pixels.h"

namespace walchen::data {
namespace {

// Some progressive files are made to decode for hours: at most so many passes over the picture. Cameras make 10.
constexpr int kMaxScans = 100;

// libjpeg's errors leave it by a jump to `escape`; no object with a destructor may be made between the two.
struct Jpeg {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf escape = {};
  std::array<char, JMSG_LENGTH_MAX> message = {};
  bool is_short = false;  // the data end before they should

  static Jpeg& Of(j_common_ptr info) { return *static_cast<Jpeg*>(info->client_data); }
};

void LeaveJpeg(j_common_ptr info) {
  Jpeg& jpeg = Jpeg::Of(info);
  info->err->format_message(info, jpeg.message.data());
  std::longjmp(jpeg.escape, 1);
}

// Warnings leave the whole picture there, such as bytes between markers; all but those of missing data: the file ends, or a
// marker stands where pixels should.
void SeeJpegMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) Jpeg::Of(info).is_short = true;
}

void LimitScans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  std::snprintf(Jpeg::Of(info).message.data(), JMSG_LENGTH_MAX, "more than %d scans", kMaxScans);
  std::longjmp(Jpeg::Of(info).escape, 1);
}

// The smallest of the sizes that the decoder gives for free from which the mean over areas is still a mean.
unsigned ScaleDivisor(unsigned width, unsigned height) {
  unsigned divisor = 1;
  while (divisor < 8 && std::max(width, height) / (divisor * 2) >= 2 * kPictureSideMax) divisor *= 2;
  return divisor;
}

bool Begin(Jpeg& jpeg, std::string_view bytes) {
  if (setjmp(jpeg.escape) != 0) return false;
  jpeg_create_decompress(&jpeg.info);
  jpeg.info.progress = &jpeg.progress;
  jpeg_mem_src(&jpeg.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg.info, TRUE);
  const bool is_ink = jpeg.info.jpeg_color_space == JCS_CMYK || jpeg.info.jpeg_color_space == JCS_YCCK;
  jpeg.info.out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
  jpeg.info.scale_num = 1;
  jpeg.info.scale_denom = ScaleDivisor(jpeg.info.image_width, jpeg.info.image_height);
  jpeg.info.dct_method = JDCT_ISLOW;
  jpeg_calc_output_dimensions(&jpeg.info);
  return true;
}

bool Finish(Jpeg& jpeg, std::span<uint8_t> pixels) {
  if (setjmp(jpeg.escape) != 0) return false;
  jpeg_start_decompress(&jpeg.info);
  const size_t row_bytes = size_t{jpeg.info.output_width} * static_cast<size_t>(jpeg.info.output_components);
  while (jpeg.info.output_scanline < jpeg.info.output_height) {
    JSAMPROW row = pixels.data() + jpeg.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&jpeg.info, &row, 1);
  }
  return true;
}

// Adobe's programs, which nearly all CMYK comes from, store ink as its absence and say so with their marker.
std::vector<uint8_t> InkToRgb(std::span<const uint8_t> cmyk, bool is_inverted) {
  const unsigned flip = is_inverted ? 0U : 255U;
  std::vector<uint8_t> rgb;
  rgb.reserve(cmyk.size() / 4 * 3);
  for (size_t i = 0; i + 3 < cmyk.size(); i += 4) {
    for (size_t channel = 0; channel < 3; ++channel) {
      rgb.push_back(static_cast<uint8_t>(((cmyk[i + channel] ^ flip) * (cmyk[i + 3] ^ flip) + 127) / 255));
    }
  }
  return rgb;
}

}  // namespace

Result<DecodedPicture> DecodeJpeg(std::string_view bytes) {
  Jpeg jpeg;
  jpeg.info.err = jpeg_std_error(&jpeg.errors);
  jpeg.errors.error_exit = LeaveJpeg;
  jpeg.errors.emit_message = SeeJpegMessage;
  jpeg.progress.progress_monitor = LimitScans;
  jpeg.info.client_data = &jpeg;
  const std::unique_ptr<jpeg_decompress_struct, decltype(&jpeg_destroy_decompress)> owner(&jpeg.info, &jpeg_destroy_decompress);
  const auto failed = [&] { return Fail(ErrorCode::kCorrupt, "JPEG: {}", base::Quoted(jpeg.message.data(), 200)); };
  if (!Begin(jpeg, bytes)) return failed();
  TRY(CheckPictureSize(jpeg.info.image_width, jpeg.info.image_height));
  const uint32_t width = jpeg.info.output_width, height = jpeg.info.output_height;
  const bool is_ink = jpeg.info.out_color_space == JCS_CMYK;
  std::vector<uint8_t> pixels(size_t{width} * height * (is_ink ? 4 : 3));
  if (!Finish(jpeg, pixels)) return failed();
  if (jpeg.is_short) return Fail(ErrorCode::kTruncated, "JPEG: its pixels are not all there");
  if (is_ink) pixels = InkToRgb(pixels, jpeg.info.saw_Adobe_marker != 0);
  return DecodedPicture{{width, height, std::move(pixels)}, false};
}

}  // namespace walchen::data
