// SPDX-License-Identifier: Apache-2.0
//
// Word: paragraphs of the text and of foot and end notes, cells of tables by tabs.
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"
#include "data/office_document.h"

namespace walchen::data {
namespace {

class WordText {
 public:
  explicit WordText(Part& part) : part_(part) {}

  bool Enter(pugi::xml_node node) {
    const std::string_view name = LocalName(node.name());
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
      if (in_text_) part_.text += node.value();
      return false;
    }
    // The same drawing for older readers, and what somebody struck out.
    if (name == "Fallback" || name == "del" || name == "moveFrom" || name == "instrText") return false;
    if (name == "p") BeginParagraph(node);
    if (name == "t") in_text_ = true;
    if (name == "tab" && LocalName(node.parent().name()) == "r") part_.text += '\t';
    if (name == "br" || name == "cr") part_.text += '\n';
    if (name == "noBreakHyphen") part_.text += '-';
    if (name == "docPr") AddCaption(node);
    return true;
  }

  void Leave(pugi::xml_node node) {
    const std::string_view name = LocalName(node.name());
    if (name == "t") in_text_ = false;
    if (name == "p") EndParagraph();
    if (name == "tc") EndCell('\t');
    if (name == "tr") EndCell('\n');
  }

 private:
  void BeginParagraph(pugi::xml_node node) {
    AddSpan();  // a text box stands within a paragraph
    ++number_;
    in_cell_ = false;
    for (pugi::xml_node outer = node.parent(); outer && !in_cell_; outer = outer.parent()) {
      in_cell_ = LocalName(outer.name()) == "tc";
    }
  }

  void EndParagraph() {
    AddSpan();
    // A cell's paragraphs stay in its row.
    part_.text += in_cell_ ? ' ' : '\n';
    begin_ = part_.text.size();
  }

  // `end` takes the place of what ended the cell's last paragraph, or the row's last cell.
  void EndCell(char end) {
    if (part_.text.ends_with(' ') || part_.text.ends_with('\t')) part_.text.pop_back();
    part_.text += end;
    begin_ = part_.text.size();
  }

  // What was added since the last one is of this paragraph.
  void AddSpan() {
    if (part_.text.size() > begin_) {
      part_.spans.push_back({begin_, part_.text.size(), {Place::Kind::kParagraph, number_, 0, ""}});
    }
    begin_ = part_.text.size();
  }

  void AddCaption(pugi::xml_node node) {
    const std::string_view text = Trimmed(node.attribute("descr").value());
    if (!text.empty()) part_.captions.push_back({node.attribute("name").value(), std::string(text)});
  }

  Part& part_;
  bool in_text_ = false;
  bool in_cell_ = false;
  uint64_t begin_ = 0;
  uint64_t number_ = 0;
};

}  // namespace

Result<void> ReadDocx(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const OfficeDocument document, OfficeDocument::Open(source.bytes));
  Part part;
  ReadDocumentFacts(document, part);
  WordText text(part);
  for (const std::string name : {"word/document.xml", "word/footnotes.xml", "word/endnotes.xml"}) {
    if (name != "word/document.xml" && !document.Has(name)) continue;
    TRY_ASSIGN(const auto xml, document.Xml(name));
    WalkXml(
        *xml, [&](pugi::xml_node node) { return text.Enter(node); }, [&](pugi::xml_node node) { text.Leave(node); });
  }
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
