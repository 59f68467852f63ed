// SPDX-License-Identifier: Apache-2.0
#include "data/office_document.h"

#include <algorithm>
#include <charconv>

#include "data/archive_reader.h"
#include "data/extract_licence.h"
#include "data/extract_xml.h"
#include "data/extraction.h"

namespace walchen::data {
namespace {

bool IsXmlName(std::string_view name) { return name.ends_with(".xml") || name.ends_with(".rels"); }

// "xl/worksheets" and "../drawings/a.xml" make "xl/drawings/a.xml".
std::string Resolve(std::string_view folder, std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  while (target.starts_with("../")) {
    target.remove_prefix(3);
    const size_t slash = folder.find_last_of('/');
    folder = slash == std::string_view::npos ? std::string_view() : folder.substr(0, slash);
  }
  return folder.empty() ? std::string(target) : fmt::format("{}/{}", folder, target);
}

}  // namespace

Result<OfficeDocument> OfficeDocument::Open(std::string_view bytes) {
  OfficeDocument document;
  TRY_ASSIGN(document.files_, ReadZipFiles(bytes, IsXmlName));
  return document;
}

Result<std::unique_ptr<pugi::xml_document>> OfficeDocument::Xml(const std::string& name) const {
  const auto file = files_.find(name);
  if (file == files_.end()) return Fail(ErrorCode::kNotFound, "expected the file {} in the document, found none", name);
  return ParseXml(file->second, name);
}

std::vector<std::string> OfficeDocument::Numbered(std::string_view prefix, std::string_view suffix) const {
  std::vector<std::pair<int, std::string>> found;
  for (const auto& [name, content] : files_) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size()) continue;
    const std::string_view digits =
        std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    int number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size()) found.emplace_back(number, name);
  }
  std::ranges::sort(found);
  std::vector<std::string> names;
  for (auto& [number, name] : found) names.push_back(std::move(name));
  return names;
}

std::map<std::string, std::string> OfficeDocument::Relationships(const std::string& name) const {
  const size_t slash = name.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash);
  const std::string file = slash == std::string::npos ? name : name.substr(slash + 1);
  const auto xml = Xml(fmt::format("{}{}_rels/{}.rels", folder, folder.empty() ? "" : "/", file));
  std::map<std::string, std::string> targets;
  if (!xml) return targets;
  for (const pugi::xml_node relation : (*xml)->document_element().children("Relationship")) {
    if (std::string_view(relation.attribute("TargetMode").value()) == "External") continue;
    targets[relation.attribute("Id").value()] = Resolve(folder, relation.attribute("Target").value());
  }
  return targets;
}

void ReadDocumentFacts(const OfficeDocument& document, Part& part) {
  const auto xml = document.Xml(document.Has("meta.xml") ? "meta.xml" : "docProps/core.xml");
  if (!xml) return;
  WalkXml(
      **xml,
      [&](pugi::xml_node node) {
        const std::string_view name = LocalName(node.name());
        if (name == "title" && part.title.empty()) part.title = Trimmed(DeepText(node));
        if (name == "language" && part.language.empty()) part.language = Trimmed(node.child_value());
        if (name == "rights" || name == "license") AddLicence(part, node.name(), DeepText(node));
        if (name == "user-defined" || name == "property") {
          FindOptOut(Lowered(node.attribute("meta:name").value()), DeepText(node), part);
        }
        return true;
      },
      [](pugi::xml_node) {});
}

}  // namespace walchen::data
