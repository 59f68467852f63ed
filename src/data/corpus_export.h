// SPDX-License-Identifier: Apache-2.0
//
// The papers of a corpus, each a pure function of its facts: the same ledger gives the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "data/corpus_facts.h"

namespace walchen::data {

// One row for each source and licence.
std::string SourcesCsv(const CorpusFacts& facts);
// Whom licences want to be named; a heading for each licence.
std::string AttributionText(const CorpusFacts& facts);
// A dataset card: what is in it, whence, what was done, what was left out and why.
std::string DatasetCard(const CorpusFacts& facts, std::string_view name);

// What Croissant wants to know and no ledger does.
struct Publication {
  std::string name;
  std::string url = {};      // of the data; empty: a URN of the ledger's head
  std::string creator = {};  // who is responsible; empty: "not stated"
};
// Croissant 1.1 (mlcommons.org/croissant/1.1) with the fields of its RAI vocabulary and PROV-O provenance.
std::string CroissantJson(const CorpusFacts& facts, const Publication& publication);

}  // namespace walchen::data
