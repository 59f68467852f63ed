// SPDX-License-Identifier: Apache-2.0
//
// XML: all its text. SVG: the drawing, and what it says about itself.
#include <algorithm>
#include <initializer_list>
#include <vector>

#include "data/content_credentials.h"
#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"
#include "data/picture.h"
#include "data/picture_captions.h"

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

// RDF names the work's licence as an attribute.
void ReadRdfFacts(pugi::xml_node node, Part& part) {
  const std::string_view name = node.name();
  if (name == "cc:license") AddLicence(part, name, node.attribute("rdf:resource").value());
  if (name == "cc:license" || name == "dc:rights") AddLicence(part, name, DeepText(node));
  if (name == "cc:License") AddLicence(part, name, node.attribute("rdf:about").value());
}

// The language that an element declares, else the one around it.
std::string_view LanguageOf(pugi::xml_node node, std::string_view around) {
  for (const char* const name : {"xml:lang", "lang"}) {
    if (const std::string_view language = node.attribute(name).value(); !language.empty()) return language;
  }
  return around;
}

// Title and description of the drawing and its parts, then the words in it.
void AddSvgCaptions(pugi::xml_node root, PictureCaptions& captions) {
  const auto add = [&](std::initializer_list<std::string_view> wanted) {
    std::vector<std::string_view> languages = {""};  // of the elements around the one that is visited
    WalkXml(
        root,
        [&](pugi::xml_node node) {
          languages.push_back(LanguageOf(node, languages.back()));
          const std::string_view name = node.name();
          if (name == "metadata" || name.starts_with("rdf:")) return false;
          if (std::ranges::find(wanted, name.starts_with("svg:") ? name.substr(4) : name) == wanted.end()) return true;
          captions.Add(DeepText(node), languages.back());
          return false;
        },
        [&](pugi::xml_node) { languages.pop_back(); });
  };
  add({"title", "desc"});
  captions.AddRdf(root);
  add({"text"});
}

}  // namespace

Result<void> ReadSvg(const Source& source, Extraction& extraction) {
  Part part;
  part.kind = PartKind::kPicture;
  TRY_ASSIGN(const DecodedText decoded, DecodeText(source.bytes));
  TRY_ASSIGN(const auto xml, ParseXml(decoded.text, "SVG"));
  FindXmp(source.bytes, part);
  if (const pugi::xml_node metadata = FindElement(*xml, "rdf:RDF")) FindXmpMarks(metadata, part);
  if (decoded.text.find("rainedAlgorithmicMedia") != std::string::npos) NoteMadeByModel(part);
  WalkXml(
      *xml, [&](pugi::xml_node node) { return ReadRdfFacts(node, part), true; }, [](pugi::xml_node) {});
  PictureCaptions captions(part);
  AddSvgCaptions(*xml, captions);
  captions.AddName(source.name);
  auto picture = DrawSvg(source.bytes, kDrawingSide);
  auto png = picture ? PngOf(*picture) : Result<std::string>(Forward(picture));
  if (png) {
    part.content = std::move(*png);
  } else {
    part.quarantine = png.error().ToString();
  }
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
        ReadRdfFacts(node, part);
        const bool is_title = std::string_view(node.name()) == "title" || std::string_view(node.name()) == "dc:title";
        if (is_title && part.title.empty()) part.title = Trimmed(DeepText(node));
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
