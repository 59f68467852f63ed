// SPDX-License-Identifier: Apache-2.0
#include "data/extract_licence.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/extract_xml.h"
#include "data/extraction.h"

namespace walchen::data {
namespace {

constexpr size_t kHeaderBytes = 8'192;
constexpr size_t kValueMaxBytes = 1'024;
constexpr size_t kXmpMaxBytes = 1'048'576;

struct Tag {
  std::string_view text;
  std::string_view field;
};
// The REUSE specification's tags: the value is the rest of the line.
constexpr std::array<Tag, 2> kTags = {{{"SPDX-License-Identifier:", "SPDX-License-Identifier"},
                                       {"SPDX-FileCopyrightText:", "SPDX-FileCopyrightText"}}};
// The line with one of these is the evidence.
constexpr std::array<std::string_view, 13> kPhrases = {"Licensed under the",
                                                       "GNU General Public License",
                                                       "GNU Lesser General Public License",
                                                       "GNU Free Documentation License",
                                                       "Permission is hereby granted, free of charge",
                                                       "Redistribution and use in source and binary forms",
                                                       "Mozilla Public License",
                                                       "Creative Commons",
                                                       "Permission to use, copy, modify",
                                                       "public domain",
                                                       "All rights reserved",
                                                       "Apache License",
                                                       "Permission is granted to copy"};

// The end of a comment is no part of a value.
std::string_view WithoutCommentEnd(std::string_view line) {
  for (const std::string_view end : {"*/", "-->", "#}", "*)"}) {
    if (const size_t at = line.find(end); at != std::string_view::npos) line = line.substr(0, at);
  }
  return Trimmed(line);
}

std::string_view WithoutCommentBegin(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t#*/;%-<!.\\\"'{(|");
  return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
}

void ReadHeaderLine(std::string_view line, Part& part, bool& phrase_found) {
  for (const Tag& tag : kTags) {
    const size_t at = line.find(tag.text);
    if (at == std::string_view::npos) continue;
    AddLicence(part, tag.field, WithoutCommentEnd(line.substr(at + tag.text.size())));
    return;
  }
  if (phrase_found ||
      std::ranges::none_of(kPhrases, [&](std::string_view phrase) { return line.find(phrase) != line.npos; }))
    return;
  phrase_found = true;
  AddLicence(part, "header", WithoutCommentEnd(WithoutCommentBegin(line)));
}

bool IsLicenceProperty(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "dc:rights",        "dcterms:rights",         "dcterms:license",
      "cc:license",       "xmprights:webstatement", "xmprights:usageterms",
      "xmprights:marked", "cc:attributionname"};
  return std::ranges::find(kNames, name) != kNames.end();
}

// TDMRep: https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/: HTML meta, EPUB property, XMP property.
std::string_view ProtocolName(std::string_view field) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kProtocols = {
      {{"tdm-reservation", "tdmrep"},
       {"tdm-policy", "tdmrep"},
       {"tdm:reservation", "tdmrep"},
       {"tdm:policy", "tdmrep"},
       {"plus:datamining", "plus"},
       {"iptc4xmpext:datamining", "plus"},
       {"plus:otherconstraints", "plus"},
       {"content-usage", "aipref"},
       {"robots", "noai"},
       {"googlebot", "noai"},
       {"ai-robots", "noai"},
       {"noai", "noai"},
       {"noimageai", "noai"}}};
  const auto* const found = std::ranges::find(kProtocols, field, &std::pair<std::string_view, std::string_view>::first);
  return found == kProtocols.end() ? std::string_view() : found->second;
}

bool IsXmpProperty(std::string_view name) {
  const std::string lower = Lowered(name);
  return IsLicenceProperty(lower) || !ProtocolName(lower).empty();
}

void ReadXmpProperty(std::string_view name, std::string_view value, Part& part) {
  const std::string lower = Lowered(name);
  if (IsLicenceProperty(lower)) AddLicence(part, name, value);
  FindOptOut(lower, value, part);
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

void AddLicence(Part& part, std::string_view field, std::string_view value) {
  value = Trimmed(value).substr(0, kValueMaxBytes);
  if (value.empty()) return;
  LicenceEvidence evidence{std::string(field), std::string(value)};
  if (std::ranges::find(part.licences, evidence) == part.licences.end()) part.licences.push_back(std::move(evidence));
}

void FindLicenceHeader(std::string_view text, Part& part) {
  text = text.substr(0, kHeaderBytes);
  bool phrase_found = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    ReadHeaderLine(text.substr(0, end), part, phrase_found);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void FindOptOut(std::string_view field, std::string_view value, Part& part) {
  value = Trimmed(value).substr(0, kValueMaxBytes);
  const auto add = [&](std::string_view protocol) {
    if (value.empty()) return;
    OptOutMark mark{std::string(protocol), std::string(field), std::string(value)};
    if (std::ranges::find(part.opt_outs, mark) == part.opt_outs.end()) part.opt_outs.push_back(std::move(mark));
  };
  const std::string_view protocol = ProtocolName(field);
  const std::string lower = Lowered(value);
  const bool is_rule = field == "robots" || field == "googlebot" || field == "ai-robots";
  if (is_rule && lower.find("noai") == std::string::npos && lower.find("noimageai") == std::string::npos) return;
  if (!protocol.empty()) add(protocol);
}

void FindXmp(std::string_view bytes, Part& part) {
  const size_t begin = bytes.find("<x:xmpmeta");
  if (begin == std::string_view::npos) return;
  const size_t end = bytes.find("</x:xmpmeta>", begin);
  if (end == std::string_view::npos || end - begin > kXmpMaxBytes) return;
  const auto packet = ParseXml(bytes.substr(begin, end + 12 - begin), "XMP packet");
  if (packet) FindXmpMarks(**packet, part);  // what is broken says nothing
}

void FindXmpMarks(pugi::xml_node root, Part& part) {
  WalkXml(
      root,
      [&](pugi::xml_node node) {
        for (const pugi::xml_attribute& attribute : node.attributes()) {
          ReadXmpProperty(attribute.name(), attribute.value(), part);
        }
        // The text below every element would be gathered as often as the elements are deep.
        if (!IsXmpProperty(node.name())) return true;
        std::string value = node.attribute("rdf:resource").value();
        if (value.empty()) value = DeepText(node);
        ReadXmpProperty(node.name(), value, part);
        return true;
      },
      [](pugi::xml_node) {});
}

}  // namespace walchen::data
