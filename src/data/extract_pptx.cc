// SPDX-License-Identifier: Apache-2.0
//
// PowerPoint: slides in the order of the presentation, each with its notes.
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"
#include "data/office_document.h"

namespace walchen::data {
namespace {

// The slides' files as the presentation orders them.
Result<std::vector<std::string>> SlideNames(const OfficeDocument& document) {
  TRY_ASSIGN(const auto xml, document.Xml("ppt/presentation.xml"));
  const std::map<std::string, std::string> targets = document.Relationships("ppt/presentation.xml");
  std::vector<std::string> names;
  for (const pugi::xml_node slide : FindElement(*xml, "p:sldIdLst").children("p:sldId")) {
    const auto target = targets.find(slide.attribute("r:id").value());
    if (target != targets.end() && document.Has(target->second)) names.push_back(target->second);
  }
  return names.empty() ? document.Numbered("ppt/slides/slide", ".xml") : names;
}

// Appends the paragraphs of a slide or of its notes.
void AddParagraphs(pugi::xml_node root, Part& part) {
  WalkXml(
      root,
      [&](pugi::xml_node node) {
        const std::string_view name = LocalName(node.name());
        if (name == "t") part.text += DeepText(node);
        if (name == "br") part.text += '\n';
        // The slide's number and date are of no use without it.
        if (name == "fld" || name == "Fallback") return false;
        const std::string_view caption =
            name == "cNvPr" ? Trimmed(node.attribute("descr").value()) : std::string_view();
        if (!caption.empty()) part.captions.push_back({node.attribute("name").value(), std::string(caption)});
        return name != "t";
      },
      [&](pugi::xml_node node) {
        const std::string_view name = LocalName(node.name());
        if (name == "tc" && part.text.ends_with('\n')) part.text.back() = '\t';
        if (name == "tr" && part.text.ends_with('\t')) part.text.back() = '\n';
        if (name == "p" && !part.text.empty() && !part.text.ends_with('\n')) part.text += '\n';
      });
}

std::string NotesOf(const OfficeDocument& document, const std::string& slide) {
  for (const auto& [id, target] : document.Relationships(slide)) {
    if (target.starts_with("ppt/notesSlides/")) return target;
  }
  return "";
}

}  // namespace

Result<void> ReadPptx(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const OfficeDocument document, OfficeDocument::Open(source.bytes));
  Part part;
  ReadDocumentFacts(document, part);
  TRY_ASSIGN(const std::vector<std::string> slides, SlideNames(document));
  uint64_t number = 0;
  for (const std::string& slide : slides) {
    const uint64_t begin = part.text.size();
    TRY_ASSIGN(const auto xml, document.Xml(slide));
    AddParagraphs(*xml, part);
    if (const auto notes = document.Xml(NotesOf(document, slide))) AddParagraphs(**notes, part);
    ++number;
    if (part.text.size() == begin) continue;
    part.spans.push_back({begin, part.text.size(), {Place::Kind::kPage, number, 0, ""}});
    part.text += '\n';
  }
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
