// SPDX-License-Identifier: Apache-2.0
//
// The texts that are kept already, and whether a new one is like one of them (see signature.h for what that means).
//
// Memory: 40 bytes per document for its minima and content hash, and six slots of 8 bytes in a table that is between 0.68 and
// 0.85 full: 96 to 111 bytes per document at rest, where the arrays also have up to a quarter of room (at most 125), and at
// most 215 while one of them grows. A document is looked up in six places of the table; nothing depends on how many
// documents there are but the misses of the CPU's cache.
//
// Deterministic: what is found depends on the order of Add alone. Not thread-safe; Find may run in parallel with Find.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "data/signature.h"

namespace walchen::data {

inline constexpr int kNearDuplicatesVersion = 1;

struct DuplicateOptions {
  // A text of which 3 % of the words were changed has a similarity of about 0.75 (each change takes five 5-grams). The
  // estimate's standard error there is 0.046; 0.6 is three of them away, and stands for 5 to 6 % of the words.
  double similarity_min = 0.6;
  // A key that so many documents share is boilerplate; the next ones are not found by it.
  uint32_t documents_per_key_max = 32;
};

struct DuplicateMatch {
  uint32_t document = 0;   // the number that Add gave
  double similarity = 0;
  bool exact = false;      // the same words in the same order
};

class DuplicateIndex {
 public:
  explicit DuplicateIndex(const DuplicateOptions& options = {});

  // The most similar document that is similar enough, of equals the first.
  std::optional<DuplicateMatch> Find(const Signature& signature) const;

  // Documents are numbered from 0 as they come. Only those that are kept should be added: then whoever is dropped is similar
  // to one that is there. At most base::kDuplicateIndexMaxDocuments, else kResourceExhausted.
  Result<uint32_t> Add(const Signature& signature);

  // Overwrites what is known of a document; its number is not given again. Linear in the index. False if there is no such
  // document.
  bool Forget(uint32_t document);

  uint32_t size() const { return static_cast<uint32_t>(records_.size()); }
  uint64_t MemoryBytes() const;

  // All of it with version and checksum; 40 bytes per document and 8 per slot. Parse refuses what was changed or is of
  // another version.
  std::string Serialise() const;
  static Result<DuplicateIndex> Parse(base::Bytes bytes, const DuplicateOptions& options = {});

 private:
  struct Record {
    uint64_t content = 0;
    std::array<uint64_t, 4> minima{};
  };

  size_t Home(uint32_t key) const { return static_cast<size_t>((uint64_t{key} * slots_.size()) >> 32); }
  void Insert(uint64_t slot);
  void Grow();

  DuplicateOptions options_;
  std::vector<Record> records_;
  std::vector<uint64_t> slots_;  // key << 32 | document + 1; 0 is empty
  size_t used_ = 0;
};

}  // namespace walchen::data
