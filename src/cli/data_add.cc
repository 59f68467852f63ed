// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/threads.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/rights_choice.h"
#include "cli/terminal.h"
#include "data/extract_worker.h"
#include "data/intake.h"
#include "data/raw_files.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::vector<std::string> paths;
  std::string source, rights, licence, source_class, purpose, keep_until, contract, use, merge_into;
  std::string personal_data = "mask", because;
  int jobs = 0;  // 0: as many as there are CPUs
  bool watch = false;
  std::vector<std::string> only;
};

Result<data::FindingPolicy> PolicyOf(std::string_view name) {
  if (name == "mask") return data::FindingPolicy::kMask;
  if (name == "drop") return data::FindingPolicy::kDrop;
  if (name == "keep") return data::FindingPolicy::kKeep;
  return Fail(ErrorCode::kInvalidArgument, "--personal-data: expected mask, drop or keep, found {}", base::Quoted(name));
}

Result<data::Intake> IntakeOf(const Options& options) {
  data::Intake intake;
  ledger::Source& source = intake.source;
  TRY_ASSIGN(source.basis, RightsChoice(options.rights));
  source.source_class = UsualSourceClass(*source.basis);
  if (!options.source_class.empty()) {
    TRY_ASSIGN(source.source_class, Choice<ledger::SourceClass>("--class", options.source_class));
  }
  source.name = options.source;
  source.licence = options.licence;
  source.purpose = options.purpose;
  source.keep_until = options.keep_until;
  source.contract = options.contract;
  source.use = options.use;
  TRY_ASSIGN(intake.personal_data, PolicyOf(options.personal_data));
  intake.personal_data_reason = options.because;
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
  for (const auto& [state, documents] : {std::pair("quarantined", count.quarantined), std::pair("filtered", count.filtered)}) {
    if (documents > 0) fmt::print("why: walchen data ls --source {} --state {}\n", source, state);
  }
}

// Takes in what there is now.
class Adder {
 public:
  Adder(const Options& options, data::Intake intake, ledger::Ledger ledger, ledger::SubjectKey subjects)
      : options_(options), intakes_{std::move(intake)}, ledger_(std::move(ledger)), subjects_(std::move(subjects)),
        shows_progress_(!options.shared.quiet && IsTerminal(2)) {}

  Result<void> Add() {
    data::IntakeOptions how;
    how.make_extract = data::ExtractInWorkers();
    how.threads = options_.jobs > 0 ? options_.jobs : base::AvailableCpus();
    how.stop_asked = InterruptGuard::Interrupted;
    how.progress = [&](const data::IntakeCount& count, const base::Path& file) {
      if (shows_progress_) fmt::print(stderr, "\r\x1b[K{} files, {} kept  {}", count.files, count.kept, Printable(file.filename().native()));
    };
    auto counts = data::TakeIn(ledger_, files_, subjects_, intakes_, how);
    if (shows_progress_) fmt::print(stderr, "\r\x1b[K");
    if (!counts) return Forward(counts);
    options_.shared.json ? PrintJson(counts->front()) : PrintText(counts->front(), options_.source);
    std::fflush(stdout);
    return {};
  }

  // Again whenever files have changed, until it is interrupted. A file that was written in the last seconds may still be written.
  Result<void> Watch() {
    std::string taken;
    while (!InterruptGuard::Interrupted()) {
      TRY_ASSIGN(std::string now, data::StateOfFiles(files_, intakes_.front().paths));
      std::this_thread::sleep_for(kWatchPause);
      TRY_ASSIGN(const std::string later, data::StateOfFiles(files_, intakes_.front().paths));
      if (now != later || now == taken) continue;
      auto added = Add();
      if (!added && added.error().code() == ErrorCode::kCancelled) break;
      TRY(added);
      taken = std::move(now);
    }
    return {};
  }

 private:
  static constexpr auto kWatchPause = std::chrono::seconds(2);

  const Options& options_;
  const std::vector<data::Intake> intakes_;
  base::Files& files_ = base::Files::Os();
  ledger::Ledger ledger_;
  ledger::SubjectKey subjects_;
  const bool shows_progress_;
};

Result<void> Add(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(data::Intake intake, IntakeOf(options));
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(ledger::Ledger ledger, MakeLedger(files, home));
  const bool is_for_another = !options.merge_into.empty();
  TRY_ASSIGN(ledger::SubjectKey subjects, is_for_another ? ShareSubjectKey(files, home, base::Home(options.merge_into)) : OpenSubjectKey(files, home));
  const InterruptGuard interrupts;
  Adder adder(options, std::move(intake), std::move(ledger), std::move(subjects));
  return options.watch ? adder.Watch() : adder.Add();
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
  arguments.Option("--personal-data", options.personal_data, "mask (as is usual), drop (the whole document) or keep, for which there has to be a reason");
  arguments.Option("--because", options.because, "The reason to keep personal data");
  arguments.Option("--merge-into", options.merge_into, "The home that `walchen data merge` will take this one's documents over into");
  arguments.Option("--jobs", options.jobs, "Threads that read files; 0: one for each CPU", Range{0, 256});
  arguments.Flag("--watch", options.watch, "Goes on, and takes in what changes, until Ctrl-C");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.source.empty()) return arguments.WrongUsage("expected --source NAME");
  if (options.rights.empty()) return arguments.WrongUsage("expected --rights own-data|licence|contract|public-domain|tdm|consent");
  const auto added = Add(options);
  return added ? kDone : Report("data add", added.error());
}

int RunExtractWorkerCommand(int, char**) { return data::RunExtractWorker(); }

}  // namespace walchen::cli
