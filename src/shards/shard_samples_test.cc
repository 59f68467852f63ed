// SPDX-License-Identifier: Apache-2.0
#include "shards/shard_samples.h"

#include <set>

#include <gtest/gtest.h>

#include "shards/test_tokenizer.h"

namespace walchen::shards {
namespace {

constexpr uint64_t kWindow = 8;

DocumentId NumberedId(uint8_t number) { return {number}; }

class ShardSamples : public TokenizerTest {
 protected:
  // Document n is n times the letter 'a' + n.
  void Put(const std::string& name, int first, int last, const std::string& tiers = "A") {
    ShardWriter writer({.name = "t", .tokenizer_sha256 = TokenizerDigest(*tokenizer_), .vocabulary = tokenizer_->vocabulary_size(),
                        .end_token = tokenizer_->eos().value(), .tiers = tiers, .ledger_events = 0, .ledger_head = ""});
    for (int n = first; n <= last; ++n) {
      const std::string text(static_cast<size_t>(n), static_cast<char>('a' + n));
      ASSERT_TRUE(writer.Add(NumberedId(static_cast<uint8_t>(n)), tokenizer_->Encode(text)));
    }
    ASSERT_TRUE(files_.MakeFolders(shards()));
    ASSERT_TRUE(writer.Write(files_, shards() / name));
  }
  base::Path shards() const { return folder_ / "shards"; }
  Result<std::unique_ptr<SampleSource>> Open(Share share = Share::kTrained, std::string_view tiers = "A") {
    runs::Options options;
    options.Set("tokens", static_cast<int64_t>(kWindow));
    return MakeShardSource(files_, shards(), tiers, options, /*seed=*/1, *tokenizer_, share);
  }
};

TEST_F(ShardSamples, AnEpochOfBothSharesIsEveryTokenOnce) {
  Put("0.shard", 1, 15);
  Put("1.shard", 16, 20);
  uint64_t letters = 0;
  for (const Share share : {Share::kTrained, Share::kHeldOut}) {
    const uint64_t count = ShardWindows::Open(files_, shards(), kWindow, share).value().count();
    const auto source = Open(share).value();
    for (uint64_t i = 0; i < count; ++i) {
      const Segment segment = source->At(i).value().segments.front();
      ASSERT_EQ(segment.tokens.size(), kWindow);
      ASSERT_EQ(segment.targets.size(), kWindow);
      letters += static_cast<uint64_t>(std::ranges::count_if(segment.tokens, [&](int32_t token) { return token != tokenizer_->eos().value(); }));
      for (size_t at = 0; at + 1 < kWindow; ++at) EXPECT_TRUE(segment.targets[at] == segment.tokens[at + 1] || segment.targets[at] == -1);
    }
  }
  EXPECT_EQ(letters, 20u * 21 / 2);
}

TEST_F(ShardSamples, SaysWhichWindowsADocumentIsIn) {
  Put("0.shard", 1, 15);
  Put("1.shard", 16, 20);
  for (const Share share : {Share::kTrained, Share::kHeldOut}) {
    const ShardWindows windows = ShardWindows::Open(files_, shards(), kWindow, share).value();
    for (uint8_t n = 1; n <= 20; ++n) {
      std::vector<uint64_t> expected;
      for (uint64_t window = 0; window < windows.count(); ++window) {
        const ShardWindows::Place place = windows.PlaceOf(window);
        const Shard& shard = *windows.shards()[place.shard];
        bool holds = false;
        for (uint64_t token = place.first_token; token < place.first_token + place.tokens; ++token) holds = holds || shard.DocumentOf(token).id == NumberedId(n);
        if (holds) expected.push_back(window);
      }
      EXPECT_EQ(windows.WindowsOf(NumberedId(n)), expected) << "document " << int{n};
    }
  }
}

TEST_F(ShardSamples, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Open().error().code(), ErrorCode::kNotFound);
  Put("0.shard", 1, 3, "AD");
  const auto refused = Open();
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message().find("tier D"), std::string::npos) << refused.error().message();
  EXPECT_TRUE(Open(Share::kTrained, "DA"));
  ShardWriter other({.name = "t", .tokenizer_sha256 = "another", .vocabulary = 300, .end_token = 0, .tiers = "A", .ledger_events = 0, .ledger_head = ""});
  ASSERT_TRUE(other.Add(NumberedId(1), std::vector<int32_t>{1}));
  ASSERT_TRUE(other.Write(files_, shards() / "1.shard"));
  EXPECT_NE(Open().error().message().find("one tokenizer"), std::string::npos);
}

}  // namespace
}  // namespace walchen::shards
