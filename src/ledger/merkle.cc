// SPDX-License-Identifier: Apache-2.0
#include "ledger/merkle.h"

#include <bit>

namespace walchen::ledger {
namespace {

// RFC 6962's prefixes keep a node from passing for a leaf.
constexpr uint8_t kLeafPrefix = 0;
constexpr uint8_t kNodePrefix = 1;

Digest LeafOf(const Digest& event_digest) {
  std::array<uint8_t, 33> text{kLeafPrefix};
  std::ranges::copy(event_digest, text.begin() + 1);
  return base::Sha256Of(BytesOf(text));
}

Digest NodeOf(const Digest& left, const Digest& right) {
  std::array<uint8_t, 65> text{kNodePrefix};
  std::ranges::copy(right, std::ranges::copy(left, text.begin() + 1).out);
  return base::Sha256Of(BytesOf(text));
}

}  // namespace

Result<MerkleTree> MerkleTree::FromPeaks(uint64_t size, std::vector<Digest> peaks) {
  if (peaks.size() != static_cast<size_t>(std::popcount(size))) {
    return Fail(ErrorCode::kCorrupt, "expected {} subtrees of {} events, found {}", std::popcount(size), size,
                peaks.size());
  }
  MerkleTree tree;
  tree.size_ = size;
  tree.peaks_ = std::move(peaks);
  return tree;
}

void MerkleTree::Add(const Digest& event_digest) {
  Digest node = LeafOf(event_digest);
  // As in adding one to a binary number: each bit that is set carries.
  for (uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    node = NodeOf(peaks_.back(), node);
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++size_;
}

Digest MerkleTree::Root() const {
  if (peaks_.empty()) return base::Sha256Of({});
  Digest root = peaks_.back();
  for (size_t i = peaks_.size() - 1; i-- > 0;) root = NodeOf(peaks_[i], root);
  return root;
}

std::vector<LeafRange> SiblingsOf(uint64_t sequence, uint64_t size) {
  CHECK(sequence >= 1 && sequence <= size, "event {} of {}", sequence, size);
  const uint64_t leaf = sequence - 1;
  LeafRange tree = {0, size};
  std::vector<LeafRange> siblings;
  while (tree.end - tree.begin > 1) {
    const uint64_t middle = tree.begin + std::bit_floor(tree.end - tree.begin - 1);
    const LeafRange left = {tree.begin, middle}, right = {middle, tree.end};
    siblings.push_back(leaf < middle ? right : left);
    tree = leaf < middle ? left : right;
  }
  std::ranges::reverse(siblings);
  return siblings;
}

bool Proves(const InclusionProof& proof, const Digest& event_digest, const Digest& root) {
  if (proof.sequence < 1 || proof.sequence > proof.size) return false;
  uint64_t node = proof.sequence - 1, last = proof.size - 1;
  Digest digest = LeafOf(event_digest);
  for (const Digest& sibling : proof.path) {
    if (last == 0) return false;
    const bool is_right = (node & 1) != 0;
    if (is_right || node == last) {
      digest = NodeOf(sibling, digest);
      // The last node of a level has no sibling there: it rises to the first level where it is a right one.
      while (!is_right && node != 0 && (node & 1) == 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      digest = NodeOf(digest, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && digest == root;
}

}  // namespace walchen::ledger
