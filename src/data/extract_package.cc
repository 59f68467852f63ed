// SPDX-License-Identifier: Apache-2.0
//
// Files with which packages state their licence: Python's METADATA and PKG-INFO, npm's package.json, Debian's
// copyright.
#include <nlohmann/json.hpp>

#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/text_lines.h"

namespace walchen::data {
namespace {

// "Name: value" as its two halves; the name is empty where the line is something else.
std::pair<std::string_view, std::string_view> SplitField(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || line[0] == ' ' || line[0] == '\t') return {};
  return {line.substr(0, colon), Trimmed(line.substr(colon + 1))};
}

Result<Part> PartOf(const Source& source) {
  TRY_ASSIGN(DecodedText decoded, DecodeText(source.bytes));
  Part part;
  part.text = std::move(decoded.text);
  part.spans = std::move(decoded.spans);
  return part;
}

}  // namespace

// Core metadata specification 2.4: fields until the first empty line, then the description.
Result<void> ReadPackageMetadata(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, PartOf(source));
  std::string_view rest = part.text;
  std::string name, version;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    if (Trimmed(line).empty()) break;
    const auto [field, value] = SplitField(line);
    if (field == "License" || field == "License-Expression" || field == "License-File") AddLicence(part, field, value);
    if (field == "Classifier" && value.starts_with("License ::")) AddLicence(part, field, value);
    if (field == "Name") name = value;
    if (field == "Version") version = value;
  }
  part.title = version.empty() ? name : fmt::format("{} {}", name, version);
  return extraction.Give(source, std::move(part));
}

Result<void> ReadPackageJson(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, PartOf(source));
  const auto json = nlohmann::json::parse(part.text, nullptr, false);
  if (!json.is_object()) return Fail(ErrorCode::kCorrupt, "expected a JSON object, found something else");
  const auto text_of = [&](const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  AddLicence(part, "license", text_of(json, "license"));
  // Before npm 3 it was an object, or a list of them.
  const auto license = json.find("license");
  if (license != json.end() && license->is_object()) AddLicence(part, "license", text_of(*license, "type"));
  if (const auto licenses = json.find("licenses"); licenses != json.end() && licenses->is_array()) {
    for (const auto& one : *licenses) {
      if (one.is_object()) AddLicence(part, "licenses", text_of(one, "type"));
    }
  }
  part.title = text_of(json, "name");
  if (const std::string version = text_of(json, "version"); !version.empty()) part.title += " " + version;
  return extraction.Give(source, std::move(part));
}

// DEP-5, the machine-readable form: stanzas of fields. The evidence names the files that a licence is for.
Result<void> ReadDebianCopyright(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, PartOf(source));
  std::string_view rest = part.text;
  std::string files;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    if (Trimmed(line).empty()) files.clear();
    const auto [field, value] = SplitField(line);
    if (field == "Files") files = value;
    if (field == "Upstream-Name") part.title = value;
    if (field == "License" && !files.empty()) AddLicence(part, fmt::format("Files: {}: License", files), value);
  }
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
