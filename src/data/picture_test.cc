// SPDX-License-Identifier: Apache-2.0
#include "data/picture.h"

#include "base/limits.h"
#include "data/test_extract.h"
#include "data/test_pictures.h"
#include "data/test_leaks.h"

namespace walchen::data {
namespace {

uint8_t Red(const Picture& picture, uint32_t x, uint32_t y) { return picture.rgb[(size_t{y} * picture.width + x) * 3]; }

TEST(Picture, APngHoldsThePixelsAndNothingElse) {
  const Picture picture = TestPicture(8, 6);
  const std::string png = TestPng();
  for (const std::string_view chunk : {"tEXt", "iTXt", "eXIf", "tIME", "pHYs"}) EXPECT_EQ(png.find(chunk), png.npos);
  const auto decoded = DecodePicture(png);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->picture, picture);
  EXPECT_FALSE(decoded->is_first);
  EXPECT_EQ(TestPng(), png);
}

TEST(Picture, IsTurnedAsExifSays) {
  // Where the stored pixel (0, 0) goes, for a picture of 4 by 2.
  const std::array<std::array<uint32_t, 4>, 9> expected = {{{4, 2, 0, 0},
                                                            {4, 2, 0, 0},
                                                            {4, 2, 3, 0},
                                                            {4, 2, 3, 1},
                                                            {4, 2, 0, 1},
                                                            {2, 4, 0, 0},
                                                            {2, 4, 1, 0},
                                                            {2, 4, 1, 3},
                                                            {2, 4, 0, 3}}};
  Picture picture{4, 2, std::vector<uint8_t>(24)};
  picture.rgb[0] = 255;
  for (int orientation = 0; orientation <= 8; ++orientation) {
    const auto [width, height, x, y] = expected[static_cast<size_t>(orientation)];
    const Picture turned = Turned(picture, orientation);
    EXPECT_EQ(turned.width, width) << orientation;
    EXPECT_EQ(turned.height, height) << orientation;
    EXPECT_EQ(Red(turned, x, y), 255) << orientation;
  }
}

TEST(Picture, IsMadeSmallByTheMeanOfAreas) {
  const Picture picture{4, 2, {0, 0, 0, 100, 0, 0, 200, 0, 0, 40, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 40, 0, 0}};
  const Picture small = MadeSmaller(picture, 2);
  ASSERT_EQ(small.width, 2u);
  ASSERT_EQ(small.height, 1u);
  EXPECT_EQ(Red(small, 0, 0), 50);
  EXPECT_EQ(Red(small, 1, 0), 70);
  EXPECT_EQ(MadeSmaller(picture, 4), picture);
  // Three pixels become two: each takes half of the middle one.
  const Picture row = MadeSmaller(Picture{3, 1, {0, 0, 0, 90, 0, 0, 255, 0, 0}}, 2);
  EXPECT_EQ(Red(row, 0, 0), 30);
  EXPECT_EQ(Red(row, 1, 0), 200);
  const Picture line = MadeSmaller(TestPicture(2'000, 1), kPictureSideMax);
  EXPECT_EQ(line.width, kPictureSideMax);
  EXPECT_EQ(line.height, 1u);
}

TEST(Picture, ADrawingIsOnWhiteAndAWhiteOneOnBlack) {
  const auto black = DrawSvg("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 4'><rect width='4' height='4'/></svg>", 64);
  ASSERT_TRUE(black) << black.error().ToString();
  EXPECT_EQ(black->width, 64u);
  EXPECT_EQ(black->height, 32u);
  EXPECT_EQ(Red(*black, 10, 10), 0);
  EXPECT_EQ(Red(*black, 60, 10), 255);
  const auto white =
      DrawSvg("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 4'><rect width='4' height='4' fill='white'/></svg>", 64);
  ASSERT_TRUE(white);
  EXPECT_EQ(Red(*white, 10, 10), 255);
  EXPECT_EQ(Red(*white, 60, 10), 0);
}

TEST(Picture, ADrawingLoadsNothingFromOutside) {
  const std::string file = std::string(WALCHEN_SOURCE_DIR) + "/README.md";
  for (const std::string& outside :
       {"<image href='file://" + file + "' width='8' height='8'/>", "<image href='" + file + "' width='8' height='8'/>",
        std::string("<use href='http://localhost/x.svg#a'/>")}) {
    const auto drawn = DrawSvg("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'>" + outside + "</svg>", 64);
    ASSERT_FALSE(drawn) << outside;
    EXPECT_EQ(drawn.error().code(), ErrorCode::kUnsupported) << drawn.error().ToString();
  }
  const auto entity = DrawSvg("<!DOCTYPE svg [<!ENTITY x SYSTEM 'file://" + file + "'>]><svg xmlns='http://www.w3.org/2000/svg' "
                              "viewBox='0 0 8 8'><text y='8'>&x;</text></svg>", 64);
  EXPECT_FALSE(entity);
}

TEST(Picture, ADrawingOfAnySizeHasItsPixels) {
  for (const std::string_view size : {"width='1e9' height='1e9'", "width='0' height='0'", "viewBox='0 0 1e-9 1e9'", "width='nan'",
                                      "viewBox='0 0 -1 -1'", "width='100%' height='100%'", ""}) {
    const auto drawn = DrawSvg(
        fmt::format("<svg xmlns='http://www.w3.org/2000/svg' {}><circle cx='9' cy='9' r='1e8'/></svg>", size), kDrawingSide);
    if (!drawn) continue;
    EXPECT_LE(std::max(drawn->width, drawn->height), kDrawingSide) << size;
  }
  EXPECT_FALSE(DrawSvg("<svg", 64));
  EXPECT_FALSE(DrawSvg("", 64));
}

TEST(Picture, WhatIsBrokenOrTooLargeIsRefused) {
  EXPECT_EQ(DecodePicture("GIF89a").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(DecodePicture("BM....").error().code(), ErrorCode::kUnsupported);
  const std::string png = TestPng(), jpeg = TestJpeg();
  for (size_t size = 0; size < png.size() / 2; ++size) EXPECT_FALSE(DecodePicture(std::string_view(png).substr(0, size))) << size;
  EXPECT_FALSE(DecodePicture(std::string_view(jpeg).substr(0, jpeg.size() / 2 + 40)));
  // A header of 60,000 by 60,000 pixels with hardly any bytes behind it.
  std::string huge = png;
  huge.replace(16, 8, BigEndianBytes(60'000, 4) + BigEndianBytes(60'000, 4));
  huge.replace(8, 25, PngChunk("IHDR", huge.substr(16, 13)));
  const auto refused = DecodePicture(huge);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kTooLarge) << refused.error().ToString();
}

TEST(Picture, AJpegWithoutAllItsPixelsIsRefused) {
  const std::string jpeg = TestJpeg({}, TestPicture(64, 64));
  const std::string cut = jpeg.substr(0, jpeg.size() - 40);
  for (const std::string& file : {cut, cut + "\xff\xd9", cut + "\xff\xd9" + std::string(100, '\0')}) {
    const auto decoded = DecodePicture(file);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), ErrorCode::kTruncated) << decoded.error().ToString();
  }
  // Bytes between markers are no reason.
  EXPECT_TRUE(DecodePicture(jpeg.substr(0, 2) + "xx" + jpeg.substr(2)));
}

TEST(Picture, AFrameBesideItsCanvasHasASizeToo) {
  const std::string head("GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\0\xff,\0\0\0\0", 24);
  const auto decoded = DecodePicture(head + "\xff\xff\xff\xff" + std::string("\0\2\2\x44\1\0;", 7));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), ErrorCode::kTooLarge) << decoded.error().ToString();
}

TEST(Picture, EveryByteOfAFileMayBeWrong) {
  const std::string gif("GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\0\xff!\xf9\4\1\0\0\1\0,\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;", 43);
  EXPECT_TRUE(DecodePicture(gif));
  for (const std::string& file : {TestPng(), TestJpeg(), gif}) {
    for (size_t at = 0; at < file.size(); ++at) {
      std::string wrong = file;
      wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
      if (const auto decoded = DecodePicture(wrong)) {
        EXPECT_EQ(decoded->picture.rgb.size(), size_t{decoded->picture.width} * decoded->picture.height * 3);
      }
    }
  }
}

}  // namespace
}  // namespace walchen::data
