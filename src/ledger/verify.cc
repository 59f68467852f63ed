// SPDX-License-Identifier: Apache-2.0
#include "ledger/verify.h"

#include <unordered_map>

#include "ledger/canonical_json.h"
#include "ledger/checkpoint.h"
#include "ledger/database.h"
#include "ledger/schema.h"
#include "ledger/store.h"

namespace walchen::ledger {
namespace {

using nlohmann::json;

constexpr std::string_view kRestore = "bring back the ledger from a backup";

std::string Short(const Digest& digest) { return HexOf(digest).substr(0, 16); }

class Verification {
 public:
  Verification(Database& database, const VerifyOptions& options) : database_(database), options_(options) {
    for (const KnownHead& known : options.known_heads) known_at_.emplace(known.head.sequence, &known);
  }

  Result<VerifyReport> Run() {
    // A damaged file may fail in any query: what was found until then still counts.
    for (auto step : {&Verification::CheckFile, &Verification::CheckTables, &Verification::LoadDeletions,
                      &Verification::CheckEvents, &Verification::CheckSigner, &Verification::CheckOrphans,
                      &Verification::CheckSubjects, &Verification::CheckScrub}) {
      Result<void> done = (this->*step)();
      if (done) continue;
      if (done.error().code() != ErrorCode::kCorrupt) return Forward(done);
      AddFault(0, done.error().message());
    }
    CheckKnownHeadsBehindTheEnd();
    return std::move(report_);
  }

 private:
  void AddFault(uint64_t sequence, std::string what) {
    if (report_.fault_count++ < static_cast<uint64_t>(base::kLedgerMaxFaults)) {
      report_.faults.push_back({sequence, std::move(what)});
    }
  }

  Result<void> CheckFile() {
    TRY_ASSIGN(Query query, database_.Ask("PRAGMA integrity_check"));
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) break;
      if (query.Text(0) == "ok") continue;
      AddFault(0, fmt::format("SQLite's integrity check: {}; {}", base::Quoted(query.Text(0), 500), kRestore));
    }
    TRY_ASSIGN(const int64_t lost, CountForeignKeyFaults());
    if (lost > 0) AddFault(0, fmt::format("{} rows of private values belong to no event; {}", lost, kRestore));
    return {};
  }

  // A trigger that was added, or an index that was dropped, would change what the program does.
  Result<void> CheckTables() {
    static const std::string expected = FreshTables();
    TRY_ASSIGN(const std::string found, TablesOf(database_));
    if (found != expected) AddFault(0, fmt::format("the tables are not those that this program makes; {}", kRestore));
    return {};
  }

  static std::string FreshTables() {
    auto fresh = Database::Open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, 0);
    CHECK(fresh && Migrate(**fresh), "SQLite cannot make a database in memory");
    auto tables = TablesOf(**fresh);
    CHECK(tables.has_value());
    return std::move(*tables);
  }

  static Result<std::string> TablesOf(Database& database) {
    TRY_ASSIGN(Query query, database.Ask("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"));
    std::string tables;
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) return tables;
      for (int column = 0; column < 4; ++column) tables.append(query.Text(column)).append("\n");
    }
  }

  Result<int64_t> CountForeignKeyFaults() {
    TRY_ASSIGN(Query query, database_.Ask("PRAGMA foreign_key_check"));
    int64_t count = 0;
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) return count;
      ++count;
    }
  }

  // Without the index of kinds, which may be what was changed.
  Result<void> LoadDeletions() {
    TRY_ASSIGN(Query query,
               database_.Ask("SELECT about, sequence FROM event NOT INDEXED WHERE kind = ?1", kDeletionKind));
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) return {};
      // The last one: values that were written before it must be gone.
      deleted_[std::string(query.Text(0))] = static_cast<uint64_t>(query.Int(1));
    }
  }

  Result<void> CheckEvents() {
    TRY_ASSIGN(Query query,
               database_.Ask("SELECT " WALCHEN_LEDGER_EVENT_COLUMNS " FROM event NOT INDEXED ORDER BY sequence"));
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) return {};
      auto event = EventOf(query);
      if (!event) {
        AddFault(static_cast<uint64_t>(query.Int(0)), fmt::format("{}; {}", event.error().message(), kRestore));
        report_.head.sequence = static_cast<uint64_t>(query.Int(0));
        chain_known_ = false;
        tree_broken_ = true;
        continue;
      }
      TRY(CheckEvent(*event));
    }
  }

  Result<void> CheckEvent(const Event& event) {
    CheckChain(event);
    CheckKnownHeadsAt(event);
    auto body = ParseCanonical(event.body);
    if (!body) {
      AddFault(event.sequence, fmt::format("body: {}; {}", body.error().message(), kRestore));
    } else {
      TRY(CheckPrivate(event, *body));
    }
    if (!IsName(event.kind) || (!event.about.empty() && !IsId(event.about))) {
      AddFault(event.sequence, fmt::format("expected a kind and an id, found {} and {}; {}", base::Quoted(event.kind),
                                           base::Quoted(event.about), kRestore));
    }
    if (event.kind == kCheckpointKind) CheckCheckpoint(event);
    tree_.Add(event.digest);
    ++report_.events;
    report_.head = {event.sequence, event.digest};
    chain_known_ = true;
    return {};
  }

  void CheckChain(const Event& event) {
    const Head& last = report_.head;
    if (event.sequence != last.sequence + 1) {
      AddFault(event.sequence,
               fmt::format("expected event {} after event {}, found event {}: what stood between them is gone; {}",
                           last.sequence + 1, last.sequence, static_cast<int64_t>(event.sequence), kRestore));
      tree_broken_ = true;
    } else if (chain_known_ && event.previous != last.digest) {
      AddFault(event.sequence,
               fmt::format("expected to continue event {} of digest {}..., found {}...: one of the two was "
                           "changed or put here; {}",
                           last.sequence, Short(last.digest), Short(event.previous), kRestore));
    }
    const Digest digest = DigestOf(event);
    if (digest != event.digest) {
      AddFault(event.sequence,
               fmt::format("expected digest {}... of what stands there, found {}...: the event was changed; {}",
                           Short(digest), Short(event.digest), kRestore));
    }
  }

  void CheckKnownHeadsAt(const Event& event) {
    const auto [first, last] = known_at_.equal_range(event.sequence);
    for (auto entry = first; entry != last; ++entry) {
      const KnownHead& known = *entry->second;
      if (known.head.digest == event.digest) continue;
      AddFault(event.sequence,
               fmt::format("{} knows this event with digest {}..., found {}...: the ledger was rewritten; {}",
                           known.where, Short(known.head.digest), Short(event.digest), kRestore));
    }
  }

  void CheckKnownHeadsBehindTheEnd() {
    for (const KnownHead& known : options_.known_heads) {
      if (known.head.sequence <= report_.head.sequence) continue;
      AddFault(report_.head.sequence + 1,
               fmt::format("{} knows event {}, but the ledger ends with event {}: its end was cut; {}", known.where,
                           known.head.sequence, report_.head.sequence, kRestore));
    }
  }

  void CheckCheckpoint(const Event& event) {
    ++report_.checkpoints;
    const auto checkpoint = ReadCheckpoint(event.body);
    if (!checkpoint) return AddFault(event.sequence, fmt::format("{}; {}", checkpoint.error().message(), kRestore));
    const bool fits_itself =
        checkpoint->tree.size() + 1 == event.sequence && checkpoint->tree.Root() == checkpoint->root;
    if (!fits_itself || (!tree_broken_ && tree_.Root() != checkpoint->root)) {
      AddFault(event.sequence,
               fmt::format("checkpoint: expected root {}... of the events before it, found {}...: events were "
                           "changed since; {}",
                           Short(tree_.Root()), Short(checkpoint->root), kRestore));
    }
    // What is behind it is judged from it on, so that one changed event is one fault here, not one per checkpoint.
    if (fits_itself) {
      tree_ = checkpoint->tree;
      tree_broken_ = false;
    }
    CheckSignature(event, *checkpoint);
  }

  void CheckSignature(const Event& event, const Checkpoint& checkpoint) {
    const bool holds = SignatureHolds(checkpoint);
    if (holds) ++report_.signatures;
    if (checkpoint.signer && !holds) {
      AddFault(event.sequence, fmt::format("checkpoint: its signature does not hold; {}", kRestore));
    }
    if (!options_.signer) return;
    if (holds && checkpoint.signer == options_.signer) {
      signer_seen_ = true;
    } else if (signer_seen_) {
      AddFault(event.sequence,
               fmt::format("checkpoint: expected a signature with the key that signed earlier ones, found "
                           "{}; {}",
                           checkpoint.signer ? "another key" : "none", kRestore));
    }
  }

  Result<void> CheckSigner() {
    if (options_.signer && !signer_seen_) {
      AddFault(
          0, fmt::format("expected a checkpoint that is signed with the key that was named, found none; {}", kRestore));
    }
    return {};
  }

  // Each salted digest of the body against its row, and each row against the body.
  Result<void> CheckPrivate(const Event& event, const json& body) {
    const auto member = body.find(kPrivateMember);
    const json digests = member == body.end() ? json::object() : *member;
    if (!digests.is_object()) {
      AddFault(event.sequence, fmt::format("body: expected an object as \"{}\"; {}", kPrivateMember, kRestore));
      return {};
    }
    const auto deletion = deleted_.find(event.about);
    const bool erased = !event.about.empty() && deletion != deleted_.end() && event.sequence < deletion->second;
    uint64_t rows = 0;
    TRY_ASSIGN(Query query, database_.Ask("SELECT field, salt, value FROM private WHERE event = ?1", event.sequence));
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) break;
      ++rows;
      CheckValue(event, digests, query);
      if (query.Text(0) == kSubjectsField) TRY(CheckListedSubjects(event.sequence, base::AsText(query.Blob(2))));
      if (erased) {
        AddFault(event.sequence,
                 fmt::format("private field {} of {} is still there, though event {} says it was forgotten: "
                             "forget it again",
                             base::Quoted(query.Text(0)), event.about, deletion->second));
      }
    }
    if (rows >= digests.size()) return {};
    if (erased) {
      report_.erased_values += digests.size() - rows;
    } else {
      AddFault(event.sequence,
               fmt::format("expected {} private values, found {}, and no event says that they were forgotten; {}",
                           digests.size(), rows, kRestore));
    }
    return {};
  }

  void CheckValue(const Event& event, const json& digests, const Query& row) {
    const std::string field(row.Text(0));
    const base::Bytes salt_bytes = row.Blob(1);
    Salt salt{};
    const bool has_salt = salt_bytes.size() == salt.size();
    if (has_salt) std::memcpy(salt.data(), salt_bytes.data(), salt.size());
    const auto digest = digests.find(field);
    const bool fits = has_salt && digest != digests.end() && digest->is_string() &&
                      digest->get<std::string>() == HexOf(SaltedDigest(salt, base::AsText(row.Blob(2))));
    if (fits) {
      ++report_.private_values;
    } else {
      AddFault(event.sequence,
               fmt::format("private field {}: value and salt do not fit the event's digest: they were changed or "
                           "put there; {}",
                           base::Quoted(field), kRestore));
    }
  }

  // Private values of events that are not there at all: foreign keys hold while SQLite writes, not against other hands.
  Result<void> CheckOrphans() {
    TRY_ASSIGN(Query query,
               database_.Ask("SELECT DISTINCT event FROM private WHERE event NOT IN (SELECT sequence FROM event)"));
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) return {};
      AddFault(static_cast<uint64_t>(query.Int(0)), fmt::format("private values without their event; {}", kRestore));
    }
  }

  // Index entries of persons that no private field lists.
  Result<void> CheckSubjects() {
    TRY_ASSIGN(Query query,
               database_.Ask("SELECT DISTINCT event FROM subject WHERE NOT EXISTS (SELECT 1 FROM private WHERE "
                             "private.event = subject.event AND private.field = ?1)",
                             kSubjectsField));
    while (true) {
      TRY_ASSIGN(const bool found, query.Next());
      if (!found) return {};
      AddSubjectFault(static_cast<uint64_t>(query.Int(0)));
    }
  }

  // Those that a private field lists against the index.
  Result<void> CheckListedSubjects(uint64_t sequence, std::string_view list_text) {
    const json list = json::parse(list_text, nullptr, /*allow_exceptions=*/false);
    TRY_ASSIGN(const int64_t indexed, database_.Number("SELECT count(*) FROM subject WHERE event = ?1", sequence));
    bool fits = list.is_array() && list.size() == static_cast<size_t>(indexed);
    for (size_t i = 0; fits && i < list.size(); ++i) {
      const auto token = DigestOfHex(list[i].is_string() ? list[i].get<std::string>() : "");
      if (!token) {
        fits = false;
        break;
      }
      TRY_ASSIGN(const int64_t known, database_.Number("SELECT count(*) FROM subject WHERE token = ?1 AND event = ?2",
                                                       BytesOf(*token), sequence));
      fits = known == 1;
    }
    if (!fits) AddSubjectFault(sequence);
    return {};
  }

  void AddSubjectFault(uint64_t sequence) {
    AddFault(sequence, fmt::format("the index of persons does not fit the event: a request by a person could miss this "
                                   "document; {}",
                                   kRestore));
  }

  Result<void> CheckScrub() {
    TRY_ASSIGN(const int64_t pending, database_.Number("SELECT count(*) FROM scrub"));
    if (pending > 0) {
      AddFault(0,
               "erased values may still stand in gaps of the file, as forgetting was interrupted: run any command that "
               "writes to the ledger while no other uses it");
    }
    return {};
  }

  Database& database_;
  const VerifyOptions& options_;
  VerifyReport report_;
  MerkleTree tree_;
  bool tree_broken_ = false;  // an event is missing: the root of the next checkpoint cannot be told
  bool signer_seen_ = false;  // a checkpoint is signed with the key that was named
  bool chain_known_ = true;   // the digest of the event before could be read
  std::unordered_multimap<uint64_t, const KnownHead*> known_at_;  // by sequence number
  std::unordered_map<std::string, uint64_t> deleted_;             // id -> number of its last deletion event
};

}  // namespace

Result<VerifyReport> Verify(const Ledger& ledger, const VerifyOptions& options) {
  Database& database = ledger.database();
  TRY(database.Run("SAVEPOINT verify"));
  auto report = Verification(database, options).Run();
  (void)database.Run("RELEASE verify");
  return report;
}

}  // namespace walchen::ledger
