// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <sodium.h>

#include "ledger/database.h"
#include "ledger/schema.h"
#include "ledger/store.h"

namespace walchen::ledger {
namespace {

constexpr int kLockTries = 1'000;  // 10 ms each
constexpr int kLockPauseMs = 10;

// WAL: readers and a writer do not wait for each other. FULL: a commit is on the disk. DEFENSIVE and trusted_schema: a
// tampered schema cannot run functions; cell_size_check finds a damaged page before it is used. The journal of a large
// change gives its space back.
constexpr const char* kSettings = R"sql(
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
  PRAGMA synchronous = FULL;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;
  PRAGMA cache_size = -65536;
  PRAGMA journal_size_limit = 67108864;
)sql";

// SQLite does not wait for a lock where two make or migrate the same file at once.
template <class Action>
Result<void> Patiently(const Action& action) {
  for (int attempt = 1;; ++attempt) {
    Result<void> done = action();
    if (done || done.error().code() != ErrorCode::kUnavailable || attempt == kLockTries) return done;
    sqlite3_sleep(kLockPauseMs);
  }
}

Result<void> SwitchToWal(Database& database) {
  TRY_ASSIGN(Query query, database.Ask("PRAGMA journal_mode = WAL"));
  TRY_ASSIGN(const bool found, query.Next());
  if (found && query.Text(0) == "wal") return {};
  return Fail(ErrorCode::kIo, "{}: expected a file system on which SQLite can keep a write-ahead log, found none",
              database.path().native());
}

Result<void> MakeFile(base::Files& files, const base::Path& path) {
  if (files.Exists(path)) return {};
  auto file = files.Create(path, 0600);  // an empty file is an empty database
  if (!file && file.error().code() != ErrorCode::kAlreadyExists) return Forward(file);
  return {};
}

bool IsLowerHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

Result<std::vector<std::string>> Ids(Query& query) {
  std::vector<std::string> ids;
  while (true) {
    TRY_ASSIGN(const bool found, query.Next());
    if (!found) return ids;
    ids.emplace_back(query.Text(0));
  }
}

// The root over the leaves of a range, read in order.
Result<Digest> RootOf(Database& database, const LeafRange& range) {
  TRY_ASSIGN(Query query,
             database.Ask("SELECT digest FROM event WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence",
                          range.begin, range.end));
  MerkleTree tree;
  while (true) {
    TRY_ASSIGN(const bool found, query.Next());
    if (!found) break;
    TRY_ASSIGN(const Digest digest, DigestOfBytes(query.Blob(0)));
    tree.Add(digest);
  }
  if (tree.size() == range.end - range.begin) return tree.Root();
  return Fail(ErrorCode::kCorrupt, "{}: events {} to {} have gaps; run walchen data verify", database.path().native(),
              range.begin + 1, range.end);
}

}  // namespace

Result<Ledger> Ledger::Open(const base::Path& path, LedgerOptions options) {
  CHECK(sodium_init() >= 0, "libsodium finds no source of random numbers");
  if (options.read_only) {
    TRY(options.files->Stat(path));
  } else {
    TRY(MakeFile(*options.files, path));
  }
  const int flags = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  TRY_ASSIGN(auto database, Database::Open(path, flags, options.busy_ms));
  sqlite3_db_config(database->handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY(database->Script(kSettings));
  if (options.read_only) {
    TRY(CheckSchema(*database));
    return Ledger(std::move(database), std::move(options));
  }
  TRY(Patiently([&] { return SwitchToWal(*database); }));
  TRY(Patiently([&] { return Migrate(*database); }));
  Ledger ledger(std::move(database), std::move(options));
  TRY_ASSIGN(const bool needs_scrub, ledger.NeedsScrub());
  if (needs_scrub) {
    ledger.database_->set_busy_ms(0);  // whoever is at work now will scrub, or the next one who opens it
    (void)ledger.Scrub();
    ledger.database_->set_busy_ms(ledger.options_.busy_ms);
  }
  return ledger;
}

Ledger::Ledger(std::unique_ptr<Database> database, LedgerOptions options)
    : database_(std::move(database)), options_(std::move(options)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Transaction> Ledger::Begin() {
  CHECK(!database_->in_transaction(), "the last change is still open");
  Transaction transaction(*database_, options_);
  TRY(transaction.Start());
  return transaction;
}

Result<Head> Ledger::Append(NewEvent event) {
  TRY_ASSIGN(Transaction transaction, Begin());
  TRY(transaction.Append(std::move(event)));
  return transaction.Commit();
}

Result<Head> Ledger::AppendCheckpoint() {
  TRY_ASSIGN(Transaction transaction, Begin());
  TRY(transaction.AppendCheckpoint());
  return transaction.Commit();
}

EventReader Ledger::Read(Selection selection) const { return {*database_, std::move(selection)}; }

Result<Event> Ledger::At(uint64_t sequence) const {
  TRY_ASSIGN(Query query,
             database_->Ask("SELECT " WALCHEN_LEDGER_EVENT_COLUMNS " FROM event WHERE sequence = ?1", sequence));
  TRY_ASSIGN(const bool found, query.Next());
  if (!found) return Fail(ErrorCode::kNotFound, "{}: there is no event {}", database_->path().native(), sequence);
  TRY_ASSIGN(Event event, EventOf(query));
  TRY_ASSIGN(event.private_fields, PrivateFieldsOf(*database_, sequence));
  return event;
}

Result<Head> Ledger::LastHead() const { return ReadHead(*database_); }

Result<InclusionProof> Ledger::Prove(uint64_t sequence, uint64_t size) const {
  TRY_ASSIGN(const Head head, LastHead());
  if (sequence < 1 || sequence > size || size > head.sequence) {
    return Fail(ErrorCode::kInvalidArgument, "expected an event from 1 to {} of at most {}, found {}", size,
                head.sequence, sequence);
  }
  InclusionProof proof = {.sequence = sequence, .size = size, .path = {}};
  for (const LeafRange& sibling : SiblingsOf(sequence, size)) {
    TRY_ASSIGN(const Digest digest, RootOf(*database_, sibling));
    proof.path.push_back(digest);
  }
  return proof;
}

Result<std::vector<std::string>> Ledger::AboutSubject(const Digest& token) const {
  TRY_ASSIGN(Query query, database_->Ask("SELECT DISTINCT event.about FROM subject JOIN event ON event.sequence = "
                                         "subject.event WHERE token = ?1 ORDER BY event.about",
                                         BytesOf(token)));
  return Ids(query);
}

Result<std::vector<std::string>> Ledger::AboutContent(std::string_view digits) const {
  if (digits.size() < base::kDocumentPrefixMinDigits || digits.size() > 64 || !IsLowerHex(digits)) {
    return Fail(ErrorCode::kInvalidArgument, "expected {} to 64 hexadecimal digits of a content hash, found {}",
                base::kDocumentPrefixMinDigits, base::Quoted(digits));
  }
  const std::string behind = std::string(digits) + "g";  // the letter after the last digit
  TRY_ASSIGN(Query query, database_->Ask("SELECT DISTINCT event.about FROM private JOIN event ON event.sequence = "
                                         "private.event WHERE private.field = 'content' AND private.value >= ?1 AND "
                                         "private.value < ?2 ORDER BY event.about",
                                         base::AsBytes(digits), base::AsBytes(behind)));
  return Ids(query);
}

Result<Head> Ledger::Erase(std::span<const std::string> ids, std::string_view reason) {
  TRY_ASSIGN(Transaction transaction, Begin());
  for (const std::string& id : ids) TRY(transaction.Erase(id, reason));
  TRY_ASSIGN(const Head head, transaction.Commit());
  TRY(Scrub());
  return head;
}

Result<bool> Ledger::NeedsScrub() const {
  TRY_ASSIGN(const int64_t pending, database_->Number("SELECT count(*) FROM scrub"));
  return pending > 0;
}

namespace {

Result<void> TruncateJournal(Database& database) {
  TRY_ASSIGN(Query query, database.Ask("PRAGMA wal_checkpoint(TRUNCATE)"));
  TRY_ASSIGN(const bool found, query.Next());
  if (found && query.Int(0) == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              "{}: another process is reading the ledger: end it or wait until it is done, then repeat the command",
              database.path().native());
}

}  // namespace

Result<void> Ledger::Scrub() {
  CHECK(!database_->in_transaction(), "a change is still open");
  // Up to here: somebody may erase more meanwhile.
  TRY_ASSIGN(const int64_t last_pending, database_->Number("SELECT max(pending) FROM scrub"));
  if (last_pending == 0) return {};
  Result<void> done = database_->Run("VACUUM");
  if (done) done = TruncateJournal(*database_);
  if (done) done = database_->Run("DELETE FROM scrub WHERE pending <= ?1", last_pending);
  if (done) return {};
  return Fail(done.error().code(),
              "what was erased is gone for readers, but its bytes may still stand in gaps of the file: {}",
              done.error().message());
}

}  // namespace walchen::ledger
