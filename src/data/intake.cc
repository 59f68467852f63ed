// SPDX-License-Identifier: Apache-2.0
#include "data/intake.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "data/intake_document.h"
#include "data/kept_signatures.h"
#include "data/known_content.h"
#include "data/known_files.h"
#include "data/raw_files.h"
#include "data/site_rules.h"
#include "ledger/documents.h"
#include "ledger/rights.h"

namespace walchen::data {
namespace {

// How many files are one change of the ledger: a crash costs at most their reading.
constexpr uint64_t kFilesPerChange = 64;
constexpr double kChangeMs = 2'000;  // other writers wait so long, and give up after base::kLedgerBusyMs
constexpr uint64_t kBufferedBytes = 256 << 20;
constexpr size_t kBufferedParts = 100'000;

// One source on its way in.
struct SourceTaking {
  const Intake& intake;
  std::vector<base::Path> tops;   // where the walks begin
  KnownFiles& known;
  std::vector<std::string> again;  // paths that have to be taken in anew
  IntakeCount count;
};

bool IsUnder(const base::Path& path, const base::Path& top) {
  const auto [end, rest] = std::ranges::mismatch(top, path);
  return end == top.end();
}

class Taker {
 public:
  Taker(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects, const IntakeOptions& options, KeptSignatures kept)
      : ledger_(ledger), files_(files), subjects_(subjects), options_(options), today_(ledger::Today(*options.clock)), kept_(std::move(kept)),
        readers_(files, options.threads, options.make_extract) {}

  Result<std::vector<IntakeCount>> Run(std::span<const Intake> intakes) {
    TRY(Begin(intakes));
    // What is gone goes first: a file that was only renamed must not count as a copy of what it was.
    for (SourceTaking& source : sources_) {
      for (const base::Path& top : source.tops) TRY(MarkVanished(source, top));
    }
    for (SourceTaking& source : sources_) {
      for (const base::Path& top : source.tops) TRY(Walk(source, top));
    }
    TRY(TakeAll());
    // Copies of what changed behind them on the way.
    for (SourceTaking& source : sources_) {
      for (const std::string& path : std::exchange(source.again, {})) {
        if (source.known.Find(path) == nullptr && files_.Exists(path)) TRY(Walk(source, path));
      }
    }
    TRY(TakeAll());
    TRY(Commit());
    std::vector<IntakeCount> counts;
    for (const SourceTaking& source : sources_) counts.push_back(source.count);
    return counts;
  }

 private:
  Result<void> Begin(std::span<const Intake> intakes) {
    for (const Intake& intake : intakes) {
      TRY(FindSource(intake));
      known_[intake.source.name];
    }
    TRY(ReadKnownFiles(ledger_, known_));
    for (const Intake& intake : intakes) {
      TRY_ASSIGN(std::vector<base::Path> tops, Tops(intake));
      sources_.push_back({.intake = intake, .tops = std::move(tops), .known = known_[intake.source.name], .again = {}, .count = {}});
    }
    return {};
  }

  // No path lies under another one, so no file is met twice.
  Result<std::vector<base::Path>> Tops(const Intake& intake) {
    std::vector<base::Path> all, tops;
    for (const base::Path& path : intake.paths) {
      TRY_ASSIGN(all.emplace_back(), files_.Resolve(path));
    }
    std::ranges::sort(all);
    for (const base::Path& path : all) {
      if (tops.empty() || !IsUnder(path, tops.back())) tops.push_back(path);
    }
    return tops;
  }

  Result<ledger::Transaction*> Change() {
    if (!change_) {
      TRY_ASSIGN(ledger::Transaction begun, ledger_.Begin());
      change_.emplace(std::move(begun));
      watch_.Restart();
    }
    return &*change_;
  }

  Result<void> Commit() {
    if (!change_) return {};
    auto committed = change_->Commit();
    change_.reset();
    if (!committed) return Forward(committed);
    return {};
  }

  Result<void> FindSource(const Intake& intake) {
    if (intake.personal_data == FindingPolicy::kKeep && intake.personal_data_reason.empty()) {
      return Fail(ErrorCode::kInvalidArgument, "expected a reason to keep the personal data of {}, found none", intake.source.name);
    }
    return AdmitSource(ledger_, intake.source);
  }

  // The file that a document is or was inside of, and its other parts, where they are not among the ids and the file is of a
  // source that is being taken in: that of another one stays as it is until that is.
  Result<void> AddFileOf(const std::string& id, std::vector<std::string>& ids) {
    TRY_ASSIGN(const ledger::Document document, ledger::DocumentOf(ledger_, id));
    const std::string& file = document.parent.empty() ? id : document.parent;
    for (const SourceTaking& source : sources_) {
      if (source.intake.source.name != document.source || !source.known.Knows(file)) continue;
      for (const std::string& part : source.known.PartsOf(file)) AddOnce(part, ids);
      AddOnce(file, ids);
    }
    return {};
  }

  static void AddOnce(const std::string& id, std::vector<std::string>& ids) {
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }

  Result<void> Vanish(SourceTaking& source, const std::string& id) {
    TRY_ASSIGN(ledger::Transaction* change, Change());
    std::vector<std::string> ids = source.known.PartsOf(id);
    ids.push_back(id);
    // What was left out as a copy of it is no copy of anything any more: its file is taken in anew, with all that is in it.
    for (size_t i = 0; i < ids.size(); ++i) {
      TRY_ASSIGN(const std::vector<std::string> copies, ledger::DuplicatesOf(ledger_, ids[i]));
      for (const std::string& copy : copies) {
        TRY_ASSIGN(const ledger::DocumentState state, ledger::StateOf(ledger_, copy));
        if (state == ledger::DocumentState::kDuplicate) TRY(AddFileOf(copy, ids));
      }
    }
    for (const std::string& gone : ids) {
      for (SourceTaking& any : sources_) {
        auto path = any.known.Remove(gone);
        if (path && gone != id) any.again.push_back(*std::move(path));
      }
      TRY(ledger::Append(*change, gone, ledger::Vanished{}));
      ++source.count.vanished;
      kept_.Forget(gone);
    }
    return {};
  }

  // What was known under `top` and is not there any more.
  Result<void> MarkVanished(SourceTaking& source, const base::Path& top) {
    std::set<std::string> there;
    TRY(WalkFiles(files_, top, [&](const RawFile& file) -> Result<void> {
      if (source.known.Find(file.path.native()) != nullptr) there.insert(file.path.native());
      return {};
    }));
    std::vector<std::string> gone;
    for (const auto& [path, file] : source.known.files()) {
      if (!there.contains(path) && IsUnder(path, top)) gone.push_back(file.id);
    }
    for (const std::string& id : gone) {
      if (source.known.Knows(id)) TRY(Vanish(source, id));  // a copy may have gone with its original
    }
    return {};
  }

  Result<void> Walk(SourceTaking& source, const base::Path& top) {
    return WalkFiles(files_, top, [&](const RawFile& file) { return Ask(source, file); });
  }

  Result<void> Ask(SourceTaking& source, const RawFile& file) {
    if (!file.trouble.empty()) return TakeUnreadable(source, file);
    const KnownFiles::File* known = source.known.Find(file.path.native());
    readers_.Ask({.file = file, .known = known ? known->content : "", .only = source.intake.only, .papers = source.intake.papers,
                  .personal_data = source.intake.personal_data});
    asked_.push_back(&source);
    return readers_.has_enough() ? TakeOldest() : Result<void>();
  }

  Result<void> TakeAll() {
    while (!asked_.empty()) TRY(TakeOldest());
    return {};
  }

  Result<void> TakeOldest() {
    if (options_.stop_asked && options_.stop_asked()) {
      TRY(Commit());
      return Fail(ErrorCode::kCancelled, "stopped; what was taken in so far stays, the same command goes on");
    }
    SourceTaking& source = *asked_.front();
    asked_.pop_front();
    const AskedFile asked = readers_.asked();
    Count(source, asked.file);
    const auto digest = readers_.Digest();
    TRY(digest ? TakeRead(source, asked, *digest) : Quarantine(source, asked.file, digest.error().message()));
    readers_.Leave();
    return {};
  }

  void Count(SourceTaking& source, const RawFile& file) {
    ++source.count.files;
    source.count.bytes += file.size;
    if (options_.progress) options_.progress(source.count, file.path);
  }

  Result<void> TakeRead(SourceTaking& source, const AskedFile& asked, const std::string& digest) {
    const KnownFiles::File* known = source.known.Find(asked.file.path.native());
    if (known != nullptr && known->content == digest) {
      ++source.count.unchanged;
      return LookForReservation(source, known->id, asked.file.path);
    }
    if (known != nullptr) TRY(Vanish(source, std::string(known->id)));
    // It was a copy of something that has vanished since it was asked for, and is asked for again.
    if (digest == asked.known) return {};
    return TakeParts(source, asked, digest);
  }

  // Of files that are mined: of others nobody's word is needed.
  Result<std::vector<OptOutMark>> SiteMarks(const SourceTaking& source, const base::Path& file) {
    if (source.intake.source.basis != ledger::Basis::kTdm) return std::vector<OptOutMark>();
    return sites_.MarksOf(file);
  }

  // A site may have changed its mind about a file that has not changed.
  Result<void> LookForReservation(SourceTaking& source, const std::string& id, const base::Path& file) {
    TRY_ASSIGN(const std::vector<OptOutMark> marks, SiteMarks(source, file));
    if (marks.empty()) return {};
    std::vector<std::string> ids = source.known.PartsOf(id);
    ids.push_back(id);
    for (const std::string& document : ids) {
      TRY_ASSIGN(const bool is_reserved, ReservesNewly(document, marks));
      if (!is_reserved) continue;
      TRY_ASSIGN(ledger::Transaction* change, Change());
      TRY(AppendOptOuts(*change, document, marks, *options_.clock));
      kept_.Forget(document);
    }
    return {};
  }

  Result<bool> ReservesNewly(const std::string& document, std::span<const OptOutMark> marks) {
    if (std::ranges::none_of(marks, IsReservation)) return false;
    ledger::EventReader said = ledger_.Read({.about = document, .kind = std::string(ledger::OptOut::kKind)});
    while (true) {
      TRY_ASSIGN(const auto event, said.Next());
      if (!event) return true;
      TRY_ASSIGN(const auto mark, ledger::FromEvent<ledger::OptOut>(*event));
      if (mark.verdict == ledger::OptOutVerdict::kReserved) return false;
    }
  }

  // Reading may take minutes, in which others want to write: parts are collected first, as long as they fit into memory.
  Result<void> TakeParts(SourceTaking& source, const AskedFile& asked, const std::string& content) {
    TRY_ASSIGN(const PackagePapers papers, readers_.Papers());
    TRY_ASSIGN(std::vector<OptOutMark> site, SiteMarks(source, asked.file.path));
    std::vector<FilteredPart> parts;
    uint64_t bytes = 0;
    std::optional<DocumentTaker> taker;
    const auto take_all = [&]() -> Result<void> {
      if (!taker) {
        TRY_ASSIGN(ledger::Transaction* change, Change());
        taker.emplace(TakingOf(source, *change), asked.file, content, source.count, papers.FactsOf(""), std::move(site));
      }
      for (const FilteredPart& part : parts) TRY(taker->Take(part, papers.FactsOf(part.part.inner_path)));
      parts.clear();
      bytes = 0;
      return {};
    };
    while (true) {
      TRY_ASSIGN(auto part, readers_.NextPart());
      if (!part) break;
      bytes += part->bytes;
      parts.push_back(*std::move(part));
      if (bytes > kBufferedBytes || parts.size() > kBufferedParts) TRY(take_all());
    }
    TRY(take_all());
    source.known.Put(asked.file.path.native(), {taker->main_id(), content});
    return ++taken_ % kFilesPerChange == 0 || watch_.Ms() > kChangeMs ? Commit() : Result<void>();
  }

  Result<void> TakeUnreadable(SourceTaking& source, const RawFile& file) {
    Count(source, file);
    return Quarantine(source, file, file.trouble);
  }

  // What it held before is gone; where it could not be read before either, that is said already.
  Result<void> Quarantine(SourceTaking& source, const RawFile& file, const std::string& reason) {
    const KnownFiles::File* known = source.known.Find(file.path.native());
    if (known != nullptr && known->content.empty()) {
      ++source.count.unchanged;
      return {};
    }
    if (known != nullptr) TRY(Vanish(source, std::string(known->id)));
    TRY_ASSIGN(ledger::Transaction* change, Change());
    DocumentTaker taker(TakingOf(source, *change), file, "", source.count);
    FilteredPart unreadable;
    unreadable.part.quarantine = reason;
    TRY(taker.Take(unreadable));
    source.known.Put(file.path.native(), {taker.main_id(), ""});
    return {};
  }

  Taking TakingOf(const SourceTaking& source, ledger::Transaction& change) {
    return {ledger_, change, subjects_, source.intake, *options_.clock, today_, kept_};
  }

  ledger::Ledger& ledger_;
  base::Files& files_;
  const ledger::SubjectKey& subjects_;
  const IntakeOptions& options_;
  const std::string today_;
  KeptSignatures kept_;
  std::map<std::string, KnownFiles> known_;  // by source
  std::deque<SourceTaking> sources_;         // others point at them
  std::deque<SourceTaking*> asked_;          // whose files the readers were asked for
  std::optional<ledger::Transaction> change_;
  uint64_t taken_ = 0;     // files since the beginning
  base::Stopwatch watch_;  // since the change began
  SiteFolders sites_{files_};
  FileReaders readers_;
};

}  // namespace

Result<std::vector<IntakeCount>> TakeIn(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects,
                                        std::span<const Intake> intakes, const IntakeOptions& options) {
  TRY_ASSIGN(KeptSignatures kept, KeptSignatures::Read(ledger, ledger::Today(*options.clock)));
  return Taker(ledger, files, subjects, options, std::move(kept)).Run(intakes);
}

}  // namespace walchen::data
