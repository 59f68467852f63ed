// SPDX-License-Identifier: Apache-2.0
//
// Picture files made in memory, with whatever blocks a test wants in them. For tests only.
#pragma once

#include <cstdio>  // before jpeglib.h, which wants it

#include <jpeglib.h>
#include <zlib.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "data/picture.h"

namespace walchen::data {

inline std::string BigEndianBytes(uint64_t value, int count) {
  std::string bytes;
  for (int i = count - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// Pixels of which no two columns or rows are alike.
inline Picture TestPicture(uint32_t width, uint32_t height) {
  Picture picture{width, height, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      picture.rgb.insert(picture.rgb.end(), {static_cast<uint8_t>(x * 255 / width), static_cast<uint8_t>(y * 255 / height), 90});
    }
  }
  return picture;
}

inline std::string PngChunk(std::string_view type, std::string_view data) {
  const std::string content = std::string(type) + std::string(data);
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  return BigEndianBytes(data.size(), 4) + content + BigEndianBytes(sum, 4);
}

// A PNG with more chunks behind its header.
inline std::string TestPng(std::string_view chunks = {}, const Picture& picture = TestPicture(8, 6)) {
  auto png = PngOf(picture);
  EXPECT_TRUE(png);
  return png->insert(33, chunks);
}

inline std::string JpegSegment(uint8_t marker, std::string_view data) {
  return std::string("\xff") + static_cast<char>(marker) + BigEndianBytes(data.size() + 2, 2) + std::string(data);
}

// A JPEG with more segments in front.
inline std::string TestJpeg(std::string_view segments = {}, const Picture& picture = TestPicture(16, 12)) {
  jpeg_compress_struct encoder = {};
  jpeg_error_mgr errors = {};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &bytes, &size);
  encoder.image_width = picture.width;
  encoder.image_height = picture.height;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  std::vector<uint8_t> pixels = picture.rgb;
  while (encoder.next_scanline < picture.height) {
    JSAMPROW row = pixels.data() + size_t{encoder.next_scanline} * picture.width * 3;
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  const std::unique_ptr<unsigned char, decltype(&std::free)> owner(bytes, &std::free);
  std::string jpeg(reinterpret_cast<const char*>(bytes), size);
  return jpeg.insert(2, segments);
}

// A TIFF directory entry of a number, and a directory of such entries at byte 8.
inline std::string TiffEntry(uint64_t tag, uint64_t type, uint64_t count, uint64_t value) {
  return BigEndianBytes(tag, 2) + BigEndianBytes(type, 2) + BigEndianBytes(count, 4) + BigEndianBytes(value, 4);
}
inline std::string TiffOf(std::string_view entries, std::string_view behind = {}) {
  return "MM" + BigEndianBytes(42, 2) + BigEndianBytes(8, 4) + BigEndianBytes(entries.size() / 12, 2) + std::string(entries) +
         BigEndianBytes(0, 4) + std::string(behind);
}

inline std::string JumbfBox(std::string_view type, std::string_view content) {
  return BigEndianBytes(content.size() + 8, 4) + std::string(type) + std::string(content);
}
// A box with a label that holds others.
inline std::string JumbfSuperbox(std::string_view label, std::string_view boxes) {
  const std::string description = std::string(16, 'u') + '\3' + std::string(label) + '\0';
  return JumbfBox("jumb", JumbfBox("jumd", description) + std::string(boxes));
}

}  // namespace walchen::data
