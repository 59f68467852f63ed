// SPDX-License-Identifier: Apache-2.0
//
// Raw files read on several threads: digest, extraction and filters of a file are the work of one thread, and what came out
// is taken on the caller's thread in the order in which the files were asked for. So what the ledger says does not depend on
// how many threads there are.
//
// Memory: what waits to be taken is at most kWaitingBytes per file, of two files per thread; a thread with more waits until it is its
// file's turn.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "data/extract.h"
#include "data/filter_chain.h"
#include "data/package_papers.h"
#include "data/raw_files.h"

namespace walchen::data {

// Hands on the parts of one file, of archives only what fits `only` (ExtractWorker::Extract).
using ExtractFile = std::function<Result<void>(const base::Path& file, const std::vector<std::string>& only, const TakePart& take)>;
// Called once in each thread, for the extraction that it alone uses.
using MakeExtractFile = std::function<ExtractFile()>;

// An extraction in children (extract_worker.h), one for each thread.
MakeExtractFile ExtractInWorkers();

// A part as the filters left it.
struct FilteredPart {
  Part part;            // without its text
  // SHA-256 in hexadecimal: Part::sha256, so that a file is the same one in an archive; else that of its content or text; empty
  // where there is neither.
  std::string digest;
  uint64_t bytes = 0;   // of text and content
  std::optional<FilteredDocument> cleaned;  // nothing where the part is quarantined
};

// A file to read.
struct AskedFile {
  RawFile file;
  std::string known;              // its parts are of no interest where its digest is this one
  std::vector<std::string> only;  // patterns (glob.h) of what is read of archives; none: all
  base::Path papers;              // of a package, where they are not its own
  FindingPolicy personal_data = FindingPolicy::kMask;
};

// To be used by one thread.
class FileReaders {
 public:
  FileReaders(base::Files& files, int threads, MakeExtractFile make_extract);
  FileReaders(const FileReaders&) = delete;
  FileReaders& operator=(const FileReaders&) = delete;
  // Waits for the files that are being read.
  ~FileReaders();

  // Has a file read after those that were asked for before.
  void Ask(AskedFile file);
  // More would not be read any sooner.
  bool has_enough() const { return jobs_.size() >= 2 * threads_.size(); }

  // Of the file that was asked for first, at least one must be waiting:
  const AskedFile& asked() const;
  // Waits for its SHA-256 in hexadecimal. Errors: why it cannot be read.
  Result<std::string> Digest();
  // Waits for what its package says of it and of what is in it. Errors: those of the extraction that are not about the file.
  Result<PackagePapers> Papers();
  // Waits for its next part; nothing after the last one, and for one that is as it was known. Errors: those of the
  // extraction that are not about the file.
  Result<std::optional<FilteredPart>> NextPart();
  // Goes on to the next file. Call it when there are no more parts, or the digest says that there are none.
  void Leave();

 private:
  struct Job;
  void Loop();
  void Read(Job& job, const ExtractFile& extract);
  Result<void> Hand(Job& job, Part part);
  Result<std::string> DigestOf(const base::Path& path);
  static Result<PackagePapers> ReadPapers(const AskedFile& asked, const ExtractFile& extract);
  // What `change` does to a job is seen by whoever waits for it.
  template <class Change>
  void Publish(const Change& change);

  base::Files& files_;
  MakeExtractFile make_extract_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> jobs_;     // in the order of Ask; the first is being taken
  std::deque<std::shared_ptr<Job>> unread_;   // that no thread has begun
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace walchen::data
