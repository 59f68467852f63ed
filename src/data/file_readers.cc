// SPDX-License-Identifier: Apache-2.0
#include "data/file_readers.h"

#include <utility>

#include "base/sha256.h"
#include "data/extract_worker.h"
#include "ledger/event.h"

namespace walchen::data {
namespace {

constexpr uint64_t kWaitingBytes = 64 << 20;

FilterOptions OptionsFor(const Part& part, FindingPolicy personal_data) {
  FilterOptions options;
  for (size_t i = 0; i < kFindingKinds; ++i) {
    if (!IsSecret(static_cast<FindingKind>(i))) options.policies[i] = personal_data;
  }
  // A caption is short and may be one word.
  if (part.kind == PartKind::kPicture) {
    options.quality = {};
    options.quality.profile = "caption";
  }
  return options;
}

// What a page says of a picture has names in it as any text has. They are masked whatever the page's text may keep: who asks for a
// person's data finds them by the text alone.
void CleanCaptions(std::vector<Caption>& captions) {
  Part picture;
  picture.kind = PartKind::kPicture;
  const FilterOptions options = OptionsFor(picture, FindingPolicy::kMask);
  std::erase_if(captions, [&](Caption& caption) {
    auto cleaned = FilterDocument(caption.text, options);
    if (!cleaned || !cleaned->kept) return true;
    caption.text = std::move(cleaned->text);
    while (caption.text.ends_with('\n')) caption.text.pop_back();
    return false;
  });
}

FilteredPart Filtered(Part part, FindingPolicy personal_data) {
  FilteredPart filtered;
  const std::string text = std::exchange(part.text, {});
  // What could not be read has no digest: that of nothing would make all of it copies of each other, which go together.
  const std::string& held = part.content.empty() ? text : part.content;
  filtered.digest = part.sha256;
  if (part.sha256.empty() && !held.empty()) filtered.digest = base::Sha256Hex(base::AsBytes(held));
  filtered.bytes = text.size() + part.content.size();
  if (part.quarantine.empty()) {
    auto cleaned = FilterDocument(text, OptionsFor(part, personal_data));
    if (!cleaned) {
      cleaned = FilteredDocument{};
      cleaned->kept = false;
      cleaned->filter = "filter_chain";
      cleaned->reason = "filter_chain: too_large";
    }
    filtered.cleaned = *std::move(cleaned);
    CleanCaptions(part.captions);
  }
  filtered.part = std::move(part);
  return filtered;
}

}  // namespace

// All but what was asked is under the mutex.
struct FileReaders::Job {
  AskedFile asked;
  std::optional<Result<std::string>> digest;
  std::optional<Result<PackagePapers>> papers;
  std::deque<FilteredPart> parts;
  uint64_t waiting_bytes = 0;  // of these parts
  Result<void> outcome;
  bool finished = false;
};

MakeExtractFile ExtractInWorkers() {
  return [] {
    return [worker = std::make_shared<ExtractWorker>()](const base::Path& file, const std::vector<std::string>& only, const TakePart& take) {
      return worker->Extract(file, take, {}, only);
    };
  };
}

FileReaders::FileReaders(base::Files& files, int threads, MakeExtractFile make_extract)
    : files_(files), make_extract_(std::move(make_extract)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

FileReaders::~FileReaders() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

template <class Change>
void FileReaders::Publish(const Change& change) {
  {
    const std::scoped_lock lock(mutex_);
    change();
  }
  changed_.notify_all();
}

void FileReaders::Ask(AskedFile file) {
  auto job = std::make_shared<Job>();
  job->asked = std::move(file);
  Publish([&] {
    jobs_.push_back(job);
    unread_.push_back(job);
  });
}

const AskedFile& FileReaders::asked() const { return jobs_.front()->asked; }

Result<std::string> FileReaders::Digest() {
  Job& job = *jobs_.front();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return job.digest.has_value(); });
  return *job.digest;
}

Result<PackagePapers> FileReaders::Papers() {
  Job& job = *jobs_.front();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return job.papers.has_value(); });
  return *job.papers;
}

Result<std::optional<FilteredPart>> FileReaders::NextPart() {
  Job& job = *jobs_.front();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !job.parts.empty() || job.finished; });
  if (job.parts.empty()) {
    if (!job.outcome) return Forward(job.outcome);
    return std::optional<FilteredPart>();
  }
  std::optional<FilteredPart> part = std::move(job.parts.front());
  job.parts.pop_front();
  job.waiting_bytes -= part->bytes;
  lock.unlock();
  changed_.notify_all();
  return part;
}

void FileReaders::Leave() {
  const std::scoped_lock lock(mutex_);
  jobs_.pop_front();
}

void FileReaders::Loop() {
  const ExtractFile extract = make_extract_();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !unread_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = std::move(unread_.front());
    unread_.pop_front();
    lock.unlock();
    Read(*job, extract);
    lock.lock();
  }
}

void FileReaders::Read(Job& job, const ExtractFile& extract) {
  const AskedFile& asked = job.asked;
  Result<std::string> digest = DigestOf(asked.file.path);
  const bool is_wanted = digest && *digest != asked.known;
  Publish([&] { job.digest = std::move(digest); });
  Result<void> outcome;
  if (is_wanted) {
    auto papers = ReadPapers(asked, extract);
    const bool has_papers = papers.has_value();
    if (!has_papers) outcome = Forward(papers);
    Publish([&] { job.papers = std::move(papers); });
    if (has_papers) outcome = extract(asked.file.path, asked.only, [&](Part part) { return Hand(job, std::move(part)); });
  }
  Publish([&] {
    job.outcome = std::move(outcome);
    job.finished = true;
  });
}

// They may stand behind the files that they are about.
Result<PackagePapers> FileReaders::ReadPapers(const AskedFile& asked, const ExtractFile& extract) {
  PackagePapers papers(asked.file.path.filename().native());
  if (!papers.is_package()) return papers;
  const auto take = [&](const Part& part) -> Result<void> {
    papers.Take(part);
    return {};
  };
  if (!asked.papers.empty()) TRY(extract(asked.papers, PackagePapers::Paths(), take));
  TRY(extract(asked.file.path, PackagePapers::Paths(), take));
  return papers;
}

Result<void> FileReaders::Hand(Job& job, Part part) {
  FilteredPart filtered = Filtered(std::move(part), job.asked.personal_data);
  std::unique_lock lock(mutex_);
  // One part fits always: else the one that is waited for would wait.
  changed_.wait(lock, [&] { return stopping_ || job.parts.empty() || job.waiting_bytes + filtered.bytes <= kWaitingBytes; });
  if (stopping_) return Fail(ErrorCode::kCancelled, "nobody takes the parts any more");
  job.waiting_bytes += filtered.bytes;
  job.parts.push_back(std::move(filtered));
  lock.unlock();
  changed_.notify_all();
  return {};
}

Result<std::string> FileReaders::DigestOf(const base::Path& path) {
  // Not mapped: somebody may cut the file meanwhile.
  constexpr uint64_t kPiece = 1 << 20;
  base::Sha256 hash;
  for (uint64_t at = 0;; at += kPiece) {
    TRY_ASSIGN(const std::string piece, files_.ReadAt(path, at, kPiece));
    hash.Update(base::AsBytes(piece));
    if (piece.size() < kPiece) break;
  }
  return ledger::HexOf(hash.Finish());
}

}  // namespace walchen::data
