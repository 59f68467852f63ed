// SPDX-License-Identifier: Apache-2.0
//
// The blocks in a picture file that are no pixels: XMP, EXIF, IPTC, texts of PNG, C2PA manifests. Pure.
//
// Formats: PNG (third edition) and its registered extensions, JPEG (ITU-T T.81) with EXIF 2.32, XMP part 3, JPEG XT
// (ISO 19566-5) for JUMBF; the WebP container; TIFF 6.0; GIF89a; C2PA 2.1, section "Embedding manifests".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace walchen::data {

struct PictureText {
  std::string keyword;   // "Title"
  std::string text;      // UTF-8
  std::string language;  // as the file has it: "de-DE"; empty where it does not
};

struct PictureBlocks {
  std::vector<std::string> xmp;  // packets
  std::vector<std::string> exif;  // TIFF structures; of a TIFF file itself, so its directory is read the same way
  std::vector<std::string> iptc;  // IIM records
  std::vector<PictureText> texts;
  std::vector<std::string> manifests;  // JUMBF boxes
  bool left_out = false;  // there is more than kPictureMetadataMaxBytes
};

// What is broken ends the search; what is over kPictureMetadataMaxBytes in all, unpacked, is left out.
PictureBlocks FindPictureBlocks(std::string_view bytes);

// What a directory of EXIF or TIFF says.
struct ExifFacts {
  int orientation = 1;
  std::string description;
  bool has_location = false;
  bool has_owner = false;  // of the camera, or its or its lens's serial number
  // Of a TIFF file: other blocks that it holds.
  std::string xmp, iptc, manifest;
};
ExifFacts ReadExif(std::string_view tiff);

// The captions in IIM records: title, headline, description, keywords together.
std::vector<std::string> IptcCaptions(std::string_view records);

}  // namespace walchen::data
