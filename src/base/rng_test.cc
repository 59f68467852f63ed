// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <cmath>
#include <set>

namespace walchen::base {
namespace {

using Block = std::array<uint32_t, 4>;

// The philox4x32-10 lines of Random123's tests/kat_vectors. Counter and stream are its four counter words, the seed its
// two key words, low word first.
TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(Philox(0, 0, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, ReadsItsStreamInOrder) {
  Rng rng(42, 7);
  for (uint64_t block = 0; block < 3; ++block) {
    for (const uint32_t expected : Philox(42, 7, block)) EXPECT_EQ(rng.Next32(), expected);
  }
  EXPECT_EQ(rng.position(), 12U);
}

TEST(Rng, ContinuesAtAnyPosition) {
  Rng rng(1);
  std::vector<uint32_t> numbers;
  for (int i = 0; i < 50; ++i) numbers.push_back(rng.Next32());
  for (size_t position = 0; position < numbers.size(); ++position) {
    Rng resumed(1);
    resumed.set_position(position);
    EXPECT_EQ(resumed.position(), position);
    for (size_t i = position; i < numbers.size(); ++i) ASSERT_EQ(resumed.Next32(), numbers[i]) << position;
  }
}

TEST(Rng, SeedsAndStreamsDiffer) {
  std::set<uint64_t> first;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t stream = 0; stream < 20; ++stream) first.insert(Rng(seed, stream).Next64());
  }
  EXPECT_EQ(first.size(), 400U);
}

TEST(Rng, UniformNumbersFillTheirRangeEvenly) {
  Rng rng(3);
  std::array<int, 16> counts{};
  double sum = 0;
  constexpr int kDraws = 160'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.Uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++counts[static_cast<size_t>(u * 16)];
    sum += u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);
  // 10,000 expected in each; the standard deviation is 97.
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Rng, BelowHitsEveryNumberEquallyOften) {
  Rng rng(4);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(rng.Below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.Below(1), 0U);
  // With a bound of 3/4 of the range a plain remainder would hit the lower third twice as often.
  int low = 0;
  for (int i = 0; i < 30'000; ++i) low += rng.Below(0xC0000000) < 0x40000000 ? 1 : 0;
  EXPECT_NEAR(low, 10'000, 500);
}

TEST(Rng, NormalNumbersHaveTheMomentsOfANormal) {
  Rng rng(5);
  constexpr int kDraws = 200'000;
  double sum = 0, squares = 0, fourths = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.Normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
  EXPECT_NEAR(fourths / kDraws, 3, 0.15);
}

}  // namespace
}  // namespace walchen::base
