// SPDX-License-Identifier: Apache-2.0
//
// One raw file on its way into the ledger: what of it becomes which events. Used by intake.cc alone.
#pragma once

#include <string>

#include "base/clock.h"
#include "data/file_readers.h"
#include "data/intake.h"
#include "data/kept_signatures.h"
#include "data/package_papers.h"
#include "data/raw_files.h"
#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::data {

struct Taking {
  const ledger::Ledger& ledger;
  ledger::Transaction& change;
  const ledger::SubjectKey& subjects;
  const Intake& intake;
  base::Clock& clock;
  std::string today;  // ledger::Today
  KeptSignatures& kept;
};

// Whether the rightsholder says no.
bool IsReservation(const OptOutMark& mark);
// The verdicts of these marks as records of a document.
Result<void> AppendOptOuts(ledger::Transaction& change, const std::string& id, std::span<const OptOutMark> marks, base::Clock& clock);

class DocumentTaker {
 public:
  // `content` is the SHA-256 of the file; empty: it could not be read. `package`: what is known of the file itself.
  // `site`: what the file's site says of mining it, beside its own marks.
  DocumentTaker(Taking taking, const RawFile& file, std::string content, IntakeCount& count, PackageFacts package = {},
                std::vector<OptOutMark> site = {})
      : taking_(taking), file_(file), content_(std::move(content)), count_(count), package_(std::move(package)), site_(std::move(site)) {}

  // One part of the file: a document. `package`: what its package says of it. Errors: those of the ledger.
  Result<void> Take(const FilteredPart& filtered, const PackageFacts& package = {});
  // Of the document that is the file itself; empty before the first part.
  const std::string& main_id() const { return main_id_; }

 private:
  Result<std::string> AppendDocument(const FilteredPart& filtered, const PackageFacts& package, std::string_view modality, const std::string& content,
                                     std::string_view title);
  Result<void> AppendRights(const std::string& id, const Part& part, const PackageFacts& package);
  Result<void> AppendCleaned(const std::string& id, const Part& part, const FilteredDocument& cleaned);
  Result<void> AppendNotes(const std::string& id, const Part& part, const FilteredDocument& cleaned);
  Result<void> AppendWithContent(const std::string& id, const Part& part, const FilteredDocument& cleaned);
  Result<void> AppendCleanedText(const std::string& id, const Part& part, const FilteredDocument& cleaned);
  Result<void> AppendFindings(const std::string& id, const FilteredDocument& cleaned, bool secrets);

  Taking taking_;
  const RawFile& file_;
  std::string content_;
  IntakeCount& count_;
  PackageFacts package_;
  std::vector<OptOutMark> site_;
  std::string main_id_;  // of the file itself, whose parts the others are
};

}  // namespace walchen::data
