// SPDX-License-Identifier: Apache-2.0
//
// A large block of memory straight from the kernel: zero everywhere, and counted as used only where it was written to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace walchen::base {

// Movable owner. Alignment: a page.
class ZeroedMemory {
 public:
  ZeroedMemory() = default;
  // kResourceExhausted if the machine refuses.
  static Result<ZeroedMemory> Allocate(int64_t bytes);
  ZeroedMemory(ZeroedMemory&& other) noexcept;
  ZeroedMemory& operator=(ZeroedMemory&& other) noexcept;
  ~ZeroedMemory();

  std::byte* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace walchen::base
