// SPDX-License-Identifier: Apache-2.0
#include "ledger/merkle.h"

namespace walchen::ledger {
namespace {

Digest DigestOfNumber(uint64_t number) { return base::Sha256Of(std::as_bytes(std::span(&number, 1))); }

Digest Hash(uint8_t prefix, std::string_view text) {
  return base::Sha256Of(base::AsBytes(std::string(1, static_cast<char>(prefix)) + std::string(text)));
}

std::string TextOf(const Digest& digest) { return std::string(base::AsText(BytesOf(digest))); }

// RFC 6962 section 2.1, word for word.
Digest RootByDefinition(std::span<const Digest> events) {
  if (events.empty()) return base::Sha256Of({});
  if (events.size() == 1) return Hash(0, TextOf(events[0]));
  size_t left = 1;
  while (left * 2 < events.size()) left *= 2;
  return Hash(1, TextOf(RootByDefinition(events.first(left))) + TextOf(RootByDefinition(events.subspan(left))));
}

std::vector<Digest> Events(uint64_t count) {
  std::vector<Digest> events;
  for (uint64_t i = 0; i < count; ++i) events.push_back(DigestOfNumber(i));
  return events;
}

TEST(MerkleTree, HasTheRootOfTheDefinitionAtEverySize) {
  const std::vector<Digest> events = Events(130);
  MerkleTree tree;
  for (size_t size = 0; size <= events.size(); ++size) {
    EXPECT_EQ(tree.Root(), RootByDefinition(std::span(events).first(size))) << size;
    const auto again = MerkleTree::FromPeaks(tree.size(), {tree.peaks().begin(), tree.peaks().end()});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->Root(), tree.Root());
    if (size < events.size()) tree.Add(events[size]);
  }
  EXPECT_EQ(MerkleTree::FromPeaks(3, {Digest{}}).error().code(), ErrorCode::kCorrupt);
}

InclusionProof ProofOf(std::span<const Digest> events, uint64_t sequence) {
  InclusionProof proof = {.sequence = sequence, .size = events.size(), .path = {}};
  for (const LeafRange& range : SiblingsOf(sequence, events.size())) {
    proof.path.push_back(RootByDefinition(events.subspan(range.begin, range.end - range.begin)));
  }
  return proof;
}

TEST(InclusionProof, HoldsForEveryEventOfEverySizeAndForNoOther) {
  const std::vector<Digest> all = Events(40);
  for (size_t size = 1; size <= all.size(); ++size) {
    const auto events = std::span(all).first(size);
    const Digest root = RootByDefinition(events);
    for (uint64_t sequence = 1; sequence <= size; ++sequence) {
      InclusionProof proof = ProofOf(events, sequence);
      const Digest& event = events[sequence - 1];
      EXPECT_TRUE(Proves(proof, event, root)) << sequence << " of " << size;
      EXPECT_FALSE(Proves(proof, DigestOfNumber(1'000), root));
      EXPECT_FALSE(Proves(proof, event, DigestOfNumber(1'000)));
      if (!proof.path.empty()) {
        InclusionProof changed = proof;
        changed.path[sequence % changed.path.size()][0] ^= 1;
        EXPECT_FALSE(Proves(changed, event, root));
        changed = proof;
        changed.path.pop_back();
        EXPECT_FALSE(Proves(changed, event, root));
      }
      proof.path.push_back(root);
      EXPECT_FALSE(Proves(proof, event, root));
    }
  }
}

TEST(InclusionProof, OfNoEventIsRefused) {
  EXPECT_FALSE(Proves({.sequence = 0, .size = 1, .path = {}}, Digest{}, Digest{}));
  EXPECT_FALSE(Proves({.sequence = 2, .size = 1, .path = {}}, Digest{}, Digest{}));
}

}  // namespace
}  // namespace walchen::ledger
