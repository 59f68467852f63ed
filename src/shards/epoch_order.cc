// SPDX-License-Identifier: Apache-2.0
#include "shards/epoch_order.h"

#include <numeric>

#include "base/rng.h"

namespace walchen::shards {
namespace {

using Wide = unsigned __int128;

uint64_t MultiplyMod(uint64_t a, uint64_t b, uint64_t n) { return static_cast<uint64_t>(Wide{a} * b % n); }

// x with a x = 1 mod n, by Euclid; a and n share no divisor.
uint64_t InverseMod(uint64_t a, uint64_t n) {
  __int128 x = 1, other = 0;
  uint64_t r = a % n, rest = n;
  while (rest != 0) {
    const uint64_t quotient = r / rest;
    const __int128 next = x - static_cast<__int128>(quotient) * other;
    x = other;
    other = next;
    const uint64_t left = r % rest;
    r = rest;
    rest = left;
  }
  const __int128 modulus = n;
  return static_cast<uint64_t>((x % modulus + modulus) % modulus);
}

}  // namespace

EpochOrder::Turn EpochOrder::TurnOf(uint64_t epoch) const {
  base::Rng rng(seed_, epoch);
  Turn turn = {.first = 0, .stride = 1 + rng.Next64() % count_};
  while (std::gcd(turn.stride, count_) != 1) ++turn.stride;
  turn.first = rng.Next64() % count_;
  return turn;
}

uint64_t EpochOrder::ItemAt(uint64_t index) const {
  const Turn turn = TurnOf(index / count_);
  return static_cast<uint64_t>((Wide{turn.first} + MultiplyMod(index % count_, turn.stride, count_)) % count_);
}

uint64_t EpochOrder::IndexOf(uint64_t item, uint64_t epoch) const {
  const Turn turn = TurnOf(epoch);
  const uint64_t distance = (item + count_ - turn.first) % count_;
  return epoch * count_ + MultiplyMod(distance, InverseMod(turn.stride, count_), count_);
}

}  // namespace walchen::shards
