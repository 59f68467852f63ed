// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "ledger/canonical_json.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/store.h"

namespace walchen::ledger {

// An event with all its rows, ready to be written.
struct Transaction::Entry {
  struct Value {
    std::string field;
    Salt salt;
    std::string value;
  };
  Event event;
  std::vector<Value> values;
  std::vector<Digest> subjects;
};

namespace {

tl::unexpected<Error> Over() {
  return Fail(ErrorCode::kCancelled, "this change of the ledger ended with an error before; nothing of it was kept");
}

// The subject table as a private value, so that a changed row of it is found out.
std::string SubjectsText(std::span<const Digest> sorted) {
  nlohmann::json list = nlohmann::json::array();
  for (const Digest& token : sorted) list.push_back(HexOf(token));
  return list.dump();
}

Result<void> CheckFields(const NewEvent& event) {
  if (!IsName(event.kind)) {
    return Fail(ErrorCode::kInvalidArgument, "expected a kind of [a-z0-9_], found {}", base::Quoted(event.kind));
  }
  if (!event.about.empty() && !IsId(event.about)) {
    return Fail(ErrorCode::kInvalidArgument, "expected an id of 32 hexadecimal digits, found {}",
                base::Quoted(event.about));
  }
  if (!event.body.is_object() || event.body.contains(kPrivateMember)) {
    return Fail(ErrorCode::kInvalidArgument,
                "expected the body of a {} event to be a JSON object without a member \"{}\"", event.kind,
                kPrivateMember);
  }
  if (event.private_fields.size() + 1 > static_cast<size_t>(base::kLedgerPrivateMaxFields)) {
    return Fail(ErrorCode::kTooLarge, "expected fewer than {} private fields, found {}", base::kLedgerPrivateMaxFields,
                event.private_fields.size());
  }
  for (const PrivateField& field : event.private_fields) {
    if (!IsName(field.name) || field.name == kSubjectsField) {
      return Fail(ErrorCode::kInvalidArgument, "expected a private field of another name than {}",
                  base::Quoted(field.name));
    }
    if (field.value.size() > static_cast<size_t>(base::kLedgerPrivateMaxBytes)) {
      return Fail(ErrorCode::kTooLarge, "{}: expected at most {} bytes, found {}", field.name,
                  base::kLedgerPrivateMaxBytes, field.value.size());
    }
  }
  return {};
}

}  // namespace

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      options_(std::move(other.options_)),
      head_(other.head_),
      last_checkpoint_(other.last_checkpoint_) {}

Transaction::~Transaction() { RollBack(); }

void Transaction::RollBack() {
  // SQLite has rolled back by itself after some errors.
  if (database_ != nullptr && database_->in_transaction()) (void)database_->Run("ROLLBACK");
  database_ = nullptr;
}

template <class T>
Result<T> Transaction::Kept(Result<T> result) {
  if (!result) RollBack();
  return result;
}

Result<void> Transaction::Start() {
  auto begun = database_->Run("BEGIN IMMEDIATE");
  if (!begun) {
    database_ = nullptr;
    return begun;
  }
  TRY_ASSIGN(head_, ReadHead(*database_));
  TRY_ASSIGN(const int64_t last, database_->Number("SELECT max(sequence) FROM event WHERE kind = ?1", kCheckpointKind));
  last_checkpoint_ = static_cast<uint64_t>(last);
  return {};
}

Result<Transaction::Entry> Transaction::Prepare(NewEvent event) const {
  TRY(CheckFields(event));
  Entry entry;
  entry.subjects = std::move(event.subjects);
  std::ranges::sort(entry.subjects);
  entry.subjects.erase(std::ranges::unique(entry.subjects).begin(), entry.subjects.end());
  if (!entry.subjects.empty()) {
    event.private_fields.push_back({std::string(kSubjectsField), SubjectsText(entry.subjects)});
  }
  nlohmann::json digests = nlohmann::json::object();
  for (PrivateField& field : event.private_fields) {
    const Salt salt = RandomSalt();
    if (digests.contains(field.name)) {
      return Fail(ErrorCode::kInvalidArgument, "expected one private field {}, found two", field.name);
    }
    digests[field.name] = HexOf(SaltedDigest(salt, field.value));
    entry.values.push_back({std::move(field.name), salt, std::move(field.value)});
  }
  if (!digests.empty()) event.body[kPrivateMember] = std::move(digests);
  auto body = CanonicalJson(event.body);
  if (!body) return Forward(body, event.kind);
  if (body->size() > static_cast<size_t>(base::kLedgerBodyMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "{}: expected a body of at most {} bytes, found {}", event.kind,
                base::kLedgerBodyMaxBytes, body->size());
  }
  entry.event.time_ms = options_.clock->WallMs();
  entry.event.kind = std::move(event.kind);
  entry.event.about = std::move(event.about);
  entry.event.body = std::move(*body);
  return entry;
}

Result<void> Transaction::Insert(Entry& entry) {
  Event& event = entry.event;
  event.sequence = head_.sequence + 1;
  event.previous = head_.digest;
  event.digest = DigestOf(event);
  const base::Bytes previous = BytesOf(event.previous), digest = BytesOf(event.digest);
  TRY(database_->Run("INSERT INTO event (" WALCHEN_LEDGER_EVENT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                     event.sequence, event.time_ms, std::string_view(event.kind), std::string_view(event.about),
                     std::string_view(event.body), previous, digest));
  for (const Entry::Value& value : entry.values) {
    TRY(database_->Run("INSERT INTO private (event, field, salt, value) VALUES (?1, ?2, ?3, ?4)", event.sequence,
                       std::string_view(value.field), BytesOf(value.salt), base::AsBytes(value.value)));
  }
  for (const Digest& token : entry.subjects) {
    TRY(database_->Run("INSERT INTO subject (token, event) VALUES (?1, ?2)", BytesOf(token), event.sequence));
  }
  head_ = {event.sequence, event.digest};
  return {};
}

Result<bool> Transaction::IsForgotten(std::string_view id) {
  TRY_ASSIGN(const int64_t deletions,
             database_->Number("SELECT count(*) FROM event WHERE about <> '' AND about = ?1 AND +kind = ?2", id,
                               kDeletionKind));
  return deletions > 0;
}

Result<uint64_t> Transaction::Append(NewEvent event) {
  if (database_ == nullptr) return Over();
  TRY_ASSIGN(Entry entry, Prepare(std::move(event)));
  if (!entry.values.empty() && !entry.event.about.empty()) {
    TRY_ASSIGN(const bool forgotten, Kept(IsForgotten(entry.event.about)));
    if (forgotten) {
      return Fail(ErrorCode::kInvalidArgument,
                  "{} was forgotten: nothing private may be written about it; a document that comes again is a new one",
                  entry.event.about);
    }
  }
  TRY(Kept(Insert(entry)));
  const uint64_t sequence = head_.sequence;
  if (options_.checkpoint_every != 0 && sequence - last_checkpoint_ >= options_.checkpoint_every)
    TRY(AppendCheckpoint());
  return sequence;
}

Result<MerkleTree> Transaction::Tree() {
  MerkleTree tree;
  if (last_checkpoint_ > 0) {
    TRY_ASSIGN(Query body, database_->Ask("SELECT body FROM event WHERE sequence = ?1", last_checkpoint_));
    TRY(body.Next());
    auto checkpoint = ReadCheckpoint(body.Text(0));
    if (!checkpoint || checkpoint->tree.size() + 1 != last_checkpoint_) {
      return Fail(ErrorCode::kCorrupt, "{}: event {} is a damaged checkpoint: run walchen data verify",
                  database_->path().native(), last_checkpoint_);
    }
    tree = std::move(checkpoint->tree);
  }
  TRY_ASSIGN(Query query,
             database_->Ask("SELECT digest FROM event WHERE sequence > ?1 ORDER BY sequence", tree.size()));
  while (true) {
    TRY_ASSIGN(const bool found, query.Next());
    if (!found) return tree;
    TRY_ASSIGN(const Digest digest, DigestOfBytes(query.Blob(0)));
    tree.Add(digest);
  }
}

Result<uint64_t> Transaction::AppendCheckpoint() {
  if (database_ == nullptr) return Over();
  if (last_checkpoint_ == head_.sequence) return head_.sequence;
  TRY_ASSIGN(const MerkleTree tree, Kept(Tree()));
  const SigningKey* key = options_.signing_key ? &*options_.signing_key : nullptr;
  TRY_ASSIGN(Entry entry, Prepare({.kind = std::string(kCheckpointKind), .body = CheckpointBody(tree, key)}));
  TRY(Kept(Insert(entry)));
  last_checkpoint_ = head_.sequence;
  return head_.sequence;
}

Result<void> Transaction::EraseValues(std::string_view id) {
  TRY(database_->Run("DELETE FROM subject WHERE event IN (SELECT sequence FROM event WHERE about <> '' AND about = ?1)",
                     id));
  TRY(database_->Run("DELETE FROM private WHERE event IN (SELECT sequence FROM event WHERE about <> '' AND about = ?1)",
                     id));
  return database_->Run("INSERT INTO scrub (pending) VALUES (?1)", head_.sequence + 1);  // the deletion event's number
}

Result<uint64_t> Transaction::Erase(std::string_view id, std::string_view reason) {
  if (database_ == nullptr) return Over();
  TRY_ASSIGN(const int64_t events,
             Kept(database_->Number("SELECT count(*) FROM event WHERE about <> '' AND about = ?1", id)));
  if (events == 0) return Fail(ErrorCode::kNotFound, "there is no event about {}", base::Quoted(id));
  NewEvent deletion = {.kind = std::string(kDeletionKind), .about = std::string(id), .body = {{"reason", reason}}};
  TRY_ASSIGN(Entry entry, Prepare(std::move(deletion)));
  TRY(Kept(EraseValues(id)));
  TRY(Kept(Insert(entry)));
  return head_.sequence;
}

Result<Head> Transaction::Commit() {
  if (database_ == nullptr) return Over();
  TRY(Kept(database_->Run("COMMIT")));
  database_ = nullptr;
  return head_;
}

}  // namespace walchen::ledger
