// SPDX-License-Identifier: Apache-2.0
#include "data/picture_facts.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/limits.h"
#include "data/content_credentials.h"
#include "data/extract_licence.h"
#include "data/extract_xml.h"
#include "data/extraction.h"
#include "data/picture_blocks.h"

namespace walchen::data {
namespace {

void AddNote(std::string_view note, Part& part) {
  if (std::ranges::find(part.notes, note) == part.notes.end()) part.notes.emplace_back(note);
}

void ReadXmp(std::string_view packet, PictureCaptions& captions, Part& part) {
  // IPTC's digital source type, by itself or of what the picture is composed of.
  if (packet.find("rainedAlgorithmicMedia") != std::string_view::npos) NoteMadeByModel(part);
  if (packet.find("exif:GPS") != std::string_view::npos) AddNote("location removed", part);
  const size_t begin = std::min({packet.find("<x:xmpmeta"), packet.find("<rdf:RDF")});
  if (begin == std::string_view::npos) return;
  const auto xml = ParseXml(packet.substr(begin, packet.find_last_of('>') + 1 - begin), "XMP packet");
  if (!xml) return;  // what is broken says nothing
  FindXmpMarks(**xml, part);
  captions.AddRdf(**xml);
}

void ReadText(const PictureText& text, PictureCaptions& captions, Part& part) {
  if (text.keyword == "Title" || text.keyword == "Description") captions.Add(text.text, text.language);
  // What the usual programs for image models leave: their settings.
  const bool is_prompt = text.keyword == "parameters" && text.text.find("Steps:") != std::string::npos;
  if (is_prompt) NoteMadeByModel(part);
  FindOptOut(Lowered(text.keyword), text.text, part);
}

}  // namespace

int ReadPictureFacts(std::string_view bytes, PictureCaptions& captions, Part& part) {
  const PictureBlocks blocks = FindPictureBlocks(bytes);
  if (blocks.left_out) {
    AddNote(fmt::format("what it says beside its pixels is longer than {} bytes: reservations in the rest are not seen",
                        base::kPictureMetadataMaxBytes), part);
  }
  // First what people wrote for the picture, then what programs carry along.
  for (const std::string& packet : blocks.xmp) ReadXmp(packet, captions, part);
  FindXmp(bytes, part);
  for (const PictureText& text : blocks.texts) ReadText(text, captions, part);
  for (const std::string& records : blocks.iptc) {
    for (const std::string& caption : IptcCaptions(records)) captions.Add(caption, "");
  }
  int orientation = 1;
  std::vector<ExifFacts> directories;
  for (const std::string& exif : blocks.exif) directories.push_back(ReadExif(exif));
  if (bytes.starts_with("II") || bytes.starts_with("MM")) directories.push_back(ReadExif(bytes));
  for (const ExifFacts& facts : directories) {
    captions.Add(facts.description, "");
    if (facts.has_location) AddNote("location removed", part);
    if (facts.has_owner) AddNote("camera's owner or serial number removed", part);
    if (orientation == 1) orientation = facts.orientation;
  }
  for (const std::string& manifest : blocks.manifests) ReadContentCredentials(manifest, part);
  return orientation;
}

}  // namespace walchen::data
