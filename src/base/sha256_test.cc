// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

namespace walchen::base {
namespace {

// The examples of FIPS 180-4 (NIST, "SHA-256 example values") and the million letters of its predecessor.
TEST(Sha256, GivesTheValuesOfTheStandard) {
  EXPECT_EQ(Sha256Hex(AsBytes("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex(AsBytes("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(AsBytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(AsBytes(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
  const std::string text(1000, 'x');
  Sha256 hash;
  for (size_t begin = 0, size = 0; begin < text.size(); begin += size, ++size) {
    hash.Update(AsBytes(std::string_view(text).substr(begin, size)));
  }
  EXPECT_EQ(hash.Finish(), Sha256Of(AsBytes(text)));
}

TEST(Hex, IsLowerCaseAndKeepsZeros) {
  EXPECT_EQ(Hex(AsBytes(std::string_view("\x00\x0F\xA0\xFF", 4))), "000fa0ff");
  EXPECT_EQ(Hex({}), "");
}

}  // namespace
}  // namespace walchen::base
