// SPDX-License-Identifier: Apache-2.0
//
// What became of a corpus, from the ledger: how much of which language and tier came out of each source, and what was dropped why.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ledger/ledger.h"

namespace walchen::data {

struct CorpusKey {
  std::string source, language;  // language: "de", "en", "und"
  char tier = '-';               // ledger/rights.h
  auto operator<=>(const CorpusKey&) const = default;
};

struct CorpusAmounts {
  uint64_t documents = 0;
  uint64_t bytes = 0;     // of their texts
  uint64_t tokens = 0;    // in the shards
  uint64_t pictures = 0;  // documents that are one
  uint64_t pairs = 0;     // messages whose translation is there too; they count for the language of the translation

  CorpusAmounts& operator+=(const CorpusAmounts& other);
  bool operator==(const CorpusAmounts&) const = default;
};

struct CorpusTable {
  std::map<CorpusKey, CorpusAmounts> kept;                           // that may be used, also for evaluation only
  std::map<std::string, std::map<std::string, uint64_t>> dropped;  // documents by source and reason
};

// Of these sources. `shards` is the name under which they were packed. `today` decides what may be used. Reads all that the ledger
// says about each document. Errors: those of the ledger.
Result<CorpusTable> CorpusTableOf(const ledger::Ledger& ledger, const std::vector<std::string>& sources, std::string_view shards,
                                  std::string_view today);

}  // namespace walchen::data
