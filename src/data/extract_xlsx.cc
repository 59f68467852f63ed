// SPDX-License-Identifier: Apache-2.0
//
// Excel.

#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"
#include "data/office_document.h"
#include "data/sheet_text.h"

namespace walchen::data {
namespace {

// What cells refer to.
struct Workbook {
  std::vector<std::string> shared;
  std::vector<NumberMeaning> meanings;  // by style
  bool from_1904 = false;
};

// A text of runs without its phonetic hints.
std::string RichText(pugi::xml_node node) {
  std::string text = node.child("t").child_value();
  for (const pugi::xml_node run : node.children("r")) text += run.child("t").child_value();
  return text;
}

// ECMA-376 part 1, 18.8.30: the formats that have no code in the file.
NumberMeaning MeaningOfBuiltIn(int id) {
  if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58)) {
    return NumberMeaning::kDate;
  }
  if (id == 46) return NumberMeaning::kDuration;
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47)) return NumberMeaning::kTime;
  return id == 22 ? NumberMeaning::kDateTime : NumberMeaning::kNumber;
}

void ReadStyles(const OfficeDocument& document, Workbook& workbook) {
  const auto xml = document.Xml("xl/styles.xml");
  if (!xml) return;
  std::map<int, NumberMeaning> own;
  for (const pugi::xml_node format : (*xml)->document_element().child("numFmts").children("numFmt")) {
    own[format.attribute("numFmtId").as_int()] = MeaningOfFormat(format.attribute("formatCode").value());
  }
  for (const pugi::xml_node style : (*xml)->document_element().child("cellXfs").children("xf")) {
    const int id = style.attribute("numFmtId").as_int();
    const auto found = own.find(id);
    workbook.meanings.push_back(found == own.end() ? MeaningOfBuiltIn(id) : found->second);
  }
}

Result<Workbook> ReadWorkbook(const OfficeDocument& document, const pugi::xml_document& xml) {
  Workbook workbook;
  workbook.from_1904 = xml.document_element().child("workbookPr").attribute("date1904").as_bool();
  ReadStyles(document, workbook);
  if (document.Has("xl/sharedStrings.xml")) {
    TRY_ASSIGN(const auto strings, document.Xml("xl/sharedStrings.xml"));
    for (const pugi::xml_node text : strings->document_element().children("si")) {
      workbook.shared.push_back(RichText(text));
    }
  }
  return workbook;
}

// A cell as text, and as what the file says that it is.
struct SheetCell {
  std::string text;
  Cell typed;
};

SheetCell ReadCell(pugi::xml_node cell, const Workbook& workbook) {
  const std::string_view type = cell.attribute("t").value();
  const std::string_view value = cell.child("v").child_value();
  if (type == "inlineStr") return {RichText(cell.child("is")), {}};
  if (type == "b") return {value == "1" ? "TRUE" : "FALSE", {}};
  if (type == "s") {
    const auto index = cell.child("v").text().as_ullong(~0ULL);
    return {index < workbook.shared.size() ? workbook.shared[index] : "", {}};
  }
  if (type == "str" || type == "e" || type == "d" || value.empty()) {
    return {std::string(value), {}};
  }
  const auto style = cell.attribute("s").as_ullong(0);
  const NumberMeaning meaning = style < workbook.meanings.size() ? workbook.meanings[style] : NumberMeaning::kNumber;
  return {DateText(value, meaning, workbook.from_1904), TypedCell(value, meaning, workbook.from_1904)};
}

// The column of "AB12", counted from 0; `next` where the cell does not say.
uint64_t ColumnOf(std::string_view reference, uint64_t next) {
  uint64_t column = 0;
  for (const char c : reference.substr(0, 3)) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<uint64_t>(c - 'A') + 1;
  }
  return column == 0 ? next : column - 1;
}

Result<void> ReadSheet(pugi::xml_node data, const Workbook& workbook, SheetText& text) {
  uint64_t row = 0;
  for (const pugi::xml_node row_node : data.children("row")) {
    row = row_node.attribute("r").as_ullong(row + 1);
    uint64_t column = 0;
    for (const pugi::xml_node cell : row_node.children("c")) {
      column = ColumnOf(cell.attribute("r").value(), column);
      const SheetCell read = ReadCell(cell, workbook);
      TRY(text.AddCell(row - (row > 0), column, read.text, read.typed));
      ++column;
    }
  }
  return {};
}

}  // namespace

Result<void> ReadXlsx(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const OfficeDocument document, OfficeDocument::Open(source.bytes));
  TRY_ASSIGN(const auto xml, document.Xml("xl/workbook.xml"));
  TRY_ASSIGN(const Workbook workbook, ReadWorkbook(document, *xml));
  const std::map<std::string, std::string> targets = document.Relationships("xl/workbook.xml");
  Part part;
  ReadDocumentFacts(document, part);
  SheetText text(part);
  for (const pugi::xml_node sheet : xml->document_element().child("sheets").children("sheet")) {
    const auto target = targets.find(sheet.attribute("r:id").value());
    if (target == targets.end() || !document.Has(target->second)) continue;  // a chart has no cells
    TRY_ASSIGN(const auto cells, document.Xml(target->second));
    text.BeginSheet(sheet.attribute("name").value());
    TRY(ReadSheet(cells->document_element().child("sheetData"), workbook, text));
    text.EndSheet();
  }
  text.Finish();
  if (part.spans.empty()) return Fail(ErrorCode::kCorrupt, "it holds no cell with a value");
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
