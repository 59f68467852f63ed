// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_build.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/package_fetch.h"

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

// The package's file, and what is taken of it.
Result<Intake> Fetch(base::Files& files, const CorpusPackage& package, const CorpusOptions& options, TakenPackage& taken) {
  if (options.progress) options.progress("fetching", package);
  TRY_ASSIGN(const FetchedPackage fetched, FetchPackage(files, package, options.packages));
  taken.source = package.Source();
  taken.was_there = fetched.was_there;
  TRY_ASSIGN(const base::FileInfo info, files.Stat(fetched.file));
  taken.bytes = info.size;
  Intake intake = {.source = SourceOf(package), .paths = {fetched.file}, .only = package.include};
  if (!package.papers.empty()) {
    CorpusPackage papers = package;
    papers.name = package.papers;
    TRY_ASSIGN(const FetchedPackage of_papers, FetchPackage(files, papers, options.packages));
    intake.papers = of_papers.file;
  }
  return intake;
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
  std::vector<TakenPackage> all;
  std::vector<Intake> intakes;
  for (const CorpusPackage& package : recipe.packages) {
    if (!package.IsIn(options.profile)) continue;
    auto intake = Fetch(files, package, options, all.emplace_back());
    if (!intake) return Forward(intake, package.name);
    intakes.push_back(*std::move(intake));
  }
  TRY_ASSIGN(const std::vector<IntakeCount> counts, TakeIn(ledger, files, subjects, intakes, options.intake));
  for (size_t i = 0; i < all.size(); ++i) all[i].count = counts[i];
  return all;
}

}  // namespace walchen::data
