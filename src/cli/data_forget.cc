// SPDX-License-Identifier: Apache-2.0
//
// `walchen data forget` and `walchen data subject`: what is known of a person or document, and how it goes.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "data/forget.h"
#include "ledger/documents.h"

namespace walchen::cli {
namespace {

// Documents that a request means: one by its hash, or all that hold data of a person.
Result<std::vector<std::string>> Meant(base::Files& files, const base::Home& home, const ledger::Ledger& ledger, const std::string& digits,
                                       const std::string& subject) {
  if (subject.empty()) {
    TRY_ASSIGN(std::string id, ledger::FindDocument(ledger, digits));
    return std::vector<std::string>{std::move(id)};
  }
  TRY_ASSIGN(const ledger::SubjectKey key, OpenSubjectKey(files, home));
  TRY_ASSIGN(const ledger::Digest token, key.TokenOf(subject));
  TRY_ASSIGN(std::vector<std::string> ids, ledger.AboutSubject(token));
  if (ids.empty()) return Fail(ErrorCode::kNotFound, "no document is known to hold data of this subject");
  return ids;
}

struct Known {
  std::string id, path, state;
  std::vector<std::string> runs, models;
};

Result<std::vector<Known>> Describe(const ledger::Ledger& ledger, const std::vector<std::string>& ids) {
  std::vector<Known> all;
  for (const std::string& id : ids) {
    auto document = ledger::DocumentOf(ledger, id);
    if (!document && document.error().code() == ErrorCode::kNotFound) continue;  // a decision
    if (!document) return Forward(document);
    TRY_ASSIGN(const ledger::DocumentState state, ledger::StateOf(ledger, id));
    TRY_ASSIGN(const ledger::Spread spread, ledger::SpreadOf(ledger, id));
    TRY_ASSIGN(std::string path, PathOf(ledger, *document));
    Known known = {.id = id, .path = std::move(path), .state = std::string(ledger::StateName(state)), .runs = spread.runs, .models = {}};
    for (const ledger::Model& model : spread.models) known.models.push_back(model.sha256);
    all.push_back(std::move(known));
  }
  return all;
}

void PrintKnown(const std::vector<Known>& all, bool json) {
  auto list = nlohmann::ordered_json::array();
  for (const Known& known : all) {
    list.push_back({{"id", known.id}, {"path", known.path}, {"state", known.state}, {"runs", known.runs}, {"models", known.models}});
    if (json) continue;
    fmt::print("{}  {:<11} {}\n", known.id, known.state, Printable(known.path));
    for (const std::string& run : known.runs) fmt::print("    seen by run {}\n", run);
    for (const std::string& model : known.models) fmt::print("    in model {}\n", model);
  }
  if (json) fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Only a person at a terminal is asked, who typed some digits and sees here what they mean; a script said what it wants.
Result<bool> Confirmed(const ledger::Ledger& ledger, const std::vector<std::string>& ids) {
  if (!IsTerminal(STDIN_FILENO)) return true;
  constexpr size_t kNamedMax = 10;
  const auto named = ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), kNamedMax));
  TRY_ASSIGN(const std::vector<Known> known, Describe(ledger, {ids.begin(), named}));
  for (const Known& one : known) fmt::print(stderr, "{}  {:<11} {}\n", one.id, one.state, Printable(one.path));
  if (named != ids.end()) fmt::print(stderr, "and {} more\n", ids.end() - named);
  fmt::print(stderr, "Forget {} documents for good? There is no way back. Type yes: ", ids.size());
  TRY_ASSIGN(const auto answer, ReadLine(stdin, 64));
  const bool confirmed = answer && *answer == "yes";
  if (!confirmed) fmt::print(stderr, "Nothing was forgotten.\n");
  return confirmed;
}

Result<int> ForgetMeant(const SharedFlags& flags, const std::string& digits, const std::string& subject, const std::string& reason) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(ledger::Ledger ledger, OpenLedger(files, home));
  TRY_ASSIGN(const ledger::SubjectKey subjects, OpenSubjectKey(files, home));
  TRY_ASSIGN(const std::vector<std::string> ids, Meant(files, home, ledger, digits, subject));
  TRY_ASSIGN(const std::vector<std::string> all, data::WithRelated(ledger, ids));
  TRY_ASSIGN(const bool confirmed, Confirmed(ledger, all));
  if (!confirmed) return kInterrupted;
  TRY_ASSIGN(const data::Forgotten forgotten, data::Forget(ledger, files, subjects, home.shards(), ids, reason));
  if (flags.json) {
    const nlohmann::ordered_json out = {{"forgotten", forgotten.ids}, {"shards", forgotten.shards}, {"runs", forgotten.runs},
                                        {"models", forgotten.models}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return kDone;
  }
  fmt::print("forgotten: {} documents; {} shards were rewritten\n", forgotten.ids.size(), forgotten.shards.size());
  for (const std::string& run : forgotten.runs) fmt::print("run {} saw them: train it again\n", run);
  for (const std::string& model : forgotten.models) fmt::print("model {} learned from them: replace it\n", model);
  return kDone;
}

}  // namespace

int RunDataForget(int argc, char** argv) {
  SharedFlags flags;
  std::string digits, subject, reason = "on request";
  Arguments arguments("walchen data forget", "Remove a document, or all that hold data of a person: content, findings, text, tokens in "
                      "shards. What stays is that something was there, and which runs and models saw it.");
  arguments.Optional("hash", digits, "SHA-256 of the file, its first digits, or the document's id");
  arguments.Option("--subject", subject, "A mail address, a name, a number: all documents that hold it");
  arguments.Option("--reason", reason, "Stands in the ledger for ever; nothing personal");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (digits.empty() == subject.empty()) return arguments.WrongUsage("expected either a hash or --subject TEXT");
  const auto done = ForgetMeant(flags, digits, subject, reason);
  return done ? *done : Report("data forget", done.error());
}

int RunDataSubject(int argc, char** argv) {
  SharedFlags flags;
  std::string subject;
  Arguments arguments("walchen data subject", "Which documents, runs and models hold data of a person (Art. 15 GDPR). Nothing is deleted.");
  arguments.Required("text", subject, "A mail address, a name, a number");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto describe = [&]() -> Result<std::vector<Known>> {
    TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
    TRY_ASSIGN(const ledger::Ledger ledger, ReadLedger(home));
    TRY_ASSIGN(const std::vector<std::string> ids, Meant(base::Files::Os(), home, ledger, "", subject));
    return Describe(ledger, ids);
  };
  const auto known = describe();
  if (!known) return Report("data subject", known.error());
  PrintKnown(*known, flags.json);
  return kDone;
}

}  // namespace walchen::cli
