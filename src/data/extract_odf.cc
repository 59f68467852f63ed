// SPDX-License-Identifier: Apache-2.0
//
// OpenDocument: text, presentations and spreadsheets are one kind of XML.
#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"
#include "data/office_document.h"
#include "data/sheet_text.h"

namespace walchen::data {
namespace {

constexpr std::string_view kMediaTypePrefix = "application/vnd.oasis.opendocument.";

// Takes the text of paragraphs, without notes' numbers, comments and what was struck out.
class OpenText {
 public:
  explicit OpenText(Part& part) : part_(part) {}

  bool Enter(pugi::xml_node node) {
    const std::string_view name = node.name();
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
      if (depth_ > 0) AddCollapsed(node.value());
      return false;
    }
    if (name == "text:tracked-changes" || name == "office:annotation" || name == "text:note-citation" ||
        name == "table:table-source")
      return false;
    if (name == "draw:page") BeginPage();
    if (name == "text:p" || name == "text:h") BeginParagraph();
    if (name == "text:s") part_.text.append(std::clamp(node.attribute("text:c").as_uint(1), 1U, 256U), ' ');
    if (name == "text:tab") part_.text += '\t';
    if (name == "text:line-break") part_.text += '\n';
    if (name == "svg:title" || name == "svg:desc") {
      const std::string text(Trimmed(DeepText(node)));
      if (!text.empty()) part_.captions.push_back({node.parent().attribute("draw:name").value(), text});
      return false;
    }
    return true;
  }

  void Leave(pugi::xml_node node) {
    const std::string_view name = node.name();
    if (name == "text:p" || name == "text:h") EndParagraph();
    if (name == "draw:page") EndPage();
    if (name == "table:table-cell" && part_.text.ends_with('\n')) part_.text.back() = '\t';
    if (name == "table:table-row") {
      if (part_.text.ends_with('\t')) part_.text.back() = '\n';
      begin_ = part_.text.size();
    }
  }

 private:
  // White space in the file is one space; more is written as text:s.
  void AddCollapsed(std::string_view text) {
    for (const char c : text) {
      const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!space) part_.text += c;
      else if (part_.text.size() > begin_ && !part_.text.ends_with(' ')) part_.text += ' ';
    }
  }

  void BeginParagraph() {
    if (depth_++ == 0) {
      begin_ = part_.text.size();
      ++number_;
    } else {
      part_.text += ' ';  // a note or a text box within a paragraph
    }
  }

  void EndParagraph() {
    if (--depth_ > 0) return;
    if (part_.text.size() > begin_ && !in_page_) {
      part_.spans.push_back({begin_, part_.text.size(), {Place::Kind::kParagraph, number_, 0, ""}});
    }
    part_.text += '\n';
    begin_ = part_.text.size();
  }

  void BeginPage() {
    ++page_;
    in_page_ = true;
    page_begin_ = part_.text.size();
  }

  void EndPage() {
    if (part_.text.size() > page_begin_) {
      part_.spans.push_back({page_begin_, part_.text.size(), {Place::Kind::kPage, page_, 0, ""}});
    }
    part_.text += '\n';
  }

  Part& part_;
  int depth_ = 0;  // paragraphs inside each other
  uint64_t begin_ = 0, number_ = 0;
  bool in_page_ = false;
  uint64_t page_ = 0, page_begin_ = 0;
};

std::string CellText(pugi::xml_node cell) {
  const std::string_view type = cell.attribute("office:value-type").value();
  if (type == "float" || type == "percentage" || type == "currency") {
    return NumberText(cell.attribute("office:value").value());
  }
  if (type == "date") return cell.attribute("office:date-value").value();
  if (type == "time") return cell.attribute("office:time-value").value();
  if (type == "boolean") return cell.attribute("office:boolean-value").as_bool() ? "TRUE" : "FALSE";
  Part inside;
  OpenText text(inside);
  WalkXml(cell, [&](pugi::xml_node node) { return text.Enter(node); }, [&](pugi::xml_node node) { text.Leave(node); });
  return std::string(Trimmed(inside.text));
}

// "PT12H30M05.5S" in ms.
Cell DurationCell(std::string_view text) {
  Cell cell{{}, 0, CellKind::kDuration};
  if (!text.starts_with("PT")) return {};
  text.remove_prefix(2);
  while (!text.empty()) {
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr == text.data() + text.size()) return {};
    cell.value += number * (*parsed.ptr == 'H' ? 3'600'000 : *parsed.ptr == 'M' ? 60'000 : 1'000);
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()) + 1);
  }
  return cell;
}

// What the file says that a cell is.
Cell ReadTyped(pugi::xml_node cell) {
  const std::string_view type = cell.attribute("office:value-type").value();
  if (type == "float" || type == "percentage" || type == "currency") {
    return TypedCell(cell.attribute("office:value").value(), NumberMeaning::kNumber, false);
  }
  return type == "time" ? DurationCell(cell.attribute("office:time-value").value()) : Cell();
}

struct PlacedCell {
  uint64_t column = 0;
  std::string text;
  Cell typed;
};

struct RowOfCells {
  std::vector<PlacedCell> cells;
};

// The cells of a row that hold something, each as often as it says.
Result<RowOfCells> ReadRow(pugi::xml_node row) {
  RowOfCells found;
  uint64_t column = 0;
  for (const pugi::xml_node cell : row.children()) {
    const std::string_view name = cell.name();
    if (name != "table:table-cell" && name != "table:covered-table-cell") continue;
    const uint64_t repeated =
        std::clamp<uint64_t>(cell.attribute("table:number-columns-repeated").as_ullong(1), 1, 1ULL << 32);
    const std::string value = CellText(cell);
    if (!value.empty()) {
      if (repeated > static_cast<uint64_t>(base::kSheetMaxRepeat)) {
        return Fail(ErrorCode::kTooLarge, "expected a cell to be repeated at most {} times, found {}",
                    base::kSheetMaxRepeat, repeated);
      }
      for (uint64_t i = 0; i < repeated; ++i) found.cells.push_back({column + i, value, ReadTyped(cell)});
    }
    column += repeated;
  }
  return found;
}

Result<void> ReadRows(pugi::xml_node table, SheetText& text) {
  uint64_t row = 0;
  Result<void> outcome;
  WalkXml(
      table,
      [&](pugi::xml_node node) {
        if (!outcome || std::string_view(node.name()) != "table:table-row") return outcome.has_value();
        const uint64_t repeated =
            std::clamp<uint64_t>(node.attribute("table:number-rows-repeated").as_ullong(1), 1, 1ULL << 32);
        auto cells = ReadRow(node);
        if (!cells) {
          outcome = Forward(cells);
        } else if (!cells->cells.empty() && repeated > static_cast<uint64_t>(base::kSheetMaxRepeat)) {
          outcome = Fail(ErrorCode::kTooLarge, "expected a row to be repeated at most {} times, found {}",
                         base::kSheetMaxRepeat, repeated);
        }
        for (uint64_t i = 0; outcome && !cells->cells.empty() && i < repeated; ++i) {
          for (const auto& [column, value, typed] : cells->cells) {
            if (outcome) outcome = text.AddCell(row + i, column, value, typed);
          }
        }
        row += repeated;
        return false;
      },
      [](pugi::xml_node) {});
  return outcome;
}

Result<void> ReadSpreadsheet(pugi::xml_node body, Part& part) {
  SheetText text(part);
  for (const pugi::xml_node table : body.children("table:table")) {
    text.BeginSheet(table.attribute("table:name").value());
    TRY(ReadRows(table, text));
    text.EndSheet();
  }
  text.Finish();
  if (part.spans.empty()) return Fail(ErrorCode::kCorrupt, "it holds no cell with a value");
  return {};
}

// The archive's first file holds the media type as it is; empty where it does not.
std::string MediaType(std::string_view bytes) {
  const size_t begin = bytes.substr(0, 256).find(kMediaTypePrefix);
  if (begin == std::string_view::npos) return "";
  const size_t end = bytes.find_first_not_of("abcdefghijklmnopqrstuvwxyz-.", begin + kMediaTypePrefix.size());
  return std::string(bytes.substr(begin, std::min<size_t>(end - begin, 80)));
}

}  // namespace

Result<void> ReadOpenDocument(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const OfficeDocument document, OfficeDocument::Open(source.bytes));
  TRY_ASSIGN(const auto xml, document.Xml("content.xml"));
  Part part;
  part.media_type = MediaType(source.bytes);
  ReadDocumentFacts(document, part);
  const pugi::xml_node body = xml->document_element().child("office:body");
  if (const pugi::xml_node sheets = body.child("office:spreadsheet")) {
    TRY(ReadSpreadsheet(sheets, part));
  } else {
    OpenText text(part);
    WalkXml(
        body, [&](pugi::xml_node node) { return text.Enter(node); }, [&](pugi::xml_node node) { text.Leave(node); });
  }
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
