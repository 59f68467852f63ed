// SPDX-License-Identifier: Apache-2.0
//
// A shard: the tokens of many documents in one file that a trainer maps and reads anywhere.
//
//   header     magic "walshard", version, sizes (64 bytes)
//   facts      canonical JSON: whose tokens they are, by which tokenizer, from which ledger
//   tokens     2 or 4 bytes each, all documents in a row
//   documents  by place: id, first token, number of tokens, whether it was erased (40 bytes each)
//   digests    SHA-256 of each MiB of what stands before; the shard's own digest is that of header and digests
//
// A written shard never changes, but when a document has to be forgotten: then it is replaced by one in which that document's
// tokens are all the end token, and whose digest is another.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/sha256.h"
#include "base/status.h"

namespace walchen::shards {

using DocumentId = std::array<uint8_t, 16>;  // the ledger's, which writes it as 32 digits
std::string TextOf(const DocumentId& id);
DocumentId IdOfText(std::string_view digits);  // ledger::IsId

struct ShardFacts {
  std::string name;              // of the build that it is a part of
  std::string tokenizer_sha256;  // of the file that the tokens are from
  int64_t vocabulary = 0;
  int32_t end_token = 0;         // ends every document, stands for erased ones
  std::string tiers;             // of its documents' licences, "AC"
  uint64_t ledger_events = 0;    // the ledger's head when it was written: so many events,
  std::string ledger_head;       // the last of this digest. A ledger that is shorter was cut.

  bool operator==(const ShardFacts&) const = default;
};

struct ShardDocument {
  DocumentId id = {};
  uint64_t first_token = 0;
  uint64_t tokens = 0;  // the end token included
  bool erased = false;

  bool operator==(const ShardDocument&) const = default;
};

// Not thread-safe. Documents are kept in memory until Write: shards are a few hundred MB at most.
class ShardWriter {
 public:
  explicit ShardWriter(ShardFacts facts) : facts_(std::move(facts)) {}

  // Tokens without the end token, which is added. Errors: kTooLarge (the shard is full), kInvalidArgument (a token outside
  // the vocabulary).
  Result<void> Add(const DocumentId& id, std::span<const int32_t> tokens);
  // Known only when all documents are: the union of theirs.
  void set_tiers(std::string tiers) { facts_.tiers = std::move(tiers); }
  uint64_t tokens() const { return tokens_.size(); }
  const std::vector<ShardDocument>& documents() const { return documents_; }
  // The digest of the shard that Write writes.
  std::string Digest() const;
  // Whole or not at all; replaces what stands there. Returns the shard's digest.
  Result<std::string> Write(base::Files& files, const base::Path& path) const;

 private:
  friend class Shard;
  struct Encoded {
    std::string content, digests;  // all but the digests, and these
  };
  Encoded Encode() const;

  ShardFacts facts_;
  std::vector<int32_t> tokens_;
  std::vector<ShardDocument> documents_;
};

// Read-only, thread-safe.
class Shard {
 public:
  // Reads what lies around the tokens and checks that it fits together; Verify checks every byte.
  // Errors: kNotFound, kTruncated, kCorrupt, kUnsupported (another version).
  static Result<std::unique_ptr<Shard>> Open(base::Files& files, const base::Path& path);
  // The bytes must outlive it.
  static Result<std::unique_ptr<Shard>> FromBytes(base::Bytes bytes);

  const ShardFacts& facts() const { return facts_; }
  const std::string& digest() const { return digest_; }
  uint64_t tokens() const { return token_count_; }
  std::span<const ShardDocument> documents() const { return documents_; }
  // Tokens [first, first + count) to `to`; the range must lie inside.
  void Read(uint64_t first, std::span<int32_t> to) const;
  // The document that holds this token.
  const ShardDocument& DocumentOf(uint64_t token) const;
  // Whether every byte is the one that was written. Errors: kCorrupt, with the place of the first bad MiB.
  Result<void> Verify() const;

  // The same shard without these documents.
  ShardWriter Without(std::span<const DocumentId> ids) const;

 private:
  Shard() = default;
  Result<void> ReadParts(base::Bytes file);
  Result<void> ReadDocuments(base::Bytes table);

  std::unique_ptr<base::MappedFile> file_;
  ShardFacts facts_;
  std::string digest_;
  uint64_t token_bytes_ = 0, token_count_ = 0;
  base::Bytes checked_, token_data_, digests_;
  std::vector<ShardDocument> documents_;
};

}  // namespace walchen::shards
