// SPDX-License-Identifier: Apache-2.0
//
// What the ledger knows of the raw files of some sources: which were taken in, with which content, and what was inside.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "ledger/ledger.h"

namespace walchen::data {

// Of one source. Files that vanished or were forgotten are not known.
class KnownFiles {
 public:
  struct File {
    std::string id, content;  // of its document; SHA-256
  };

  const std::map<std::string, File>& files() const { return files_; }  // by path
  // Nothing where it is not known.
  const File* Find(const std::string& path) const;
  void Put(const std::string& path, File file);
  // Whether this is the document of a file that is known.
  bool Knows(const std::string& id) const { return path_of_.contains(id); }
  // Forgets the file with this document; returns its path, nothing where there is none.
  std::optional<std::string> Remove(const std::string& id);
  // Ids of what was inside of a document.
  std::vector<std::string> PartsOf(const std::string& id) const;

 private:
  friend Result<void> ReadKnownFiles(const ledger::Ledger& ledger, std::map<std::string, KnownFiles>& by_source);

  std::map<std::string, File> files_;
  std::unordered_map<std::string, std::string> path_of_;              // by id
  std::unordered_map<std::string, std::vector<std::string>> parts_;  // by the id of what they are in
};

// Of the sources that the map names. One pass through the ledger's documents.
Result<void> ReadKnownFiles(const ledger::Ledger& ledger, std::map<std::string, KnownFiles>& by_source);

}  // namespace walchen::data
