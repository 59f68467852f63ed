// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <cmath>
#include <numbers>

namespace walchen::base {

std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t stream, uint64_t counter) {
  constexpr uint32_t kMul0 = 0xD2511F53, kMul1 = 0xCD9E8D57;      // table 2 of the paper
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;    // golden ratio and sqrt(3) - 1
  constexpr int kRounds = 10;                                     // 7 pass every known test; the paper ships 10
  std::array<uint32_t, 4> x = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                               static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
  auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t p0 = uint64_t{kMul0} * x[0], p1 = uint64_t{kMul1} * x[2];
    x = {static_cast<uint32_t>(p1 >> 32) ^ x[1] ^ key0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ x[3] ^ key1, static_cast<uint32_t>(p0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return x;
}

uint32_t Rng::Next32() {
  if (position_ % 4 == 0) block_ = Philox(seed_, stream_, position_ / 4);
  return block_[position_++ % 4];
}

uint32_t Rng::Below(uint32_t bound) {
  uint64_t product = uint64_t{Next32()} * bound;
  if (static_cast<uint32_t>(product) < bound) {
    const uint32_t threshold = -bound % bound;
    while (static_cast<uint32_t>(product) < threshold) product = uint64_t{Next32()} * bound;
  }
  return static_cast<uint32_t>(product >> 32);
}

double Rng::Normal() {
  const double u = 1.0 - Uniform(), v = Uniform();  // u in (0, 1]: its logarithm is finite
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

void Rng::set_position(uint64_t position) {
  position_ = position;
  if (position_ % 4 != 0) block_ = Philox(seed_, stream_, position_ / 4);
}

}  // namespace walchen::base
