// SPDX-License-Identifier: Apache-2.0
//
// Ed25519 (RFC 8032, by libsodium): who holds the key vouches for a checkpoint of the ledger.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "base/files.h"
#include "base/status.h"
#include "ledger/key_file.h"

namespace walchen::ledger {

using PublicKey = std::array<uint8_t, 32>;
using Signature = std::array<uint8_t, 64>;

// Immutable, so thread-safe. Its bytes are overwritten when the last copy goes.
class SigningKey {
 public:
  // The key whose seed is in the file, a new one where there is no file (key_file.h).
  static Result<SigningKey> ReadOrMake(base::Files& files, const base::Path& path);
  explicit SigningKey(const Secret& seed);

  const PublicKey& public_key() const { return public_key_; }
  Signature Sign(std::string_view message) const;

 private:
  struct Bytes;
  std::shared_ptr<const Bytes> secret_;
  PublicKey public_key_;
};

bool IsSignedBy(const PublicKey& key, std::string_view message, const Signature& signature);

}  // namespace walchen::ledger
