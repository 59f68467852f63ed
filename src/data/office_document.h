// SPDX-License-Identifier: Apache-2.0
//
// What the office formats share: a zip archive with XML files in it. Microsoft's are Office Open XML (ECMA-376), with
// relationships between the files; LibreOffice's OpenDocument (ISO/IEC 26300).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

// The XML files of a document, in memory.
class OfficeDocument {
 public:
  // Errors: kCorrupt, kTooLarge (kOfficeMaxBytes), kUnsupported (encrypted).
  static Result<OfficeDocument> Open(std::string_view bytes);

  bool Has(const std::string& name) const { return files_.contains(name); }
  // Errors: kNotFound (no such file in it), kCorrupt (no XML).
  Result<std::unique_ptr<pugi::xml_document>> Xml(const std::string& name) const;
  // Names of files that begin with `prefix` and end with `suffix`, by the number between.
  std::vector<std::string> Numbered(std::string_view prefix, std::string_view suffix) const;
  // What `name` refers to: relationship id -> the file's name in the archive. Empty where there are none.
  std::map<std::string, std::string> Relationships(const std::string& name) const;

 private:
  std::map<std::string, std::string> files_;
};

// Title, language and rights out of Office Open XML's docProps/core.xml or OpenDocument's meta.xml.
void ReadDocumentFacts(const OfficeDocument& document, Part& part);

}  // namespace walchen::data
