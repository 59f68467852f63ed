// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint: an event that states the Merkle root (merkle.h) of all events before it, and may be signed.
//
//   {"peaks": [...], "root": "...", "size": 1023, "signature": "...", "signer": "..."}
//
// is event 1024. `peaks` are the roots of the perfect subtrees, from which the next checkpoint goes on. The signature
// is Ed25519 over "walchen ledger checkpoint 1\n" | size as 8 bytes, little-endian | the 32 bytes of the root. Pure
// functions, thread-safe.
#pragma once

#include <optional>

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "ledger/merkle.h"
#include "ledger/signing_key.h"

namespace walchen::ledger {

struct Checkpoint {
  MerkleTree tree;
  Digest root{};  // as stated: tree.Root() unless somebody changed it
  std::optional<PublicKey> signer;
  std::optional<Signature> signature;
};

// The body of a checkpoint event. `key` may be null: unsigned.
nlohmann::json CheckpointBody(const MerkleTree& tree, const SigningKey* key);

// Reads one, and judges neither root nor signature. Errors: kCorrupt.
Result<Checkpoint> ReadCheckpoint(std::string_view body);

// False also where there is no signature.
bool SignatureHolds(const Checkpoint& checkpoint);

}  // namespace walchen::ledger
