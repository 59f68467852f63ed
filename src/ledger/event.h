// SPDX-License-Identifier: Apache-2.0
//
// An event: one line of the ledger, and the digest that chains it to the one before.
//
//   digest = SHA-256(
//       "walchen ledger event 1\n" | sequence | time_ms | text(kind) | text(about) | text(body) | previous)
//
// with integers as 8 bytes, little-endian, text(x) = its length in bytes as such an integer and then its bytes, and
// `previous` the 32 bytes of the digest before (zeros for the first event). docs/ledger.md says how an outsider checks
// it.
//
// What may have to be forgotten is not in the body: it holds {"private": {"path": "<64 digits>"}}, the salted digest
// HMAC-SHA256(salt, value), and the value lies with its salt in a table from which it can be erased.
// Pure functions, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/status.h"

namespace walchen::ledger {

using Digest = base::Sha256Digest;
using Salt = std::array<uint8_t, 32>;

// The member of a body that holds the salted digests.
inline constexpr std::string_view kPrivateMember = "private";

// The private field with the tokens of NewEvent::subjects, which the ledger itself writes.
inline constexpr std::string_view kSubjectsField = "subjects";

// Kinds that the ledger itself writes.
inline constexpr std::string_view kCheckpointKind = "checkpoint";
inline constexpr std::string_view kDeletionKind = "deletion";

struct PrivateField {
  std::string name = {};   // as kind
  std::string value = {};  // any bytes
};

// What a caller appends.
struct NewEvent {
  std::string kind = {};                           // [a-z][a-z0-9_]*, at most 64
  std::string about = {};                          // the id of the document, source or run that it is about, or empty
  nlohmann::json body = nlohmann::json::object();  // public; values as canonical_json.h allows, no member "private"
  std::vector<PrivateField> private_fields = {};
  std::vector<Digest> subjects = {};  // SubjectKey::TokenOf: whose personal data the document holds
};

struct Event {
  uint64_t sequence = 0;  // 1, 2, 3, ... without gaps
  int64_t time_ms = 0;    // since 1970-01-01 UTC, of the machine that wrote it; may go back where its clock did
  std::string kind = {};
  std::string about = {};
  std::string body = {};  // canonical JSON
  Digest previous{};
  Digest digest{};
  std::vector<PrivateField> private_fields = {};  // those that are not erased
};

// The newest event: what shard manifests and exports carry, so that a ledger cut behind it is found out.
struct Head {
  uint64_t sequence = 0;  // 0: an empty ledger
  Digest digest{};

  bool operator==(const Head&) const = default;
};

// The event as one that may be appended to another ledger, with its private values. Errors: kInvalidArgument (some of them are
// erased), kCorrupt.
Result<NewEvent> AsNew(const Event& event);

// Of everything in the event but `digest` and the private values.
Digest DigestOf(const Event& event);

// A view of digests, salts, keys and signatures; lives as long as they.
template <size_t kSize>
base::Bytes BytesOf(const std::array<uint8_t, kSize>& array) {
  return std::as_bytes(std::span(array));
}

// HMAC-SHA256 with the salt as key.
Digest SaltedDigest(const Salt& salt, std::string_view value);

// 32 bytes that nobody can guess.
Salt RandomSalt();

// A new id: 16 random bytes in hexadecimal.
std::string NewId();
// 32 lower-case hexadecimal digits.
bool IsId(std::string_view text);
// [a-z][a-z0-9_]*, at most 64.
bool IsName(std::string_view text);

std::string HexOf(const Digest& digest);
// The digest that 64 lower-case digits are. Errors: kCorrupt.
Result<Digest> DigestOfHex(std::string_view text);

}  // namespace walchen::ledger
