// SPDX-License-Identifier: Apache-2.0
//
// What a text says about its own licence, as evidence: the words themselves, not what they amount to. Rules over them
// stand elsewhere.
#pragma once

#include <string_view>

#include <pugixml.hpp>

#include "data/extract.h"

namespace walchen::data {

// Looks through the beginning of a file (a header of comments) for SPDX-License-Identifier, SPDX-FileCopyrightText and
// the first lines of well-known licences.
void FindLicenceHeader(std::string_view text, Part& part);

// Adds the pair if the value holds anything: white space around it is dropped.
void AddLicence(Part& part, std::string_view field, std::string_view value);

// A mark as HTML pages, EPUBs and XMP packets carry them: `field` is the name of the meta element or property in lower
// case
// ("tdm-reservation", "tdm:reservation", "robots", "plus:datamining"). Does nothing where it is no such mark.
void FindOptOut(std::string_view field, std::string_view value, Part& part);

// Licence fields and opt-out marks of an XMP packet, wherever it stands in the bytes.
void FindXmp(std::string_view bytes, Part& part);

// The same of a packet that is parsed already, or of the metadata of an SVG.
void FindXmpMarks(pugi::xml_node root, Part& part);

// `text` without white space at both ends.
std::string_view Trimmed(std::string_view text);

}  // namespace walchen::data
