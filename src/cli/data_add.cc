// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/extract_worker.h"
#include "data/intake.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::vector<std::string> paths;
  std::string source, rights, licence, source_class, purpose, keep_until, contract, use;
  std::vector<std::string> only;
};

// The default class of a source by its rights: what a company's own folder is.
ledger::SourceClass UsualClass(ledger::Basis basis) {
  switch (basis) {
    case ledger::Basis::kPublicDomain:
    case ledger::Basis::kLicence: return ledger::SourceClass::kPublicDataset;
    case ledger::Basis::kTdm: return ledger::SourceClass::kCrawl;
    case ledger::Basis::kContract: return ledger::SourceClass::kThirdParty;
    case ledger::Basis::kOwnData:
    case ledger::Basis::kConsent: return ledger::SourceClass::kUser;
  }
  return ledger::SourceClass::kUser;
}

template <class Enum>
Result<Enum> Choice(std::string_view flag, std::string_view value) {
  if (const auto named = ledger::Named<Enum>(value)) return *named;
  return Fail(ErrorCode::kInvalidArgument, "{}: expected one of {}, found {}", flag, fmt::join(ledger::NamesOf<Enum>(), ", "),
              value.empty() ? "nothing" : base::Quoted(value));
}

Result<data::Intake> IntakeOf(const Options& options) {
  data::Intake intake;
  ledger::Source& source = intake.source;
  TRY_ASSIGN(source.basis, Choice<ledger::Basis>("--rights", options.rights));
  source.source_class = UsualClass(*source.basis);
  if (!options.source_class.empty()) {
    TRY_ASSIGN(source.source_class, Choice<ledger::SourceClass>("--class", options.source_class));
  }
  source.name = options.source;
  source.licence = options.licence;
  source.purpose = options.purpose;
  source.keep_until = options.keep_until;
  source.contract = options.contract;
  source.use = options.use;
  intake.only = options.only;
  for (const std::string& path : options.paths) intake.paths.emplace_back(path);
  return intake;
}

void PrintJson(const data::IntakeCount& count) {
  const nlohmann::ordered_json out = {{"files", count.files},         {"unchanged", count.unchanged}, {"documents", count.documents},
                                      {"kept", count.kept},           {"filtered", count.filtered},   {"duplicates", count.duplicates},
                                      {"quarantined", count.quarantined}, {"vanished", count.vanished}, {"bytes", count.bytes}};
  fmt::print("{}\n", out.dump(2));
}

void PrintText(const data::IntakeCount& count, const std::string& source) {
  fmt::print("{} files ({}), {} of them unchanged; {} new documents: {} kept, {} filtered, {} duplicates, {} quarantined", count.files,
             HumanBytes(count.bytes), count.unchanged, count.documents, count.kept, count.filtered, count.duplicates, count.quarantined);
  fmt::print("{}\n", count.vanished > 0 ? fmt::format("; {} vanished", count.vanished) : "");
  if (count.quarantined + count.filtered > 0) fmt::print("why: walchen data ls --source {} --state quarantined|filtered\n", source);
}

Result<data::IntakeCount> Add(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const data::Intake intake, IntakeOf(options));
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(ledger::Ledger ledger, MakeLedger(files, home));
  TRY_ASSIGN(const ledger::SubjectKey subjects, OpenSubjectKey(files, home));
  data::ExtractWorker worker;
  const InterruptGuard interrupts;
  const bool shows_progress = !options.shared.quiet && IsTerminal(2);
  data::IntakeOptions how;
  how.extract = [&](const base::Path& file, const std::vector<std::string>& only, const data::TakePart& take) {
    return worker.Extract(file, take, {}, only);
  };
  how.stop_asked = InterruptGuard::Interrupted;
  how.progress = [&](const data::IntakeCount& count, const base::Path& file) {
    if (shows_progress) fmt::print(stderr, "\r\x1b[K{} files, {} kept  {}", count.files, count.kept, Printable(file.filename().native()));
  };
  auto count = data::TakeIn(ledger, files, subjects, intake, how);
  if (shows_progress) fmt::print(stderr, "\r\x1b[K");
  return count;
}

}  // namespace

int RunDataAdd(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen data add", "Take files, folders and archives in: text with its places, licence, findings. What is known and "
                      "unchanged is skipped.");
  arguments.Required("path", options.paths, "Files and folders");
  arguments.Option("--source", options.source, "The name under which they stand in the ledger");
  arguments.Option("--rights", options.rights, "Why they may be used: own-data, licence, contract, public-domain, tdm, consent");
  arguments.Option("--licence", options.licence, "SPDX expression, where the files themselves do not say it");
  arguments.Option("--class", options.source_class, "public_dataset, crawl, third_party, user or synthetic; else as --rights suggests");
  arguments.Option("--purpose", options.purpose, "What they are for");
  arguments.Option("--keep-until", options.keep_until, "A day, 2027-12-31: no training after it");
  arguments.Option("--use", options.use, "evaluation: kept to measure models with, never trained on");
  arguments.Option("--only", options.only, "Of archives only what fits this pattern of paths; may be given several times");
  arguments.Option("--contract", options.contract, "Number of the contract or the consent");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.source.empty()) return arguments.WrongUsage("expected --source NAME");
  if (options.rights.empty()) return arguments.WrongUsage("expected --rights own-data|licence|contract|public-domain|tdm|consent");
  const auto count = Add(options);
  if (!count) return Report("data add", count.error());
  options.shared.json ? PrintJson(*count) : PrintText(*count, options.source);
  return kDone;
}

int RunExtractWorkerCommand(int, char**) { return data::RunExtractWorker(); }

}  // namespace walchen::cli
