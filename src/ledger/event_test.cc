// SPDX-License-Identifier: Apache-2.0
#include "ledger/event.h"

#include <set>

namespace walchen::ledger {
namespace {

Event Example() {
  Event event = {.sequence = 7,
                 .time_ms = 1'790'000'000'123,
                 .kind = "language",
                 .about = std::string(32, 'a'),
                 .body = R"({"tag":"de"})"};
  event.previous.fill(0x11);
  return event;
}

TEST(EventDigest, IsWhatTheFormulaSays) {
  // Computed with Python: hashlib.sha256(b"walchen ledger event 1\n" + struct.pack("<QqQ", 7, 1790000000123, 8) +
  // b"language" + struct.pack("<Q", 32) + b"a" * 32 + struct.pack("<Q", 12) + b'{"tag":"de"}' + b"\x11" * 32)
  EXPECT_EQ(HexOf(DigestOf(Example())), "1f99b9b9b548c5567d3abb31fad9461a6a063f654e83158f65bcfb8c0207649c");
}

TEST(EventDigest, ChangesWithEveryPart) {
  const Digest digest = DigestOf(Example());
  Event event = Example();
  event.sequence = 8;
  EXPECT_NE(DigestOf(event), digest);
  event = Example();
  ++event.time_ms;
  EXPECT_NE(DigestOf(event), digest);
  event = Example();
  event.previous[31] ^= 1;
  EXPECT_NE(DigestOf(event), digest);
  event = Example();
  event.kind = "languag";
  event.about = "e" + event.about;  // the same bytes, cut elsewhere
  EXPECT_NE(DigestOf(event), digest);
}

TEST(SaltedDigest, IsHmacSha256) {
  // RFC 4231, test case 1 has a key of 20 bytes; HMAC pads it with zeros to the block, so this is the same key.
  Salt salt{};
  std::fill_n(salt.begin(), 20, 0x0b);
  EXPECT_EQ(HexOf(SaltedDigest(salt, "Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST(NewId, IsNeverTheSame) {
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    ids.insert(NewId());
    EXPECT_TRUE(IsId(*ids.begin()));
  }
  EXPECT_EQ(ids.size(), 1'000u);
}

TEST(DigestOfHex, ReadsWhatHexOfWrites) {
  const Digest digest = DigestOf(Example());
  EXPECT_EQ(DigestOfHex(HexOf(digest)).value(), digest);
  for (const std::string& text :
       {std::string(), std::string(63, '0'), std::string(65, '0'), std::string(64, 'A'), std::string(64, 'g')}) {
    EXPECT_EQ(DigestOfHex(text).error().code(), ErrorCode::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace walchen::ledger
