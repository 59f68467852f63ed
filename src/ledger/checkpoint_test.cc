// SPDX-License-Identifier: Apache-2.0
#include "ledger/checkpoint.h"

#include "ledger/canonical_json.h"

namespace walchen::ledger {
namespace {

MerkleTree TreeOf(int events) {
  MerkleTree tree;
  for (int i = 0; i < events; ++i) tree.Add(base::Sha256Of(base::AsBytes(std::to_string(i))));
  return tree;
}

std::string BodyOf(const MerkleTree& tree, const SigningKey* key) {
  return CanonicalJson(CheckpointBody(tree, key)).value();
}

TEST(Checkpoint, ComesBackAsItWasWritten) {
  const SigningKey key(Secret{3});
  for (const int size : {0, 1, 7, 64}) {
    const MerkleTree tree = TreeOf(size);
    const Checkpoint plain = ReadCheckpoint(BodyOf(tree, nullptr)).value();
    EXPECT_EQ(plain.tree.size(), tree.size());
    EXPECT_EQ(plain.tree.Root(), tree.Root());
    EXPECT_EQ(plain.root, tree.Root());
    EXPECT_FALSE(plain.signer || SignatureHolds(plain));
    Checkpoint is_signed = ReadCheckpoint(BodyOf(tree, &key)).value();
    EXPECT_EQ(is_signed.signer, key.public_key());
    EXPECT_TRUE(SignatureHolds(is_signed));
    is_signed.root[0] ^= 1;
    EXPECT_FALSE(SignatureHolds(is_signed));
  }
}

TEST(Checkpoint, SignsItsSizeToo) {
  const SigningKey key(Secret{3});
  nlohmann::json body = CheckpointBody(TreeOf(1), &key);
  body["size"] = 2;  // one subtree as well
  EXPECT_FALSE(SignatureHolds(ReadCheckpoint(CanonicalJson(body).value()).value()));
}

TEST(Checkpoint, WithoutAMemberOrWithAWrongOneIsCorrupt) {
  const SigningKey key(Secret{3});
  const nlohmann::json whole = CheckpointBody(TreeOf(3), &key);
  for (const auto& [name, value] : whole.items()) {
    nlohmann::json body = whole;
    body.erase(name);
    EXPECT_EQ(ReadCheckpoint(CanonicalJson(body).value()).error().code(), ErrorCode::kCorrupt) << name;
    for (const nlohmann::json& wrong : {nlohmann::json(nullptr), nlohmann::json(-1), nlohmann::json("x"),
                                        nlohmann::json::array({1}), nlohmann::json::object()}) {
      body[name] = wrong;
      EXPECT_EQ(ReadCheckpoint(CanonicalJson(body).value()).error().code(), ErrorCode::kCorrupt)
          << name << wrong.dump();
    }
  }
  EXPECT_EQ(ReadCheckpoint("").error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace walchen::ledger
