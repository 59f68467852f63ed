// SPDX-License-Identifier: Apache-2.0
#include "ledger/store.h"

namespace walchen::ledger {

Result<Digest> DigestOfBytes(base::Bytes bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) {
    return Fail(ErrorCode::kCorrupt, "expected a digest of {} bytes, found {}; run walchen data verify", digest.size(),
                bytes.size());
  }
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

Result<Event> EventOf(const Query& row) {
  Event event;
  event.sequence = static_cast<uint64_t>(row.Int(0));
  event.time_ms = row.Int(1);
  event.kind = row.Text(2);
  event.about = row.Text(3);
  event.body = row.Text(4);
  TRY_ASSIGN(event.previous, DigestOfBytes(row.Blob(5)));
  TRY_ASSIGN(event.digest, DigestOfBytes(row.Blob(6)));
  return event;
}

Result<std::vector<PrivateField>> PrivateFieldsOf(Database& database, uint64_t sequence) {
  TRY_ASSIGN(Query query, database.Ask("SELECT field, value FROM private WHERE event = ?1 ORDER BY field", sequence));
  std::vector<PrivateField> fields;
  while (true) {
    TRY_ASSIGN(const bool found, query.Next());
    if (!found) return fields;
    fields.push_back({std::string(query.Text(0)), std::string(base::AsText(query.Blob(1)))});
  }
}

Result<Head> ReadHead(Database& database) {
  TRY_ASSIGN(Query query, database.Ask("SELECT sequence, digest FROM event ORDER BY sequence DESC LIMIT 1"));
  TRY_ASSIGN(const bool found, query.Next());
  Head head;
  if (!found) return head;
  head.sequence = static_cast<uint64_t>(query.Int(0));
  TRY_ASSIGN(head.digest, DigestOfBytes(query.Blob(1)));
  return head;
}

}  // namespace walchen::ledger
