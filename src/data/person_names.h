// SPDX-License-Identifier: Apache-2.0
//
// Names of people by rules and lists, German and English.
//
// A name is found
//   behind a title or salutation          Frau Hoffstedt, Dr. med. Anneliese Kampmann, Mr. Obadiah Finch
//   behind a label with a colon           Techniker: Andreas Pfleiderer, Customer signature: Gerald Overton
//   behind a greeting or before its end   Moin Jens, ... Beste Grüße R. Stegemann
//   behind an occupation                  Monteur Wójcik, Rechtsanwältin Susanne Tiefenbrunn
//   by its first name                     Zeynep Aksoy, Kai-Uwe Lindqvist, Jürgen
// First names are Faker's of eleven European countries and America (name_tables.inc). Those that are words as well (Rose,
// Will, August) count only before a name that is in the lists. What belongs to a firm (Robert Bosch GmbH) or to a compound
// (Otto-Motor, Martin-Luther-Universität) is none. Masked are the name's own words, without title.
//
// What it cannot do: a surname alone in the middle of a sentence, names in lower case, nicknames, most names from outside of
// Europe without a title or label around them. docs/cleaning.md has the figures.
//
// Linear; pure, thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/finding.h"
#include "data/words.h"

namespace walchen::data {

// `words` are SplitWords(text).
void FindPersonNames(std::string_view text, std::span<const Word> words, std::vector<Finding>& findings);

}  // namespace walchen::data
