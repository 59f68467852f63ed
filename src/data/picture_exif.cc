// SPDX-License-Identifier: Apache-2.0
//
// EXIF is a TIFF structure: directories of tags. IPTC's records are a list of numbered texts.
#include <array>
#include <algorithm>
#include <vector>

#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/picture_blocks.h"
#include "data/picture_bytes.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// What nobody typed: cameras write these into every picture.
constexpr std::array<std::string_view, 8> kCameraWords = {
    "OLYMPUS DIGITAL CAMERA", "KONICA MINOLTA DIGITAL CAMERA", "MINOLTA DIGITAL CAMERA", "DIGITAL CAMERA",
    "SONY DSC",               "Exif_JPEG_PICTURE",             "Default",                "DCIM"};

// The encoding of old texts is seldom named; most that are no UTF-8 come from Western Windows.
std::string Utf8Of(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (formats::ValidUtf8Prefix(text) == text.size()) return std::string(Trimmed(text));
  return std::string(Trimmed(ConvertText(text, "Windows-1252")));
}

class ExifReader {
 public:
  explicit ExifReader(std::string_view tiff) : tiff_(tiff), is_big_(tiff.starts_with("MM")) {}

  ExifFacts Read() {
    // The file's directory, then those that it names; each is read once, so no loop is endless.
    std::vector<uint64_t> directories = {Number(4, 4)};
    constexpr size_t kMaxDirectories = 4;
    for (size_t i = 0; i < directories.size() && i < kMaxDirectories; ++i) {
      const uint64_t begin = directories[i], count = Number(begin, 2);
      for (uint64_t entry = 0; entry < count && begin + 2 + entry * 12 + 12 <= tiff_.size(); ++entry) {
        ReadEntry(begin + 2 + entry * 12, directories);
      }
    }
    return std::move(facts_);
  }

 private:
  uint64_t Number(uint64_t at, size_t count) const {
    return is_big_ ? BigEndian(tiff_, at, count) : LittleEndian(tiff_, at, count);
  }

  std::string_view Value(uint64_t entry) const {
    constexpr std::array<uint8_t, 14> kSizes = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
    const uint64_t type = Number(entry + 2, 2), count = Number(entry + 4, 4);
    const uint64_t size = type < kSizes.size() ? count * kSizes[type] : 0;
    const uint64_t begin = size <= 4 ? entry + 8 : Number(entry + 8, 4);
    return begin <= tiff_.size() && size <= tiff_.size() - begin ? tiff_.substr(begin, size) : std::string_view();
  }

  void ReadEntry(uint64_t entry, std::vector<uint64_t>& directories) {
    switch (Number(entry, 2)) {
      case 0x010e: facts_.description = Utf8Of(Value(entry)); break;
      case 0x0112: facts_.orientation = static_cast<int>(Number(entry + 8, 2)); break;
      case 0x02bc: facts_.xmp = Value(entry); break;
      case 0x83bb: facts_.iptc = Value(entry); break;
      case 0xcd41: facts_.manifest = Value(entry); break;
      case 0x8769: directories.push_back(Number(entry + 8, 4)); break;  // EXIF's own
      case 0x8825: facts_.has_location |= Number(Number(entry + 8, 4), 2) > 0; break;
      case 0xa430:
      case 0xa431:
      case 0xa435:
      case 0xc62f: facts_.has_owner |= !Utf8Of(Value(entry)).empty(); break;
      default: break;
    }
  }

  std::string_view tiff_;
  bool is_big_;
  ExifFacts facts_;
};

}  // namespace

ExifFacts ReadExif(std::string_view tiff) {
  if (!tiff.starts_with("II") && !tiff.starts_with("MM")) return {};
  ExifFacts facts = ExifReader(tiff).Read();
  if (std::ranges::find(kCameraWords, facts.description) != kCameraWords.end()) facts.description.clear();
  return facts;
}

// IIM 4.2: 0x1c, record, dataset, two bytes of length.
std::vector<std::string> IptcCaptions(std::string_view records) {
  constexpr uint64_t kTitle = 0x0205, kKeyword = 0x0219, kHeadline = 0x0269, kCaption = 0x0278;
  std::vector<std::string> captions;
  std::string keywords;
  while (records.size() >= 5 && records[0] == '\x1c') {
    const uint64_t dataset = BigEndian(records, 1, 2), size = BigEndian(records, 3, 2);
    // The highest bit announces a longer length, which no text has.
    if (size > 0x7fff || size > records.size() - 5) break;
    const std::string text = Utf8Of(records.substr(5, size));
    if (dataset == kTitle || dataset == kHeadline || dataset == kCaption) captions.push_back(text);
    if (dataset == kKeyword && !text.empty()) keywords += (keywords.empty() ? "" : ", ") + text;
    records.remove_prefix(5 + size);
  }
  captions.push_back(std::move(keywords));
  return captions;
}

}  // namespace walchen::data
