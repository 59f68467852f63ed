// SPDX-License-Identifier: Apache-2.0
//
// EPUB 2 and 3: the chapters in reading order, each read as HTML.
#include "data/archive_reader.h"
#include "data/extract_html.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/extract_xml.h"

namespace walchen::data {
namespace {

using FilesByName = std::map<std::string, std::string>;

bool IsBookText(std::string_view name) {
  for (const std::string_view ending : {".xhtml", ".html", ".htm", ".xml", ".opf"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

Result<std::unique_ptr<pugi::xml_document>> XmlOf(const FilesByName& files, const std::string& name) {
  const auto file = files.find(name);
  if (file == files.end()) return Fail(ErrorCode::kCorrupt, "expected the file {} in the book, found none", name);
  return ParseXml(file->second, name);
}

void ReadBookFacts(pugi::xml_node package, Part& part) {
  WalkXml(
      package,
      [&](pugi::xml_node node) {
        const std::string_view name = node.name();
        if (name == "dc:title" && part.title.empty()) part.title = Trimmed(node.child_value());
        if (name == "dc:language" && part.language.empty()) part.language = Trimmed(node.child_value());
        if (name == "dc:rights") AddLicence(part, name, node.child_value());
        if (name == "meta") {
          FindOptOut(node.attribute("property").value(), node.child_value(), part);
          FindOptOut(node.attribute("name").value(), node.attribute("content").value(), part);
        }
        return name != "manifest" && name != "spine";
      },
      [](pugi::xml_node) {});
}

// The chapters' names in the archive, in reading order.
std::vector<std::string> Chapters(pugi::xml_node package, const std::string& package_name) {
  const size_t slash = package_name.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "" : package_name.substr(0, slash + 1);
  std::map<std::string, std::string> names;
  for (const pugi::xml_node item : FindElement(package, "manifest").children("item")) {
    names[item.attribute("id").value()] = folder + item.attribute("href").value();
  }
  std::vector<std::string> chapters;
  for (const pugi::xml_node item : FindElement(package, "spine").children("itemref")) {
    if (const auto name = names.find(item.attribute("idref").value()); name != names.end()) {
      chapters.push_back(name->second);
    }
  }
  return chapters;
}

void AddChapter(const std::string& name, Part chapter, Part& book) {
  for (Caption& caption : chapter.captions) book.captions.push_back(std::move(caption));
  for (const LicenceEvidence& licence : chapter.licences) AddLicence(book, licence.field, licence.value);
  for (const OptOutMark& mark : chapter.opt_outs) FindOptOut(mark.field, mark.value, book);
  if (chapter.text.empty()) return;
  if (!book.text.empty()) book.text += "\n\n";
  const uint64_t begin = book.text.size();
  book.text += chapter.text;
  book.spans.push_back({begin, book.text.size(), {Place::Kind::kSection, 0, 0, name}});
}

}  // namespace

Result<void> ReadEpub(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const FilesByName files, ReadZipFiles(source.bytes, IsBookText));
  TRY_ASSIGN(const auto container, XmlOf(files, "META-INF/container.xml"));
  const std::string package_name = FindElement(*container, "rootfile").attribute("full-path").value();
  TRY_ASSIGN(const auto package, XmlOf(files, package_name));
  Part book;
  ReadBookFacts(*package, book);
  if (files.contains("META-INF/encryption.xml")) book.notes.emplace_back("parts of the book may be encrypted");
  for (const std::string& name : Chapters(*package, package_name)) {
    const auto file = files.find(name);
    if (file == files.end()) {
      book.notes.push_back(fmt::format("the chapter {} is missing", name));
      continue;
    }
    auto chapter = HtmlPart(file->second, "UTF-8");
    if (chapter) AddChapter(name, std::move(*chapter), book);
    else book.notes.push_back(fmt::format("the chapter {} cannot be read: {}", name, chapter.error().message()));
  }
  return extraction.Give(source, std::move(book));
}

}  // namespace walchen::data
