// SPDX-License-Identifier: Apache-2.0
//
// The Merkle tree over the digests of events 1..n: one digest stands for all of them, and a proof of log2(n) digests
// shows somebody who has nothing else that one event is among them.
//
// Hashes as in RFC 6962 section 2.1: leaf = SHA-256(0x00 | digest of the event), node = SHA-256(0x01 | left | right),
// the left subtree the largest power of two that is smaller than n; of no event, SHA-256 of nothing. Pure values; not
// thread-safe while they change.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "ledger/event.h"

namespace walchen::ledger {

// A tree that grows at its right end. Keeps only the roots of its perfect subtrees, so log2(n) digests.
class MerkleTree {
 public:
  MerkleTree() = default;
  // Goes on from `peaks()` of a tree of that size. Errors: kCorrupt (not as many as the size has bits).
  static Result<MerkleTree> FromPeaks(uint64_t size, std::vector<Digest> peaks);

  void Add(const Digest& event_digest);
  uint64_t size() const { return size_; }
  Digest Root() const;
  // Roots of the perfect subtrees, from left to right: one for each bit of the size.
  std::span<const Digest> peaks() const { return peaks_; }

 private:
  uint64_t size_ = 0;
  std::vector<Digest> peaks_;
};

// That event `sequence` is one of the first `size`: the siblings on the way from its leaf to the root.
struct InclusionProof {
  uint64_t sequence = 0;
  uint64_t size = 0;
  std::vector<Digest> path = {};
};

// Leaves [begin, end), counted from 0.
struct LeafRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};
// The subtrees whose roots are the path of a proof, in its order. 1 <= sequence <= size.
std::vector<LeafRange> SiblingsOf(uint64_t sequence, uint64_t size);

// Whether the proof leads from the event's digest to the root. The algorithm is RFC 9162's, section 2.1.3.2.
bool Proves(const InclusionProof& proof, const Digest& event_digest, const Digest& root);

}  // namespace walchen::ledger
