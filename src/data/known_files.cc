// SPDX-License-Identifier: Apache-2.0
#include "data/known_files.h"

#include "ledger/documents.h"

namespace walchen::data {

const KnownFiles::File* KnownFiles::Find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

void KnownFiles::Put(const std::string& path, File file) {
  path_of_[file.id] = path;
  files_[path] = std::move(file);
}

std::optional<std::string> KnownFiles::Remove(const std::string& id) {
  const auto found = path_of_.find(id);
  if (found == path_of_.end()) return std::nullopt;
  std::string path = std::move(found->second);
  path_of_.erase(found);
  files_.erase(path);
  return path;
}

std::vector<std::string> KnownFiles::PartsOf(const std::string& id) const {
  const auto found = parts_.find(id);
  return found == parts_.end() ? std::vector<std::string>() : found->second;
}

Result<void> ReadKnownFiles(const ledger::Ledger& ledger, std::map<std::string, KnownFiles>& by_source) {
  ledger::DocumentReader documents(ledger, {});
  while (true) {
    TRY_ASSIGN(const auto listed, documents.Next());
    if (!listed) return {};
    const ledger::Document& document = listed->document;
    const auto known = by_source.find(document.source);
    const bool is_gone = listed->state == ledger::DocumentState::kVanished || listed->state == ledger::DocumentState::kForgotten;
    if (is_gone || known == by_source.end()) continue;
    if (document.parent.empty()) {
      known->second.Put(document.path, {listed->id, document.content});
    } else {
      known->second.parts_[document.parent].push_back(listed->id);
    }
  }
}

}  // namespace walchen::data
