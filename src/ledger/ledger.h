// SPDX-License-Identifier: Apache-2.0
//
// The ledger: an append-only, hash-chained list of events (event.h) in one SQLite file. What is written about
// documents, sources and runs stands in it for ever, but for private values, which can be erased without breaking the
// chain.
//
//   TRY_ASSIGN(auto ledger, Ledger::Open(home.folder() / "ledger.db"));
//   TRY_ASSIGN(auto change, ledger.Begin());
//   TRY_ASSIGN(const uint64_t sequence, change.Append({.kind = "document", .about = NewId(), ...}));
//   TRY_ASSIGN(const Head head, change.Commit());
//
// Durable: what Commit acknowledged survives a crash of the process and of the machine; what it did not is gone as a
// whole. Several processes may have a ledger open; one writes at a time, others wait for it (kUnavailable after
// `busy_ms`). A Ledger and all it hands out belong to one thread; open another for another thread. Not to be used in a
// process that was forked after Open.
//
// Errors of all functions here: kResourceExhausted (disk full), kUnavailable, kCorrupt (run Verify), kPermissionDenied,
// kIo; others stand with the function.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/status.h"
#include "ledger/event.h"
#include "ledger/merkle.h"
#include "ledger/signing_key.h"

namespace walchen::ledger {

class Database;
class Transaction;

struct LedgerOptions {
  bool read_only = false;
  base::Clock* clock = &base::Clock::Os();  // outlives the ledger
  base::Files* files = &base::Files::Os();  // outlives the ledger
  int64_t busy_ms = base::kLedgerBusyMs;
  uint64_t checkpoint_every = 1'024;           // events from one checkpoint to the next; 0: on demand only
  std::optional<SigningKey> signing_key = {};  // signs checkpoints
};

// Which events a reader shows.
struct Selection {
  std::string about = {};    // empty: all
  std::string kind = {};     // empty: all
  uint64_t after = 0;        // only events of a higher sequence number
  bool with_private = true;  // fills Event::private_fields
};

// Events in order of their number. Reads some at a time and holds no lock in between, so the ledger may be written
// meanwhile; what is appended before the end is reached is shown too. Must not outlive its Ledger.
class EventReader {
 public:
  EventReader(Database& database, Selection selection) : database_(&database), selection_(std::move(selection)) {}
  // Nothing behind the last event.
  Result<std::optional<Event>> Next();

 private:
  Result<void> Fill();

  Database* database_;
  Selection selection_;
  std::vector<Event> events_;  // in reverse, so that the next one is at the back
};

class Ledger {
 public:
  // A new ledger, readable by this user only, where there is no file; an older one is brought up to date.
  // Errors: kNotFound (read_only, no file), kUnsupported (of a later Walchen), kInvalidArgument (no ledger).
  static Result<Ledger> Open(const base::Path& path, LedgerOptions options = {});
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // Begins a change; must not outlive the ledger. One at a time: waits for other writers.
  Result<Transaction> Begin();
  // One event as a change of its own. Returns it as the new head.
  Result<Head> Append(NewEvent event);
  // A checkpoint (checkpoint.h) of all events so far, at once.
  Result<Head> AppendCheckpoint();

  EventReader Read(Selection selection = {}) const;
  // Errors: kNotFound.
  Result<Event> At(uint64_t sequence) const;
  Result<Head> LastHead() const;

  // A proof that an event is among the first `size`, as they were when a checkpoint of this size was written. Reads all
  // digests. Errors: kInvalidArgument (no such event).
  Result<InclusionProof> Prove(uint64_t sequence, uint64_t size) const;

  // Ids of what has an event with this subject token (subject.h), sorted.
  Result<std::vector<std::string>> AboutSubject(const Digest& token) const;
  // Ids of documents whose content hash begins with these lower-case hexadecimal digits, sorted. Forgotten documents
  // are not found any more. Errors: kInvalidArgument (fewer than kDocumentPrefixMinDigits, or others than digits).
  Result<std::vector<std::string>> AboutContent(std::string_view digits) const;

  // Erases the private values of all events about these ids and appends a deletion event for each, then scrubs.
  // Errors: kNotFound (no event about one of them: nothing is erased), those of Scrub (all is erased, but not
  // scrubbed).
  Result<Head> Erase(std::span<const std::string> ids, std::string_view reason);

  // Rewrites the file so that nothing that was erased stands in it or its journal, where SQLite's secure_delete leaves
  // some in the gaps of rebuilt pages. Does nothing when nothing was erased since the last time. Takes time and free
  // disk space for a copy of the file. Open tries it when a crash came between Erase and Scrub. Errors: kUnavailable
  // (others read or write the ledger).
  Result<void> Scrub();
  // Whether erased bytes may still stand in the file.
  Result<bool> NeedsScrub() const;

  // For this library's own functions.
  Database& database() const { return *database_; }

 private:
  Ledger(std::unique_ptr<Database> database, LedgerOptions options);

  std::unique_ptr<Database> database_;
  LedgerOptions options_;
};

// A change of many events: all of them or none. Without Commit nothing happened. Commit every few thousand documents:
// other writers wait so long. kInvalidArgument, kTooLarge and kNotFound leave it as it was before the call; after
// another error it is over, nothing of it was kept, and further calls fail.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // The event's number. Errors: kInvalidArgument (a malformed name, id or value; a private value about something that
  // was forgotten), kTooLarge.
  Result<uint64_t> Append(NewEvent event);
  // The number of the checkpoint event; of the last one where nothing was appended since.
  Result<uint64_t> AppendCheckpoint();
  // Erases the private values of all earlier events about `id` and appends the deletion event, whose number it returns.
  // `reason` stays for ever: nothing personal. Call Ledger::Scrub after Commit. Errors: kNotFound.
  Result<uint64_t> Erase(std::string_view id, std::string_view reason);

  // Makes it durable. Call at most once, last.
  Result<Head> Commit();

 private:
  friend class Ledger;
  struct Entry;
  Transaction(Database& database, LedgerOptions options) : database_(&database), options_(std::move(options)) {}

  Result<void> Start();
  Result<Entry> Prepare(NewEvent event) const;
  Result<void> Insert(Entry& entry);
  Result<bool> IsForgotten(std::string_view id);
  Result<MerkleTree> Tree();
  Result<void> EraseValues(std::string_view id);
  // Hands on `result`; rolls back where it is an error.
  template <class T>
  Result<T> Kept(Result<T> result);
  void RollBack();

  Database* database_;  // null: over
  LedgerOptions options_;
  Head head_;
  uint64_t last_checkpoint_ = 0;
};

}  // namespace walchen::ledger
