// SPDX-License-Identifier: Apache-2.0
#include "data/intake.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/sha256.h"
#include "data/intake_document.h"
#include "data/kept_text.h"
#include "data/package_papers.h"
#include "data/raw_files.h"
#include "data/signature.h"
#include "data/words.h"
#include "ledger/documents.h"
#include "ledger/licence_tier.h"

namespace walchen::data {
namespace {

// How many files are one change of the ledger: a crash costs at most their reading.
constexpr uint64_t kFilesPerChange = 64;
constexpr double kChangeMs = 2'000;  // other writers wait so long, and give up after base::kLedgerBusyMs
constexpr uint64_t kBufferedBytes = 256 << 20;
constexpr size_t kBufferedParts = 100'000;

class Taker {
 public:
  Taker(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects, const Intake& intake,
        const IntakeOptions& options)
      : ledger_(ledger), files_(files), subjects_(subjects), intake_(intake), options_(options) {}

  Result<IntakeCount> Run() {
    TRY_ASSIGN(const std::vector<base::Path> tops, Tops());
    TRY(FindSource());
    TRY(ReadKnown());
    TRY(ReadKeptTexts());
    // What is gone goes first: a file that was only renamed must not count as a copy of what it was.
    for (const base::Path& top : tops) TRY(MarkVanished(top));
    for (const base::Path& top : tops) TRY(WalkFiles(files_, top, [&](const RawFile& file) { return TakeFile(file); }));
    // Copies of what changed behind them on the way.
    for (const std::string& path : std::exchange(again_, {})) {
      if (!known_.contains(path) && files_.Exists(path)) {
        TRY(WalkFiles(files_, path, [&](const RawFile& file) { return TakeFile(file); }));
      }
    }
    TRY(Commit());
    return count_;
  }

 private:
  // A document that is a file of its own, as the ledger has it.
  struct Known {
    std::string id, content;
  };

  // Where the walks begin: no path lies under another one, so no file is met twice.
  Result<std::vector<base::Path>> Tops() {
    std::vector<base::Path> all, tops;
    for (const base::Path& path : intake_.paths) {
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

  Result<void> FindSource() {
    if (!intake_.source.use.empty() && intake_.source.use != ledger::kEvaluationUse) {
      return Fail(ErrorCode::kInvalidArgument, "the use of a source: expected nothing or {}, found {}", ledger::kEvaluationUse,
                  base::Quoted(intake_.source.use));
    }
    if (!intake_.source.licence.empty()) {
      if (auto tier = ledger::TierOf(intake_.source.licence); !tier) return Forward(tier, "the licence");
    }
    TRY_ASSIGN(const std::vector<ledger::KnownSource> sources, ledger::SourcesOf(ledger_));
    const ledger::Source& now = intake_.source;
    for (const auto& [id, known] : sources) {
      if (known.name != now.name) continue;
      if (known.source_class == now.source_class && known.basis == now.basis && known.licence == now.licence &&
          known.keep_until == now.keep_until && known.use == now.use) {
        return {};
      }
      return Fail(ErrorCode::kInvalidArgument, "source {} is known as {}, {} {}; its rights cannot change behind documents that were "
                  "taken in: give these files another --source", known.name, ledger::NameOf(*known.source_class),
                  ledger::NameOf(*known.basis), known.licence);
    }
    return ledger::Append(ledger_, ledger::NewId(), intake_.source);
  }

  Result<void> ReadKnown() {
    ledger::DocumentReader documents(ledger_, {.source = intake_.source.name});
    while (true) {
      TRY_ASSIGN(const auto listed, documents.Next());
      if (!listed) return {};
      const ledger::Document& document = listed->document;
      const bool is_gone = listed->state == ledger::DocumentState::kVanished || listed->state == ledger::DocumentState::kForgotten;
      if (is_gone) continue;
      if (document.parent.empty()) {
        known_[document.path] = {listed->id, document.content};
      } else {
        parts_[document.parent].push_back(listed->id);
      }
    }
  }

  Result<void> ReadKeptTexts() {
    return ForEachText(ledger_, {}, [&](const ledger::ListedDocument& document, const std::string& text) -> Result<void> {
      TRY_ASSIGN(const bool is_usable, IsUsable(ledger_, document.id, *options_.clock));
      if (!is_usable) return {};
      TRY(kept_texts_.index.Add(MakeSignature(text, SplitWords(text))));
      kept_texts_.ids.push_back(document.id);
      return {};
    });
  }

  Result<void> Vanish(const std::string& id) {
    TRY_ASSIGN(ledger::Transaction* change, Change());
    std::vector<std::string> ids = {id};
    const auto parts = parts_.find(id);
    if (parts != parts_.end()) ids.insert(ids.end(), parts->second.begin(), parts->second.end());
    // What was left out as a copy of it is no copy of anything any more: it is taken in anew.
    for (size_t i = 0; i < ids.size(); ++i) {
      TRY_ASSIGN(const std::vector<std::string> copies, ledger::DuplicatesOf(ledger_, ids[i]));
      for (const std::string& copy : copies) {
        TRY_ASSIGN(const ledger::DocumentState state, ledger::StateOf(ledger_, copy));
        if (state == ledger::DocumentState::kDuplicate) ids.push_back(copy);
      }
    }
    for (const std::string& gone : ids) {
      for (auto known = known_.begin(); gone != id && known != known_.end();) {
        if (known->second.id != gone) {
          ++known;
          continue;
        }
        again_.push_back(known->first);
        known = known_.erase(known);
      }
      TRY(ledger::Append(*change, gone, ledger::Vanished{}));
      ++count_.vanished;
      const auto number = std::ranges::find(kept_texts_.ids, gone) - kept_texts_.ids.begin();
      if (number < std::ssize(kept_texts_.ids)) kept_texts_.index.Forget(static_cast<uint32_t>(number));
    }
    return {};
  }

  // What was known under `top` and is not there any more.
  Result<void> MarkVanished(const base::Path& top) {
    std::set<std::string> there;
    TRY(WalkFiles(files_, top, [&](const RawFile& file) -> Result<void> {
      if (known_.contains(file.path.native())) there.insert(file.path.native());
      return {};
    }));
    for (auto known = known_.begin(); known != known_.end();) {
      if (there.contains(known->first) || !IsUnder(known->first, top)) {
        ++known;
        continue;
      }
      TRY(Vanish(known->second.id));
      known = known_.erase(known);
    }
    return {};
  }

  static bool IsUnder(const base::Path& path, const base::Path& top) {
    const auto [end, rest] = std::ranges::mismatch(top, path);
    return end == top.end();
  }

  Result<void> TakeFile(const RawFile& file) {
    if (options_.stop_asked && options_.stop_asked()) {
      TRY(Commit());
      return Fail(ErrorCode::kCancelled, "stopped; what was taken in so far stays, the same command goes on");
    }
    ++count_.files;
    count_.bytes += file.size;
    if (options_.progress) options_.progress(count_, file.path);
    std::string content;
    if (file.trouble.empty()) {
      auto digest = ContentDigest(file.path);
      if (!digest) return QuarantineFile(file, digest.error().message());
      content = std::move(*digest);
    }
    const auto known = known_.find(file.path.native());
    if (known != known_.end()) {
      if (known->second.content == content) {
        ++count_.unchanged;
        return {};
      }
      TRY(Vanish(known->second.id));
    }
    if (!file.trouble.empty()) return QuarantineFile(file, file.trouble);
    return TakeParts(file, content);
  }

  // Reading may take minutes, in which others want to write: parts are collected first, as long as they fit into memory.
  Result<void> TakeParts(const RawFile& file, const std::string& content) {
    std::vector<Part> parts;
    uint64_t bytes = 0;
    std::optional<DocumentTaker> taker;
    TRY_ASSIGN(const PackagePapers papers, PapersOf(file.path));
    const auto take_all = [&]() -> Result<void> {
      if (!taker) {
        TRY_ASSIGN(ledger::Transaction* change, Change());
        taker.emplace(Taking{ledger_, *change, subjects_, intake_.source, *options_.clock, kept_texts_}, file, content, count_,
                      papers.FactsOf(""));
      }
      for (Part& part : parts) {
        const PackageFacts package = papers.FactsOf(part.inner_path);
        TRY(taker->Take(std::move(part), package));
      }
      parts.clear();
      bytes = 0;
      return {};
    };
    TRY(options_.extract(file.path, intake_.only, [&](Part part) -> Result<void> {
      bytes += part.text.size() + part.content.size();
      parts.push_back(std::move(part));
      return bytes > kBufferedBytes || parts.size() > kBufferedParts ? take_all() : Result<void>();
    }));
    TRY(take_all());
    known_[file.path.native()] = {taker->main_id(), content};
    return ++taken_ % kFilesPerChange == 0 || watch_.Ms() > kChangeMs ? Commit() : Result<void>();
  }

  // They may stand behind the files that they are about.
  Result<PackagePapers> PapersOf(const base::Path& path) {
    PackagePapers papers(path.filename().native());
    if (!papers.is_package()) return papers;
    const auto take = [&](const Part& part) -> Result<void> {
      papers.Take(part);
      return {};
    };
    if (!intake_.papers.empty()) TRY(options_.extract(intake_.papers, PackagePapers::Paths(), take));
    TRY(options_.extract(path, PackagePapers::Paths(), take));
    return papers;
  }

  Result<std::string> ContentDigest(const base::Path& path) {
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

  Result<void> QuarantineFile(const RawFile& file, const std::string& reason) {
    TRY_ASSIGN(ledger::Transaction* change, Change());
    DocumentTaker taker({ledger_, *change, subjects_, intake_.source, *options_.clock, kept_texts_}, file, "", count_);
    Part part;
    part.quarantine = reason;
    return taker.Take(std::move(part));
  }

  ledger::Ledger& ledger_;
  base::Files& files_;
  const ledger::SubjectKey& subjects_;
  const Intake& intake_;
  const IntakeOptions& options_;
  std::optional<ledger::Transaction> change_;
  std::map<std::string, Known> known_;                    // by path
  std::map<std::string, std::vector<std::string>> parts_;  // ids of what is inside of a document
  KeptTexts kept_texts_;
  std::vector<std::string> again_;  // paths that have to be taken in anew
  uint64_t taken_ = 0;    // files since the beginning
  base::Stopwatch watch_;  // since the change began
  IntakeCount count_;
};

}  // namespace

Result<IntakeCount> TakeIn(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects, const Intake& intake,
                           const IntakeOptions& options) {
  return Taker(ledger, files, subjects, intake, options).Run();
}

}  // namespace walchen::data
