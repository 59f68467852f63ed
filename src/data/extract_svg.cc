// SPDX-License-Identifier: Apache-2.0
//
// XML: all its text. SVG: what it says about its picture. Other pictures: what their XMP packet says.
#include <algorithm>

#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"

namespace walchen::data {
namespace {

Place PlaceOf(const DecodedText& decoded, pugi::xml_node node, size_t size) {
  const auto begin = static_cast<uint64_t>(std::max<ptrdiff_t>(node.offset_debug(), 0));
  return decoded.PlaceOf(std::min<uint64_t>(begin, decoded.text.size()),
                         std::min<uint64_t>(begin + size, decoded.text.size()));
}

void AddLine(std::string_view text, const Place& place, Part& part) {
  text = Trimmed(text);
  if (text.empty()) return;
  const uint64_t begin = part.text.size();
  part.text += text;
  part.spans.push_back({begin, part.text.size(), place});
  part.text += '\n';
}

// RDF in an SVG names the work's licence as an attribute, and its title, keywords and description as text.
void ReadSvgFacts(pugi::xml_node node, Part& part) {
  const std::string_view name = node.name();
  if (name == "cc:license") AddLicence(part, name, node.attribute("rdf:resource").value());
  if (name == "cc:license" || name == "dc:rights") AddLicence(part, name, DeepText(node));
  if (name == "cc:License") AddLicence(part, name, node.attribute("rdf:about").value());
  const bool title = name == "title" || name == "svg:title" || name == "dc:title";
  if (title && part.title.empty()) part.title = Trimmed(DeepText(node));
}

bool IsSvgText(std::string_view name) {
  const std::string_view local = LocalName(name);
  return local == "title" || local == "desc" || name == "dc:description" || local == "text" || name == "rdf:li";
}

}  // namespace

Result<void> ReadSvg(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const DecodedText decoded, DecodeText(source.bytes));
  TRY_ASSIGN(const auto xml, ParseXml(decoded.text, "SVG"));
  Part part;
  FindXmp(source.bytes, part);
  WalkXml(
      *xml,
      [&](pugi::xml_node node) {
        ReadSvgFacts(node, part);
        if (!IsSvgText(node.name())) return true;
        const std::string text = DeepText(node);
        // dc:title holds the title once more.
        if (Trimmed(text) != part.title || LocalName(node.name()) == "title") {
          const bool again =
              LocalName(node.name()) == "title" && part.text.find(part.title + "\n") != std::string::npos;
          if (!again) AddLine(text, PlaceOf(decoded, node, text.size()), part);
        }
        return false;
      },
      [](pugi::xml_node) {});
  if (part.text.empty()) return Fail(ErrorCode::kUnsupported, "a picture that says nothing about itself");
  part.captions.push_back({source.name, part.title.empty() ? part.text.substr(0, part.text.find('\n')) : part.title});
  return extraction.Give(source, std::move(part));
}

Result<void> ReadPictureMarks(const Source& source, Extraction& extraction) {
  Part part;
  FindXmp(source.bytes, part);
  part.quarantine = "a picture: only its marks are read";
  return extraction.Give(source, std::move(part));
}

Result<void> ReadXmlText(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const DecodedText decoded, DecodeText(source.bytes));
  TRY_ASSIGN(const auto xml, ParseXml(decoded.text, "XML"));
  Part part;
  part.language = xml->document_element().attribute("xml:lang").value();
  FindXmp(source.bytes, part);
  WalkXml(
      *xml,
      [&](pugi::xml_node node) {
        ReadSvgFacts(node, part);
        if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
          AddLine(node.value(), PlaceOf(decoded, node, std::string_view(node.value()).size()), part);
        }
        return true;
      },
      [](pugi::xml_node) {});
  FindLicenceHeader(decoded.text, part);
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
