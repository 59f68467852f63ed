// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer of one's own: a byte-level BPE (bpe_trainer.h) of the kept documents, as a file and with its record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "ledger/ledger.h"

namespace walchen::data {

struct TokenizerPlan {
  std::vector<std::string> sources = {};  // none: all
  std::string tiers = {};                 // letters of ledger/rights.h: what may be used
  int vocabulary = 0;                     // tokens
};

struct LearnedTokenizer {
  uint64_t documents = 0, bytes = 0, words = 0;  // what it was learned from; words: different ones
  size_t tokens = 0;
};

// Learns it, writes it to `output` (GGUF) and a record of it to the ledger. Errors: kAlreadyExists (`output` is there),
// kNotFound (no document fits).
Result<LearnedTokenizer> LearnTokenizer(ledger::Ledger& ledger, base::Files& files, const TokenizerPlan& plan, const base::Path& output);

}  // namespace walchen::data
