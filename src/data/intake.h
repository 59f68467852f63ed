// SPDX-License-Identifier: Apache-2.0
//
// Taking raw files in: each becomes documents of the ledger with their origin, licence, findings and cleaned text, or a
// record of why not. Files that are known and unchanged are skipped, those that are gone are marked as vanished.
//
// Durable in steps: what was committed stays after a crash or Ctrl-C, and the same command goes on where it ended.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/status.h"
#include "data/file_readers.h"
#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::data {

struct Intake {
  ledger::Source source;  // of a new source all of it; of a known one it must say the same
  std::vector<base::Path> paths;
  std::vector<std::string> only = {};  // patterns (glob.h) of what is taken of archives; none: all
  base::Path papers = {};              // a Debian package whose copyright file is also that of these files; empty: each has its own
  // What is done with personal data; secrets are always masked. A reason is needed where they are kept.
  FindingPolicy personal_data = FindingPolicy::kMask;
  std::string personal_data_reason = {};
};

struct IntakeCount {
  uint64_t files = 0;        // looked at
  uint64_t unchanged = 0;    // of these, known and skipped
  uint64_t documents = 0;    // of the others; each is one of the next four
  uint64_t kept = 0;
  uint64_t filtered = 0;
  uint64_t duplicates = 0;
  uint64_t quarantined = 0;
  uint64_t vanished = 0;     // known before, not there any more or with other content
  uint64_t bytes = 0;        // of the files
};

struct IntakeOptions {
  MakeExtractFile make_extract;  // how files are read (file_readers.h)
  int threads = 1;               // that read files, beside the one that writes
  std::function<void(const IntakeCount& so_far, const base::Path& file)> progress = {};
  std::function<bool()> stop_asked = {};
  base::Clock* clock = &base::Clock::Os();
};

// What became of each intake; they are of different sources. What is written does not depend on the number of threads.
// Errors: kNotFound (a path), kInvalidArgument (a source is known with other rights), kCancelled (stop_asked; all so far is
// committed), those of the ledger and of the extraction. Files that cannot be read are no error: they are quarantined.
Result<std::vector<IntakeCount>> TakeIn(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects,
                                        std::span<const Intake> intakes, const IntakeOptions& options);

}  // namespace walchen::data
