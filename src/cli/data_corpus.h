// SPDX-License-Identifier: Apache-2.0
//
// `walchen data build recipes/corpus.toml`: a corpus from packages, with its papers, as shards.
#pragma once

#include <string>

#include "cli/shared_flags.h"

namespace walchen::cli {

struct CorpusFlags {
  SharedFlags shared;
  std::string recipe;     // a file
  std::string profile;    // which of its packages
  std::string packages;   // a folder that keeps them; empty: the home's
  std::string tokenizer;  // a file that has one; empty: that of --model, and without that one learned from the corpus
};

// Prints the table; returns the exit code.
int RunCorpusBuild(const CorpusFlags& flags);

}  // namespace walchen::cli
