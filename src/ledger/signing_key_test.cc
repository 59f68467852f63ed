// SPDX-License-Identifier: Apache-2.0
#include "ledger/signing_key.h"

#include <sys/stat.h>

#include "base/test_folder.h"

namespace walchen::ledger {
namespace {

TEST(SigningKey, SignsAsRfc8032Does) {
  // Section 7.1, test 1: the empty message.
  const SigningKey key(DigestOfHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value());
  EXPECT_EQ(base::Hex(BytesOf(key.public_key())), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const Signature signature = key.Sign("");
  EXPECT_EQ(
      base::Hex(BytesOf(signature)),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
      "e24655141438e7a100b");
  EXPECT_TRUE(IsSignedBy(key.public_key(), "", signature));
  EXPECT_FALSE(IsSignedBy(key.public_key(), "x", signature));
  EXPECT_FALSE(IsSignedBy(SigningKey(Secret{}).public_key(), "", signature));
}

TEST(SigningKey, IsMadeOnceAndOnlyItsOwnerMayReadIt) {
  const base::TestFolder folder;
  const auto first = SigningKey::ReadOrMake(base::Files::Os(), folder / "signing.key");
  const auto second = SigningKey::ReadOrMake(base::Files::Os(), folder / "signing.key");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->public_key(), second->public_key());
  struct stat status{};
  ASSERT_EQ(::stat((folder / "signing.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(SigningKey::ReadOrMake(base::Files::Os(), folder / "no" / "key").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace walchen::ledger
