// SPDX-License-Identifier: Apache-2.0
#include "data/picture_blocks.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>

#include "base/limits.h"
#include "data/extract_charset.h"
#include "data/picture_bytes.h"

namespace walchen::data {
namespace {

constexpr size_t kInflatedAtOnce = 16'384;
// What a packed text costs beside its bytes: a file of millions of empty ones ends too.
constexpr size_t kPackedTextBytes = 64;

// Keeps what there is room for.
class Blocks {
 public:
  void Add(std::vector<std::string>& to, std::string_view block) {
    if (!block.empty() && Charge(block.size(), left_)) to.emplace_back(block);
  }
  void Add(PictureText text) {
    if (!text.text.empty() && Charge(text.text.size(), left_)) found.texts.push_back(std::move(text));
  }

  // Empty where it is broken, or where all texts together unpack to too much: broken ones count.
  std::string Inflated(std::string_view packed) {
    if (!Charge(kPackedTextBytes, to_inflate_)) return "";
    z_stream stream = {};
    if (inflateInit(&stream) != Z_OK) return "";
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> owner(&stream, &inflateEnd);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));  // zlib only reads it
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string text;
    std::array<char, kInflatedAtOnce> block;
    int status = Z_OK;
    while (status == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      status = inflate(&stream, Z_NO_FLUSH);
      const size_t size = block.size() - stream.avail_out;
      if (!Charge(size, to_inflate_)) return "";
      text.append(block.data(), size);
    }
    return status == Z_STREAM_END ? text : "";
  }

  PictureBlocks found;

 private:
  // Whether there is room for so many bytes, which are taken.
  bool Charge(size_t bytes, size_t& left) {
    const bool fits = bytes <= left;
    if (fits) left -= bytes;
    found.left_out |= !fits;
    return fits;
  }

  size_t left_ = static_cast<size_t>(base::kPictureMetadataMaxBytes);
  size_t to_inflate_ = static_cast<size_t>(base::kPictureMetadataMaxBytes);
};

// What stands before the next zero, which is dropped with it; nothing where there is none.
std::optional<std::string_view> TakeToZero(std::string_view& bytes) {
  const size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view before = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return before;
}

void ReadPngText(std::string_view type, std::string_view data, Blocks& blocks) {
  const auto keyword = TakeToZero(data);
  if (!keyword) return;
  if (type == "tEXt") return blocks.Add({std::string(*keyword), ConvertText(data, "ISO-8859-1"), ""});
  if (data.empty()) return;
  if (type == "zTXt") return blocks.Add({std::string(*keyword), ConvertText(blocks.Inflated(data.substr(1)), "ISO-8859-1"), ""});
  const bool is_packed = data[0] == 1;
  data.remove_prefix(std::min<size_t>(data.size(), 2));
  const auto language = TakeToZero(data);
  if (!language || !TakeToZero(data)) return;
  std::string text = is_packed ? blocks.Inflated(data) : std::string(data);
  if (*keyword == "XML:com.adobe.xmp") return blocks.Add(blocks.found.xmp, text);
  blocks.Add({std::string(*keyword), std::move(text), std::string(*language)});
}

void ReadPng(std::string_view bytes, Blocks& blocks) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const size_t size = BigEndian(bytes, at, 4);
    if (size > bytes.size() - at - 12) return;
    const std::string_view type = bytes.substr(at + 4, 4), data = bytes.substr(at + 8, size);
    if (type == "tEXt" || type == "zTXt" || type == "iTXt") ReadPngText(type, data, blocks);
    if (type == "eXIf") blocks.Add(blocks.found.exif, data);
    if (type == "caBX") blocks.Add(blocks.found.manifests, data);
    at += size + 12;
  }
}

// Photoshop's resources; the one with IPTC is 0x0404.
void ReadPhotoshop(std::string_view data, Blocks& blocks) {
  while (data.size() >= 12 && data.starts_with("8BIM")) {
    const size_t name = (1 + static_cast<uint8_t>(data[6]) + 1) / 2 * 2;
    if (6 + name + 4 > data.size()) return;
    const size_t size = BigEndian(data, 6 + name, 4), begin = 6 + name + 4;
    if (size > data.size() - begin) return;
    if (BigEndian(data, 4, 2) == 0x0404) blocks.Add(blocks.found.iptc, data.substr(begin, size));
    data.remove_prefix(std::min(begin + (size + 1) / 2 * 2, data.size()));
  }
}

// A box of JUMBF is cut into segments, each of which repeats the head of the box.
void AddJumbfSegment(std::string_view data, std::map<uint64_t, std::string>& boxes, Blocks& blocks) {
  if (data.size() < 16 || !data.starts_with("JP")) return;
  std::string& box = boxes[BigEndian(data, 2, 2)];
  const bool is_first = BigEndian(data, 4, 4) == 1;
  const size_t head = BigEndian(data, 8, 4) == 1 ? 16 : 8;  // a length of 1 stands for one of 64 bits behind the type
  const size_t begin = 8 + (is_first ? 0 : head);
  if (begin >= data.size()) return;
  if (box.size() + data.size() <= static_cast<size_t>(base::kPictureMetadataMaxBytes)) {
    box += data.substr(begin);
  } else {
    blocks.found.left_out = true;
  }
}

void ReadJpeg(std::string_view bytes, Blocks& blocks) {
  constexpr std::string_view kExif("Exif\0\0", 6), kXmp("http://ns.adobe.com/xap/1.0/\0", 29), kPhotoshop("Photoshop 3.0\0", 14);
  std::map<uint64_t, std::string> boxes;
  for (size_t at = 2; at + 4 <= bytes.size() && bytes[at] == '\xff';) {
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xff) {
      ++at;
      continue;
    }
    const size_t size = BigEndian(bytes, at + 2, 2);
    // Behind the start of scan come pixels.
    if (marker == 0xda || size < 2 || size > bytes.size() - at - 2) break;
    const std::string_view data = bytes.substr(at + 4, size - 2);
    if (marker == 0xe1 && data.starts_with(kExif)) blocks.Add(blocks.found.exif, data.substr(kExif.size()));
    if (marker == 0xe1 && data.starts_with(kXmp)) blocks.Add(blocks.found.xmp, data.substr(kXmp.size()));
    if (marker == 0xed && data.starts_with(kPhotoshop)) ReadPhotoshop(data.substr(kPhotoshop.size()), blocks);
    if (marker == 0xeb) AddJumbfSegment(data, boxes, blocks);
    at += size + 2;
  }
  for (const auto& [number, box] : boxes) blocks.Add(blocks.found.manifests, box);
}

void ReadWebp(std::string_view bytes, Blocks& blocks) {
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const size_t size = LittleEndian(bytes, at + 4, 4);
    if (size > bytes.size() - at - 8) return;
    const std::string_view type = bytes.substr(at, 4);
    std::string_view data = bytes.substr(at + 8, size);
    if (type == "XMP ") blocks.Add(blocks.found.xmp, data);
    if (type == "C2PA") blocks.Add(blocks.found.manifests, data);
    if (type == "EXIF") {
      if (data.starts_with("Exif")) data.remove_prefix(std::min<size_t>(6, data.size()));  // as some programs write it
      blocks.Add(blocks.found.exif, data);
    }
    at += 8 + size + size % 2;
  }
}

// The data of a GIF's block, whose pieces have up to 255 bytes each. Moves `at` behind it.
std::string TakePieces(std::string_view bytes, size_t& at) {
  std::string data;
  while (at < bytes.size()) {
    const auto size = static_cast<uint8_t>(bytes[at++]);
    if (size == 0) break;
    data += bytes.substr(std::min(at, bytes.size()), size);
    at += size;
  }
  return data;
}

// XMP stands in a GIF without pieces: 258 bytes behind it lead a reader of pieces to its end.
void ReadGifApplication(std::string_view bytes, size_t& at, Blocks& blocks) {
  constexpr size_t kTrailer = 258;
  const std::string_view name = bytes.substr(std::min(at + 1, bytes.size()), 11);
  const size_t begin = std::min(at + 12, bytes.size());
  if (name == "XMP DataXMP") {
    const size_t end = bytes.find(std::string_view("\x01\xff\xfe", 3), begin);
    if (end == std::string_view::npos) return void(at = bytes.size());
    blocks.Add(blocks.found.xmp, bytes.substr(begin, end - begin));
    at = std::min(end + kTrailer, bytes.size());
    return;
  }
  at = begin;
  const std::string data = TakePieces(bytes, at);
  if (name.starts_with("C2PA_GIF")) blocks.Add(blocks.found.manifests, data);
}

void ReadGif(std::string_view bytes, Blocks& blocks) {
  if (bytes.size() < 13) return;
  const auto table_size = [](uint8_t flags) { return (flags & 0x80) ? size_t{3} << ((flags & 7) + 1) : 0; };
  size_t at = 13 + table_size(static_cast<uint8_t>(bytes[10]));
  while (at + 1 < bytes.size()) {
    const char kind = bytes[at++];
    if (kind == '!') {
      const char label = bytes[at++];
      if (label == '\xff') {
        ReadGifApplication(bytes, at, blocks);
      } else {
        TakePieces(bytes, at);
      }
    } else if (kind == ',' && at + 10 <= bytes.size()) {
      at += 9 + table_size(static_cast<uint8_t>(bytes[at + 8])) + 1;
      TakePieces(bytes, at);
    } else {
      return;
    }
  }
}

void ReadTiff(std::string_view bytes, Blocks& blocks) {
  const ExifFacts facts = ReadExif(bytes);
  blocks.Add(blocks.found.xmp, facts.xmp);
  blocks.Add(blocks.found.iptc, facts.iptc);
  blocks.Add(blocks.found.manifests, facts.manifest);
}

}  // namespace

PictureBlocks FindPictureBlocks(std::string_view bytes) {
  Blocks blocks;
  if (bytes.starts_with("\x89PNG")) ReadPng(bytes, blocks);
  if (bytes.starts_with("\xff\xd8")) ReadJpeg(bytes, blocks);
  if (bytes.starts_with("RIFF")) ReadWebp(bytes, blocks);
  if (bytes.starts_with("GIF8")) ReadGif(bytes, blocks);
  if (bytes.starts_with("II") || bytes.starts_with("MM")) ReadTiff(bytes, blocks);
  return std::move(blocks.found);
}

}  // namespace walchen::data
