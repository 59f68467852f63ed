// SPDX-License-Identifier: Apache-2.0
#include "ledger/signing_key.h"

#include <sodium.h>

namespace walchen::ledger {
namespace {

const unsigned char* Raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct SigningKey::Bytes {
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> bytes{};

  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { sodium_memzero(bytes.data(), bytes.size()); }
};

Result<SigningKey> SigningKey::ReadOrMake(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(Secret seed, ReadOrMakeSecret(files, path));
  SigningKey key(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

SigningKey::SigningKey(const Secret& seed) {
  static_assert(crypto_sign_SEEDBYTES == std::tuple_size_v<Secret>);
  static_assert(crypto_sign_PUBLICKEYBYTES == std::tuple_size_v<PublicKey>);
  CHECK(sodium_init() >= 0, "libsodium finds no source of random numbers");
  auto secret = std::make_shared<Bytes>();
  crypto_sign_seed_keypair(public_key_.data(), secret->bytes.data(), seed.data());
  secret_ = std::move(secret);
}

Signature SigningKey::Sign(std::string_view message) const {
  static_assert(crypto_sign_BYTES == std::tuple_size_v<Signature>);
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, Raw(message), message.size(), secret_->bytes.data());
  return signature;
}

bool IsSignedBy(const PublicKey& key, std::string_view message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), Raw(message), message.size(), key.data()) == 0;
}

}  // namespace walchen::ledger
