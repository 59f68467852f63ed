// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/merge.h"

namespace walchen::cli {
namespace {

void Print(const std::string& from, const data::MergeCount& count, bool json) {
  if (json) {
    const nlohmann::ordered_json out = {{"home", from}, {"documents", count.documents}, {"duplicates", count.duplicates}, {"known", count.known}};
    fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} documents, {} of them like what is here", Printable(from), count.documents, count.duplicates);
  fmt::print("{}\n", count.known > 0 ? fmt::format("; {} were here before", count.known) : "");
}

Result<void> MergeAll(const SharedFlags& flags, const std::vector<std::string>& homes) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(ledger::Ledger ledger, MakeLedger(files, home));
  TRY_ASSIGN(const ledger::SubjectKey subjects, OpenSubjectKey(files, home));
  const InterruptGuard interrupts;
  const bool shows_progress = !flags.quiet && IsTerminal(2);
  for (const std::string& from : homes) {
    const base::Home other_home{base::Path(from)};
    TRY_ASSIGN(const ledger::Ledger other, ReadLedger(other_home));
    TRY_ASSIGN(const ledger::SubjectKey other_subjects, OpenSubjectKey(files, other_home));
    if (!(other_subjects == subjects)) {
      return Fail(ErrorCode::kInvalidArgument, "{}: expected a home with the key of {}, found one with its own; take in there with "
                  "`walchen data add --merge-into {}`", from, home.folder().native(), home.folder().native());
    }
    data::MergeOptions options;
    options.stop_asked = InterruptGuard::Interrupted;
    options.progress = [&](const data::MergeCount& count) {
      if (shows_progress) fmt::print(stderr, "\r\x1b[K{}: {} documents", Printable(from), count.documents);
    };
    auto merged = data::Merge(ledger, subjects, other, options);
    if (shows_progress) fmt::print(stderr, "\r\x1b[K");
    if (!merged) return Forward(merged, from);
    Print(from, *merged, flags.json);
  }
  return {};
}

}  // namespace

int RunDataMerge(int argc, char** argv) {
  SharedFlags flags;
  std::vector<std::string> homes;
  Arguments arguments("walchen data merge", "Take over what other homes took in (docs/cluster.md): many machines read, one home has it all.");
  arguments.Required("home", homes, "Homes in which `walchen data add --merge-into` took files in");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto merged = MergeAll(flags, homes);
  return merged ? kDone : Report("data merge", merged.error());
}

}  // namespace walchen::cli
