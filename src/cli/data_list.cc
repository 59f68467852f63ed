// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "ledger/documents.h"

namespace walchen::cli {
namespace {

// What the last event that decided says of its reason.
Result<std::string> WhyOf(const ledger::Ledger& ledger, const ledger::ListedDocument& listed) {
  std::string why;
  if (listed.state == ledger::DocumentState::kKept) return why;  // most are, and their lives hold their texts
  TRY_ASSIGN(const std::vector<ledger::Event> life, ledger::LifeOf(ledger, listed.id));
  for (const ledger::Event& event : life) {
    if (event.kind == ledger::Quarantined::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Quarantined>(event));
      why = record.detail.empty() ? record.reason : fmt::format("{}: {}", record.reason, record.detail);
    } else if (event.kind == ledger::Filtered::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Filtered>(event));
      why = fmt::format("{}: {}", record.filter, record.reason);
    } else if (event.kind == ledger::Duplicate::kKind) {
      TRY_ASSIGN(const auto record, ledger::FromEvent<ledger::Duplicate>(event));
      why = fmt::format("the same as {}, {:.1f} %", record.of, static_cast<double>(record.permille) / 10);
    }
  }
  return why;
}

// "manuals.zip » pump/manual.pdf"; empty where the document was forgotten.
Result<std::string> PathOf(const ledger::Ledger& ledger, const ledger::Document& document) {
  if (document.path.empty()) return std::string();
  std::string path = document.path;
  std::string parent = document.parent;
  while (!parent.empty()) {
    TRY_ASSIGN(const ledger::Document above, ledger::DocumentOf(ledger, parent));
    path = above.path + " » " + path;
    parent = above.parent;
  }
  return path;
}

Result<void> List(const SharedFlags& flags, const ledger::DocumentFilter& filter) {
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(const ledger::Ledger ledger, ReadLedger(home));
  ledger::DocumentReader documents(ledger, filter);
  auto list = nlohmann::ordered_json::array();
  while (true) {
    TRY_ASSIGN(const auto listed, documents.Next());
    if (!listed) break;
    TRY_ASSIGN(const std::string why, WhyOf(ledger, *listed));
    TRY_ASSIGN(const std::string path, PathOf(ledger, listed->document));
    if (!flags.json) {
      fmt::print("{:<12} {:<11} {:<12} {}{}\n", listed->document.content.empty() ? "-" : listed->document.content.substr(0, 12), ledger::StateName(listed->state),
                 listed->document.source, path.empty() ? "-" : Printable(path), why.empty() ? "" : "  (" + Printable(why) + ")");
      continue;
    }
    list.push_back({{"id", listed->id}, {"sha256", listed->document.content}, {"state", ledger::StateName(listed->state)},
                    {"source", listed->document.source}, {"path", path}, {"media_type", listed->document.media_type},
                    {"modality", listed->document.modality}, {"bytes", listed->document.bytes}, {"title", listed->document.title},
                    {"why", why}});
  }
  if (flags.json) fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return {};
}

std::optional<ledger::DocumentState> StateNamed(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ledger::DocumentState::kForgotten); ++i) {
    if (ledger::StateName(static_cast<ledger::DocumentState>(i)) == name) return static_cast<ledger::DocumentState>(i);
  }
  return std::nullopt;
}

}  // namespace

int RunDataList(int argc, char** argv) {
  SharedFlags flags;
  ledger::DocumentFilter filter;
  std::string state;
  Arguments arguments("walchen data ls", "List every document that was ever taken in, with what became of it.");
  arguments.Option("--source", filter.source, "Only those of this source");
  arguments.Option("--state", state, "Only those that are kept, filtered, duplicate, quarantined, vanished or forgotten");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (!state.empty()) {
    filter.state = StateNamed(state);
    if (!filter.state) return arguments.WrongUsage("--state: expected kept, filtered, duplicate, quarantined, vanished or forgotten");
  }
  const auto listed = List(flags, filter);
  return listed ? kDone : Report("data ls", listed.error());
}

}  // namespace walchen::cli
