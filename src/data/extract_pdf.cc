// SPDX-License-Identifier: Apache-2.0
//
// PDF through poppler's programs, and Tesseract for pages that are pictures.
#include <algorithm>
#include <array>

#include "base/limits.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/tool.h"

namespace walchen::data {
namespace {

constexpr std::string_view kPoppler = "poppler-utils";
// The long side of a page in pixels: 300 dpi of A4. A fixed number, so that a poster does not take gigabytes.
constexpr std::string_view kOcrLongSide = "3508";

Result<std::string> PageTexts(std::string_view pdf, bool as_laid_out) {
  std::vector<std::string> arguments = {"pdftotext", "-q", "-enc", "UTF-8", "-eol", "unix"};
  if (as_laid_out) arguments.emplace_back("-layout");
  arguments.insert(arguments.end(), {std::string(kToolInput), "-"});
  return RunTool(std::move(arguments), pdf, kPoppler);
}

// A form feed ends each page.
std::vector<std::string_view> SplitPages(std::string_view text) {
  std::vector<std::string_view> pages;
  while (!text.empty()) {
    const size_t end = text.find('\f');
    pages.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return pages;
}

// How many columns a line of a laid out page has: pieces with three spaces between.
int ColumnsOf(std::string_view line) {
  int columns = 0;
  size_t spaces = 3;
  for (const char c : line) {
    if (c == ' ') {
      ++spaces;
      continue;
    }
    columns += spaces >= 3;
    spaces = 0;
  }
  return columns;
}

bool HasDigit(std::string_view line) { return line.find_first_of("0123456789") != std::string_view::npos; }

// Whether a page as laid out holds a table: then its rows say more than the reading order, which takes it column by
// column. Prose in two columns has no three of them, and few digits.
bool HoldsTable(std::string_view page) {
  int rows = 0, lines = 0;
  while (!page.empty()) {
    const size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    lines += !Trimmed(line).empty();
    rows += ColumnsOf(line) >= 3 && HasDigit(line);
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
  }
  return rows >= 3 && rows * 4 >= lines;
}

Result<std::string> ReadPicture(std::string_view pdf, size_t page) {
  const std::string number = std::to_string(page);
  TRY_ASSIGN(const std::string picture, RunTool({"pdftoppm", "-q", "-gray", "-scale-to", std::string(kOcrLongSide),
                                                 "-f", number, "-l", number, std::string(kToolInput)},
                                                pdf, kPoppler));
  return RunTool({"tesseract", "stdin", "stdout", "-l", "deu+eng"}, picture,
                 "tesseract-ocr tesseract-ocr-deu tesseract-ocr-eng");
}

// Pages without text are read from their pictures, up to a number.
class ScannedPages {
 public:
  explicit ScannedPages(std::string_view pdf) : pdf_(pdf) {}

  std::string Read(size_t page, Part& part) {
    if (read_ == base::kOcrMaxPages) {
      ++left_out_;
      return "";
    }
    ++read_;
    auto text = ReadPicture(pdf_, page);
    if (!text) {
      part.notes.push_back(fmt::format("page {} cannot be read from its picture: {}", page, text.error().message()));
      return "";
    }
    if (!Trimmed(*text).empty()) part.notes.push_back(fmt::format("page {}: read from its picture", page));
    return std::move(*text);
  }

  void Finish(Part& part) const {
    if (left_out_ > 0) part.notes.push_back(fmt::format("{} more pages are pictures and were not read", left_out_));
  }

 private:
  std::string_view pdf_;
  int64_t read_ = 0, left_out_ = 0;
};

void AddPage(std::string_view text, size_t page, Part& part) {
  while (text.ends_with('\n') || text.ends_with(' ') || text.ends_with('\f')) text.remove_suffix(1);
  if (text.empty()) return;
  if (!part.text.empty()) part.text += "\n\n";
  const uint64_t begin = part.text.size();
  part.text += text;
  part.spans.push_back({begin, part.text.size(), {Place::Kind::kPage, page, 0, ""}});
}

// "Title:   Something" lines of pdfinfo.
void ReadInfo(std::string_view info, Part& part) {
  while (!info.empty()) {
    const size_t end = info.find('\n');
    const std::string_view line = info.substr(0, end);
    if (line.starts_with("Title:")) part.title = Trimmed(line.substr(6));
    info.remove_prefix(end == std::string_view::npos ? info.size() : end + 1);
  }
}

}  // namespace

Result<void> ReadPdf(const Source& source, Extraction& extraction) {
  Part part;
  TRY_ASSIGN(const std::string info,
             RunTool({"pdfinfo", "-enc", "UTF-8", std::string(kToolInput)}, source.bytes, kPoppler));
  ReadInfo(info, part);
  const auto metadata = RunTool({"pdfinfo", "-meta", std::string(kToolInput)}, source.bytes, kPoppler);
  if (metadata) FindXmp(*metadata, part);

  TRY_ASSIGN(const std::string read, PageTexts(source.bytes, false));
  TRY_ASSIGN(const std::string laid_out, PageTexts(source.bytes, true));
  const std::vector<std::string_view> pages = SplitPages(read), layouts = SplitPages(laid_out);
  ScannedPages scanned(source.bytes);
  for (size_t i = 0; i < pages.size(); ++i) {
    const bool table = i < layouts.size() && HoldsTable(layouts[i]);
    const std::string_view text = table ? layouts[i] : pages[i];
    AddPage(Trimmed(text).empty() ? scanned.Read(i + 1, part) : std::string(text), i + 1, part);
  }
  scanned.Finish(part);
  FindLicenceHeader(part.text, part);
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
