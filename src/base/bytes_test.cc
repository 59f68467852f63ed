// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <limits>

namespace walchen::base {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(CheckedArithmetic, GivesTheResultOrSaysThatItDoesNotFit) {
  EXPECT_EQ(CheckedAdd(kMax - 1, 1).value(), kMax);
  EXPECT_EQ(CheckedAdd(kMax, 1).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(CheckedMul(uint64_t{1} << 32, (uint64_t{1} << 32) - 1).value(), kMax - 0xFFFFFFFF);
  EXPECT_EQ(CheckedMul(uint64_t{1} << 32, uint64_t{1} << 32).error().message(),
            "4294967296 * 4294967296 does not fit 64 bits");
  EXPECT_EQ(CheckedMul(kMax, 0).value(), 0U);
}

TEST(ByteReader, ReadsWhatAByteWriterWrote) {
  ByteWriter writer;
  writer.Write<uint8_t>(200);
  writer.Write<int16_t>(-2);
  writer.Write<uint64_t>(kMax - 3);
  writer.Write(1.5F);
  writer.Text64("hello");
  writer.PadTo(8);
  EXPECT_EQ(writer.size() % 8, 0U);
  writer.Raw(AsBytes("end"));
  ByteReader reader(AsBytes(writer.bytes()));
  EXPECT_EQ(reader.Read<uint8_t>("a").value(), 200);
  EXPECT_EQ(reader.Read<int16_t>("b").value(), -2);
  EXPECT_EQ(reader.Read<uint64_t>("c").value(), kMax - 3);
  EXPECT_EQ(reader.Read<float>("d").value(), 1.5F);
  EXPECT_EQ(reader.Text64(5, "e").value(), "hello");
  ASSERT_TRUE(reader.Seek(writer.size() - 3, "end"));
  EXPECT_EQ(AsText(reader.Take(3, "end").value()), "end");
  EXPECT_EQ(reader.left(), 0U);
}

TEST(ByteReader, NumbersAreLittleEndian) {
  ByteReader reader(AsBytes(std::string_view("\x01\x02\x03\x04", 4)));
  EXPECT_EQ(reader.Read<uint32_t>("number").value(), 0x04030201U);
}

TEST(ByteReader, NeverReadsPastTheEndAndKeepsItsPlaceWhenItFails) {
  ByteReader reader(AsBytes("abc"));
  const auto number = reader.Read<uint64_t>("tensor count");
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(number.error().ToString(), "expected 8 bytes for tensor count, 3 are left (at byte 0)");
  EXPECT_EQ(reader.position(), 0U);
  EXPECT_FALSE(reader.Take(kMax, "everything"));
  EXPECT_EQ(AsText(reader.Take(3, "all").value()), "abc");
  EXPECT_FALSE(reader.Take(1, "more"));
  EXPECT_TRUE(reader.Take(0, "nothing"));
}

TEST(ByteReader, ComparesATextsLengthWithTheBytesLeftAndWithItsLimit) {
  ByteWriter writer;
  writer.Text64("four");
  ByteReader small(AsBytes(writer.bytes()));
  const auto over_limit = small.Text64(3, "key");
  ASSERT_FALSE(over_limit);
  EXPECT_EQ(over_limit.error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(over_limit.error().ToString(), "key claims 4 bytes, at most 3 are allowed (at byte 0)");
  ByteWriter liar;
  liar.Write(kMax);
  ByteReader reader(AsBytes(liar.bytes()));
  const auto absurd = reader.Text64(kMax, "key");
  ASSERT_FALSE(absurd);
  EXPECT_EQ(absurd.error().code(), ErrorCode::kTruncated);
}

TEST(ByteReader, SeeksUpToTheEndOnly) {
  ByteReader reader(AsBytes("abc"));
  EXPECT_TRUE(reader.Seek(3, "end"));
  EXPECT_TRUE(reader.Seek(0, "start"));
  const auto past = reader.Seek(4, "data");
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().message(), "data would start at byte 4, but there are 3 bytes");
}

TEST(Quoted, LetsNothingThroughThatATerminalObeys) {
  EXPECT_EQ(Quoted("blk.0.ffn"), "\"blk.0.ffn\"");
  EXPECT_EQ(Quoted("\x1b[2J\n\"\\\xC3\xBC"), R"("\x1b[2J\x0a\x22\x5c\xc3\xbc")");
  EXPECT_EQ(Quoted(std::string_view("\0", 1)), R"("\x00")");
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc\"...");
  EXPECT_EQ(Quoted(""), "\"\"");
}

}  // namespace
}  // namespace walchen::base
