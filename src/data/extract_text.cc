// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "data/csv_table.h"
#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/part_tables.h"
#include "data/text_lines.h"

namespace walchen::data {
namespace {

Result<Part> TextPart(const Source& source) {
  if (!LooksLikeText(source.bytes)) {
    return Fail(ErrorCode::kCorrupt, "expected text, found bytes that no text has (zeros or control characters)");
  }
  TRY_ASSIGN(DecodedText decoded, DecodeText(source.bytes));
  Part part;
  if (decoded.replaced > 0) {
    part.notes.push_back(fmt::format("{} bytes mean nothing in {}", decoded.replaced, decoded.charset));
  }
  if (decoded.charset != "UTF-8") part.notes.push_back(fmt::format("converted from {}", decoded.charset));
  part.text = std::move(decoded.text);
  part.spans = std::move(decoded.spans);
  return part;
}

std::string_view WithoutQuotes(std::string_view value) {
  value = Trimmed(value);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

void ReadFrontMatterField(std::string_view line, Part& part) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string key = Lowered(Trimmed(line.substr(0, colon)));
  const std::string_view value = WithoutQuotes(line.substr(colon + 1));
  if (key == "title" && part.title.empty()) part.title = value;
  if (key == "lang" || key == "language") part.language = value;
  if (key == "license" || key == "licence" || key == "rights" || key == "copyright") AddLicence(part, key, value);
  FindOptOut(key, value, part);
}

// The block of "key: value" lines between "---" lines that many tools write in front of Markdown.
void ReadFrontMatter(std::string_view text, Part& part) {
  if (Trimmed(TakeLine(text)) != "---") return;
  for (int lines = 0; lines < 100 && !text.empty(); ++lines) {
    const std::string_view line = TakeLine(text);
    if (Trimmed(line) == "---") return;
    ReadFrontMatterField(line, part);
  }
}

std::string FirstHeading(std::string_view text) {
  std::string_view before;
  while (!text.empty()) {
    const std::string_view line = Trimmed(TakeLine(text));
    if (line.starts_with("# ")) return std::string(Trimmed(line.substr(2)));
    const bool underlined = line.size() >= 3 && line.find_first_not_of('=') == std::string_view::npos;
    if (underlined && !before.empty()) return std::string(before);
    before = line;
  }
  return "";
}

// ![caption](image "title"): the caption and the image's path.
void FindPictures(std::string_view text, Part& part) {
  for (size_t at = text.find("!["); at != std::string_view::npos; at = text.find("![", at + 2)) {
    const size_t middle = text.find("](", at);
    const size_t line_end = std::min(text.find('\n', at), text.size());
    if (middle == std::string_view::npos || middle > line_end) continue;
    const size_t end = text.find_first_of(") \t", middle + 2);
    if (end == std::string_view::npos || end > line_end || middle == at + 2) continue;
    part.captions.push_back(
        {std::string(text.substr(middle + 2, end - middle - 2)), std::string(text.substr(at + 2, middle - at - 2))});
  }
}

}  // namespace

Result<void> ReadPlainText(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, TextPart(source));
  FindLicenceHeader(part.text, part);
  return extraction.Give(source, std::move(part));
}

Result<void> ReadSeparatedText(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, TextPart(source));
  FindLicenceHeader(part.text, part);
  auto table = ReadCsvTable(part.text);
  if (table) {
    std::vector<NumberTable> tables;
    tables.push_back(std::move(*table));
    AddTables(std::move(tables), part);
  } else {
    part.notes.push_back(fmt::format("its numbers are left out: {}", table.error().message()));
  }
  return extraction.Give(source, std::move(part));
}

Result<void> ReadMarkdown(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, TextPart(source));
  ReadFrontMatter(part.text, part);
  if (part.title.empty()) part.title = FirstHeading(part.text);
  FindPictures(part.text, part);
  FindLicenceHeader(part.text, part);
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
