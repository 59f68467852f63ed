// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace walchen::base {

using Sha256Digest = std::array<uint8_t, 32>;

// Hashes a stream. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(Bytes bytes);
  // Call once, last.
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest Sha256Of(Bytes bytes);

// Lower-case hexadecimal.
std::string Hex(Bytes bytes);
inline std::string Sha256Hex(Bytes bytes) {
  const Sha256Digest digest = Sha256Of(bytes);
  return Hex(std::as_bytes(std::span(digest)));
}

}  // namespace walchen::base
