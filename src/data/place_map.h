// SPDX-License-Identifier: Apache-2.0
//
// Where a text that was changed came from: which byte of the original stands behind which byte of the result, so that a
// page or cell of the extracted file can still be named after repair and masking.
//
// A change replaces bytes [source, source + source_size) by `result_size` bytes; everything between two changes was copied.
// Memory: 16 bytes per change. Not thread-safe while it is built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace walchen::data {

// The changes of one pass over a text.
class ChangeList {
 public:
  // Changes come in ascending order and do not overlap. Texts are shorter than 4 GiB (base::kCleanTextMaxBytes).
  void Add(size_t source, size_t source_size, size_t result_size);

  bool empty() const { return changes_.empty(); }
  size_t size() const { return changes_.size(); }

  // The original's byte behind a byte (or the end) of the result. Inside of a change: the change's first byte.
  size_t ToSource(size_t result) const;
  // The other way round.
  size_t ToResult(size_t source) const;

 private:
  struct Change {
    uint32_t source;
    uint32_t source_size;
    uint32_t result;
    uint32_t result_size;
  };
  std::vector<Change> changes_;
};

// Passes one after the other.
class PlaceMap {
 public:
  void Append(ChangeList pass);
  bool identity() const { return passes_.empty(); }
  size_t ToSource(size_t result) const;
  size_t ToResult(size_t source) const;

 private:
  std::vector<ChangeList> passes_;
};

}  // namespace walchen::data
