// SPDX-License-Identifier: Apache-2.0
//
// What the ledger knows of the documents it holds, added up: what every export is a pure function of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "ledger/ledger.h"
#include "ledger/records.h"

namespace walchen::data {

using Counts = std::map<std::string, uint64_t>;

struct SourceFacts {
  ledger::Source source;
  uint64_t documents = 0;           // that were ever taken in
  Counts states;                    // of these: kept, filtered, ...
  uint64_t kept_bytes = 0;          // of the raw files of kept documents
  Counts tiers, licences;           // of kept documents; "none" where no licence is known
  Counts languages, media_types;    // of kept documents
  Counts reasons;                   // why others are filtered or quarantined
  Counts personal_data;             // findings by kind
  Counts opt_outs;                  // "tdmrep reserved"
  int64_t first_ms = 0, last_ms = 0;  // when they were taken in
};

// Documents that a CC-BY or similar licence wants named.
struct Attribution {
  std::string title, path, url, licence, source;
};

struct CorpusFacts {
  std::string today;                 // the day that decided what may be used
  ledger::Head head;
  std::vector<SourceFacts> sources;  // by name
  Counts transformations;            // "text_repair 1"
  std::vector<Attribution> attributions;
};

// Reads the whole ledger once for each document. `today` decides what may still be used.
Result<CorpusFacts> FactsOf(const ledger::Ledger& ledger, std::string_view today);

}  // namespace walchen::data
