// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/tool.h"

namespace walchen::data {
namespace {

// mandoc prints for a typewriter: a bold x is x, back, x; an underlined one is _, back, x.
std::string WithoutOverstrike(std::string_view printed) {
  std::string text;
  for (size_t i = 0; i < printed.size(); ++i) {
    if (printed[i] != '\b') {
      text += printed[i];
      continue;
    }
    // Takes the last letter back, with all its bytes.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  return text;
}

// The frames of tables, U+2500 to U+257F. Lines of nothing else go; between cells stands a bar: "abort() | MT-Safe".
constexpr std::string_view kFrames = "\xE2\x94", kMoreFrames = "\xE2\x95";
constexpr std::string_view kBar = "\u2502";

void AddTableLine(std::string_view line, std::string& text) {
  std::string cells;
  size_t bar = 0;
  while (bar != std::string_view::npos) {
    bar = line.find(kBar);
    const std::string_view cell = Trimmed(line.substr(0, bar));
    if (!cells.empty() && !cell.empty()) cells += " | ";
    cells += cell;
    if (bar != std::string_view::npos) line.remove_prefix(bar + kBar.size());
  }
  if (!cells.empty()) text += cells + '\n';
}

std::string WithoutFrames(std::string_view printed) {
  std::string text;
  for (size_t at = 0; at < printed.size();) {
    const size_t end = std::min(printed.find('\n', at), printed.size());
    const std::string_view line = printed.substr(at, end - at), inner = Trimmed(line);
    at = end + 1;
    if (inner.starts_with(kBar)) AddTableLine(inner, text);
    else if (!inner.starts_with(kFrames) && !inner.starts_with(kMoreFrames)) text.append(line).push_back('\n');
  }
  return text;
}

// Without the requests by which a page takes in other files or gives that request another name: mandoc would look for them where
// this program was started.
std::string WithoutIncludes(std::string_view text) {
  std::string kept;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    std::string_view request = line.starts_with('.') || line.starts_with('\'') ? Trimmed(line.substr(1)) : std::string_view();
    request = request.substr(0, request.find_first_of(" \t"));
    if (request != "so" && request != "rn" && request != "als" && request != "mso" && request != "open") kept.append(line).push_back('\n');
  }
  return kept;
}

bool IsLink(std::string_view text) {
  while (text.starts_with(".\\\"") || text.starts_with("'\\\"")) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  return text.starts_with(".so ");
}

// The first line is the page's head, "NAME(1)   Commands   NAME(1)"; the last one its foot.
void TakeHeadAndFoot(Part& part) {
  const size_t head = part.text.find('\n');
  if (head == std::string::npos) return;
  const std::string_view line = Trimmed(std::string_view(part.text).substr(0, head));
  part.title = line.substr(0, line.find(' '));
  part.text.erase(0, part.text.find_first_not_of('\n', head));
  while (part.text.ends_with('\n')) part.text.pop_back();
  const size_t foot = part.text.rfind('\n');
  part.text.resize(foot == std::string::npos ? 0 : foot);
  while (part.text.ends_with('\n')) part.text.pop_back();
}

}  // namespace

Result<void> ReadManPage(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const DecodedText decoded, DecodeText(source.bytes));
  if (IsLink(decoded.text)) return Fail(ErrorCode::kUnsupported, "{}", kNamesAnotherFile);
  // As wide as it can, so that paragraphs stay whole; -K, because the text was converted.
  TRY_ASSIGN(const std::string printed,
             RunTool({"mandoc", "-K", "utf-8", "-T", "utf8", "-O", "width=1000,indent=2", std::string(kToolInput)},
                     WithoutIncludes(decoded.text), "mandoc"));
  Part part;
  part.text = WithoutFrames(WithoutOverstrike(printed));
  TakeHeadAndFoot(part);
  part.language = LanguageBefore(source.path, "/man" + source.name.substr(source.name.find_last_of('.') + 1, 1) + "/");
  FindLicenceHeader(decoded.text, part);
  if (!part.text.empty()) {
    part.spans = {{0, part.text.size(), {Place::Kind::kBytes, 0, source.bytes.size(), ""}}};
  }
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
