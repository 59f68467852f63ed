// SPDX-License-Identifier: Apache-2.0
#include "cli/data_home.h"

#include <fmt/format.h>

#include "cli/terminal.h"
#include "data/forget.h"

namespace walchen::cli {
namespace {

base::Path KeyOf(const base::Home& home) { return home.folder() / "subjects.key"; }

}  // namespace

Result<ledger::Ledger> MakeLedger(base::Files& files, const base::Home& home) {
  TRY(files.MakeFolders(home.shards()));
  TRY_ASSIGN(ledger::Ledger ledger, ledger::Ledger::Open(home.ledger()));
  // A damaged shard must not keep everything else from being done; `walchen data verify` names it too.
  if (const auto finished = data::FinishForgetting(ledger, files, home.shards()); !finished) {
    fmt::print(stderr, "walchen data: not all that was forgotten is out of the shards: {}\n", Printable(finished.error().ToString()));
  }
  return ledger;
}

Result<ledger::Ledger> ReadLedger(const base::Home& home) {
  auto ledger = ledger::Ledger::Open(home.ledger(), {.read_only = true});
  if (!ledger && ledger.error().code() == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, "there is no ledger in {} yet; begin with `walchen data add FOLDER --source NAME --rights own-data`",
                home.folder().native());
  }
  return ledger;
}

Result<ledger::Ledger> OpenLedger(base::Files& files, const base::Home& home) {
  TRY(ReadLedger(home));
  return MakeLedger(files, home);
}

Result<ledger::SubjectKey> OpenSubjectKey(base::Files& files, const base::Home& home) {
  return ledger::SubjectKey::ReadOrMake(files, KeyOf(home));
}

Result<ledger::SubjectKey> ShareSubjectKey(base::Files& files, const base::Home& home, const base::Home& into) {
  TRY(files.MakeFolders(into.folder()));
  return ledger::SubjectKey::Share(files, KeyOf(into), KeyOf(home));
}

}  // namespace walchen::cli
