// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"
#include "ledger/store.h"

namespace walchen::ledger {
namespace {

// Events read at a time: few enough to hold, enough that the next query does not count.
#define WALCHEN_LEDGER_PAGE " AND sequence > ?1 ORDER BY sequence LIMIT 256"
constexpr std::string_view kAll = "SELECT " WALCHEN_LEDGER_EVENT_COLUMNS " FROM event WHERE true" WALCHEN_LEDGER_PAGE;
// about <> '' is the condition of the index.
constexpr std::string_view kByAbout =
    "SELECT " WALCHEN_LEDGER_EVENT_COLUMNS " FROM event WHERE about <> '' AND about = ?2" WALCHEN_LEDGER_PAGE;
constexpr std::string_view kByKind =
    "SELECT " WALCHEN_LEDGER_EVENT_COLUMNS " FROM event WHERE kind = ?2" WALCHEN_LEDGER_PAGE;
// The + keeps SQLite from the index of kinds: there are more events of a kind than about one thing.
constexpr std::string_view kByBoth = "SELECT " WALCHEN_LEDGER_EVENT_COLUMNS
                                     " FROM event WHERE about <> '' AND about = ?2 AND +kind = ?3" WALCHEN_LEDGER_PAGE;
#undef WALCHEN_LEDGER_PAGE

Result<Query> Ask(Database& database, const Selection& selection) {
  if (selection.about.empty() && selection.kind.empty()) return database.Ask(kAll, selection.after);
  if (selection.kind.empty()) return database.Ask(kByAbout, selection.after, std::string_view(selection.about));
  if (selection.about.empty()) return database.Ask(kByKind, selection.after, std::string_view(selection.kind));
  return database.Ask(kByBoth, selection.after, std::string_view(selection.about), std::string_view(selection.kind));
}

}  // namespace

Result<void> EventReader::Fill() {
  TRY_ASSIGN(Query query, Ask(*database_, selection_));
  while (true) {
    TRY_ASSIGN(const bool found, query.Next());
    if (!found) break;
    TRY_ASSIGN(Event event, EventOf(query));
    if (selection_.with_private) {
      TRY_ASSIGN(event.private_fields, PrivateFieldsOf(*database_, event.sequence));
    }
    events_.push_back(std::move(event));
  }
  if (!events_.empty()) selection_.after = events_.back().sequence;
  std::ranges::reverse(events_);
  return {};
}

Result<std::optional<Event>> EventReader::Next() {
  if (events_.empty()) TRY(Fill());
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.back());
  events_.pop_back();
  return event;
}

}  // namespace walchen::ledger
