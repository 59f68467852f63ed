// SPDX-License-Identifier: Apache-2.0
//
// What a package says of the files in it: which licence each has, by Debian's copyright file, by the METADATA of wheels, by npm's
// package.json. Needs the papers before the files, so a package is read twice: first its papers alone (kPaths).
//
//   PackagePapers papers(file.filename().native());
//   if (papers.is_package()) TRY(extract(file, PackagePapers::Paths(), [&](Part part) { papers.Take(part); ... }));
//   const PackageFacts facts = papers.FactsOf(part.inner_path);
//
// What a file says of itself is stronger evidence, what its source was said to be weaker. Of several statements of one package the
// strictest counts, the others are recorded as disagreeing. Public fields hold known expressions only; a package's words are private.
// Pure but for its own state; not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/debian_copyright.h"
#include "data/extract.h"
#include "ledger/records.h"

namespace walchen::data {

// Who may use it is not clear: nobody may train on it.
inline constexpr std::string_view kUnclearLicence = "LicenseRef-unclear";

struct PackageFacts {
  std::string package, version;            // empty where no paper says so
  std::optional<ledger::Licence> licence;  // of the file
  std::string unclear;                     // why there is none, of what is a package; private
};

class PackagePapers {
 public:
  enum class System { kNone, kDebian, kPython, kNpm };

  // By the name of the raw file: .deb, .whl, .tgz. Other archives are no packages, and the facts of what is in them are empty.
  explicit PackagePapers(std::string_view file_name);

  bool is_package() const { return system_ != System::kNone; }
  // Patterns (glob.h) of the papers' paths.
  static std::vector<std::string> Paths();

  // One of the papers; other parts say nothing.
  void Take(const Part& part);
  // `inner_path` is the part's; empty: the package itself.
  PackageFacts FactsOf(std::string_view inner_path) const;

 private:
  struct Paper {
    std::string path, sha256;
  };
  // A statement of a licence: an SPDX expression, and where it stands, in words.
  struct Statement {
    std::string expression, place;
  };
  // package.json or METADATA, for the folder that it stands in.
  struct FolderPaper {
    Paper paper;
    std::string name, version;
    std::vector<Statement> statements;
  };

  void TakeDebian(const Part& part, std::string_view path);
  void TakeFolderPaper(const Part& part, std::string folder);
  PackageFacts DebianFacts(std::string_view path) const;
  PackageFacts FolderFacts(std::string_view path) const;
  static std::optional<ledger::Licence> Strictest(const std::vector<Statement>& statements, const Paper& paper, std::string_view evidence);

  System system_ = System::kNone;
  std::string package_, version_;  // of a Debian package
  std::optional<DebianCopyright> copyright_;
  Paper copyright_paper_;
  bool has_copyright_ = false;
  std::map<std::string, FolderPaper> folders_;  // by folder, "" or with a slash at its end
};

// An SPDX expression of what the license fields of a wheel's METADATA or a package.json say: an expression as it stands, a name in
// use ("MIT License", "Apache 2.0"), a classifier ("License :: OSI Approved :: MIT License"). LicenseRef-unrecognised for other
// words; empty where the field is about something else.
std::string SpdxOfField(std::string_view field, std::string_view value);

}  // namespace walchen::data
