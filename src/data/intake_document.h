// SPDX-License-Identifier: Apache-2.0
//
// One raw file on its way into the ledger: what of it becomes which events. Used by intake.cc alone.
#pragma once

#include <string>

#include "base/clock.h"
#include "data/extract.h"
#include "data/filter_chain.h"
#include "data/intake.h"
#include "data/near_duplicates.h"
#include "data/package_papers.h"
#include "data/raw_files.h"
#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::data {

// Whether a recipe could name its tier (ledger/rights.h).
Result<bool> IsUsable(const ledger::Ledger& ledger, const std::string& id, base::Clock& clock);

// The texts that are kept and may be used, to know others like them.
struct KeptTexts {
  DuplicateIndex index;
  std::vector<std::string> ids;  // of the documents, by their number in the index
};

struct Taking {
  const ledger::Ledger& ledger;
  ledger::Transaction& change;
  const ledger::SubjectKey& subjects;
  const ledger::Source& source;
  base::Clock& clock;
  KeptTexts& kept_texts;
};

// What stands in the subject index for a file's content. When it is forgotten (forget.h), a decision keeps this token, so that
// the same file is not taken in again.
std::string ContentSubject(std::string_view sha256);

class DocumentTaker {
 public:
  // `content` is the SHA-256 of the file; empty: it could not be read. `package`: what is known of the file itself.
  DocumentTaker(Taking taking, const RawFile& file, std::string content, IntakeCount& count, PackageFacts package = {})
      : taking_(taking), file_(file), content_(std::move(content)), count_(count), package_(std::move(package)) {}

  // One part of the file: a document. `package`: what its package says of it. Errors: those of the ledger.
  Result<void> Take(Part part, const PackageFacts& package = {});
  // Of the document that is the file itself; empty before the first part.
  const std::string& main_id() const { return main_id_; }

 private:
  Result<std::string> AppendDocument(const Part& part, const PackageFacts& package, std::string_view modality, const std::string& content);
  Result<void> AppendRights(const std::string& id, const Part& part, const PackageFacts& package);
  Result<void> AppendOptOuts(const std::string& id, const Part& part);
  Result<void> AppendCleaned(const std::string& id, const Part& part);
  Result<void> AppendWithContent(const std::string& id, const Part& part, const FilteredDocument& cleaned);
  Result<void> AppendCleanedText(const std::string& id, const Part& part, const FilteredDocument& cleaned);
  Result<void> AppendFindings(const std::string& id, const FilteredDocument& cleaned);
  // Another kept document with this content; empty if there is none that may stand for this one.
  Result<std::string> SameContent(const std::string& content, const std::string& id) const;
  Result<bool> WasForgotten(const std::string& content) const;

  Taking taking_;
  const RawFile& file_;
  std::string content_;
  IntakeCount& count_;
  PackageFacts package_;
  std::string main_id_;  // of the file itself, whose parts the others are
};

}  // namespace walchen::data
