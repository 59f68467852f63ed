// SPDX-License-Identifier: Apache-2.0
//
// Takes in what a corpus recipe names: fetches its packages, takes their files in with their licences, and records what is left
// out and why. What is there already is skipped, so the same call goes on where an earlier one ended.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/corpus_recipe.h"
#include "data/intake.h"

namespace walchen::data {

struct TakenPackage {
  std::string source;
  bool was_there = false;  // the package file
  uint64_t bytes = 0;      // of it
  IntakeCount count = {};
};

struct CorpusOptions {
  std::string profile;
  base::Path packages;  // a folder that keeps the package files
  IntakeOptions intake;
  std::function<void(std::string_view doing, const CorpusPackage& package)> progress = {};  // "fetching"
};

// Errors: kInvalidArgument (no package is in the profile: names those that there are), those of FetchPackage and TakeIn.
Result<std::vector<TakenPackage>> TakeCorpusIn(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects,
                                               const CorpusRecipe& recipe, const CorpusOptions& options);

// The names of the sources of a profile; those for evaluation too where asked for.
std::vector<std::string> SourcesOf(const CorpusRecipe& recipe, std::string_view profile, bool with_evaluation);

}  // namespace walchen::data
