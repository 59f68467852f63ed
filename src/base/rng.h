// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random numbers: the n-th number of a stream is a pure function of (seed, stream, n), so every machine
// and every number of threads sees the same numbers, and a checkpoint stores a counter instead of a state.
// Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace walchen::base {

// The block of four 32-bit numbers at `counter`.
std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t stream, uint64_t counter);

// One stream, read in order. Not thread-safe; copying it forks the same stream.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint32_t Next32();
  uint64_t Next64() { return (uint64_t{Next32()} << 32) | Next32(); }
  // Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next64() >> 11) * 0x1.0p-53; }
  // Uniform in [0, bound), without bias; bound > 0. Lemire, "Fast random integer generation in an interval", 2019.
  uint32_t Below(uint32_t bound);
  // Standard normal, by Box and Muller.
  double Normal();

  // How many 32-bit numbers were drawn; a stream is resumed by setting it.
  uint64_t position() const { return position_; }
  void set_position(uint64_t position);

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t position_ = 0;
  std::array<uint32_t, 4> block_{};
};

}  // namespace walchen::base
