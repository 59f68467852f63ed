// SPDX-License-Identifier: Apache-2.0
#include "base/zeroed_memory.h"

#include <sys/mman.h>

#include <utility>

namespace walchen::base {

Result<ZeroedMemory> ZeroedMemory::Allocate(int64_t bytes) {
  CHECK(bytes > 0);
  void* data = ::mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return Fail(ErrorCode::kResourceExhausted, "the machine refuses {} bytes of memory", bytes);
  ::madvise(data, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // advice only: fewer TLB misses, no error if refused
  ZeroedMemory memory;
  memory.data_ = static_cast<std::byte*>(data);
  memory.size_ = bytes;
  return memory;
}

ZeroedMemory::ZeroedMemory(ZeroedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

ZeroedMemory& ZeroedMemory::operator=(ZeroedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

ZeroedMemory::~ZeroedMemory() {
  if (data_ != nullptr) ::munmap(data_, static_cast<size_t>(size_));
}

}  // namespace walchen::base
