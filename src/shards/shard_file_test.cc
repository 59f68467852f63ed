// SPDX-License-Identifier: Apache-2.0
#include "shards/shard_file.h"

#include <gtest/gtest.h>

#include "base/faulty_files.h"
#include "base/test_folder.h"

namespace walchen::shards {
namespace {

DocumentId IdOf(uint8_t first) { return {first, 1, 2, 3}; }

class ShardFile : public testing::Test {
 protected:
  ShardWriter ThreeDocuments(int64_t vocabulary = 100) {
    ShardWriter writer({.name = "manuals", .tokenizer_sha256 = "ab", .vocabulary = vocabulary, .end_token = 0, .tiers = "AC",
                        .ledger_events = 12, .ledger_head = "cd"});
    EXPECT_TRUE(writer.Add(IdOf(1), std::vector<int32_t>{5, 6, 7}));
    EXPECT_TRUE(writer.Add(IdOf(2), std::vector<int32_t>{8, 99}));
    EXPECT_TRUE(writer.Add(IdOf(3), std::vector<int32_t>{}));
    return writer;
  }
  static std::vector<int32_t> All(const Shard& shard) {
    std::vector<int32_t> tokens(shard.tokens());
    shard.Read(0, tokens);
    return tokens;
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  base::Path path_ = folder_ / "0.shard";
};

TEST_F(ShardFile, GivesBackWhatWasAdded) {
  for (const int64_t vocabulary : {100, 70'000}) {  // 2 bytes a token, and 4
    const ShardWriter writer = ThreeDocuments(vocabulary);
    const std::string digest = writer.Write(files_, path_).value();
    const auto shard = Shard::Open(files_, path_).value();
    EXPECT_EQ(shard->digest(), digest);
    EXPECT_EQ(shard->facts().vocabulary, vocabulary);
    EXPECT_EQ(shard->facts().ledger_head, "cd");
    EXPECT_EQ(All(*shard), (std::vector<int32_t>{5, 6, 7, 0, 8, 99, 0, 0}));
    EXPECT_EQ(std::vector(shard->documents().begin(), shard->documents().end()), writer.documents());
    EXPECT_EQ(shard->DocumentOf(3).id, IdOf(1));
    EXPECT_EQ(shard->DocumentOf(4).id, IdOf(2));
    EXPECT_EQ(shard->DocumentOf(7).id, IdOf(3));
    EXPECT_TRUE(shard->Verify());
  }
}

TEST_F(ShardFile, RefusesATokenThatTheVocabularyDoesNotHave) {
  ShardWriter writer = ThreeDocuments();
  EXPECT_EQ(writer.Add(IdOf(4), std::vector<int32_t>{100}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(writer.Add(IdOf(4), std::vector<int32_t>{-1}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ShardFile, FindsEveryChangedByteAndEveryCut) {
  ASSERT_TRUE(ThreeDocuments().Write(files_, path_));
  const std::string bytes = files_.Read(path_, 1 << 20).value();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x41);
    const auto shard = Shard::FromBytes(base::AsBytes(changed));
    EXPECT_TRUE(!shard || !(*shard)->Verify()) << "byte " << i;
    if (shard) {
      EXPECT_EQ(All(**shard).size(), 8u);
    }
    EXPECT_FALSE(Shard::FromBytes(base::AsBytes(bytes).first(i))) << "cut at " << i;
  }
}

TEST_F(ShardFile, ErasedTokensAreNowhereInTheFile) {
  const std::string before = ThreeDocuments().Write(files_, path_).value();
  const auto shard = Shard::Open(files_, path_).value();
  const std::vector<DocumentId> ids = {IdOf(2)};
  const ShardWriter without = shard->Without(ids);
  const std::string after = without.Write(files_, path_).value();
  EXPECT_EQ(without.Digest(), after);
  EXPECT_NE(after, before);
  const auto erased = Shard::Open(files_, path_).value();
  EXPECT_EQ(erased->digest(), after);
  EXPECT_TRUE(erased->Verify());
  EXPECT_EQ(All(*erased), (std::vector<int32_t>{5, 6, 7, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(erased->documents()[1].erased);
  EXPECT_FALSE(erased->documents()[0].erased);
  EXPECT_EQ(folder_.size(), 1u) << "no second file stays behind";
}

TEST_F(ShardFile, AFullDiskLeavesAWholeShard) {
  const std::vector<DocumentId> ids = {IdOf(1)};
  int64_t kept = 0;
  for (int64_t call = 1;; ++call) {
    const std::string before = ThreeDocuments().Write(files_, path_).value();
    base::FaultyFiles full(files_, {base::Fault::Kind::kFailFrom, call, ErrorCode::kResourceExhausted});
    const auto erased = Shard::Open(files_, path_).value()->Without(ids).Write(full, path_);
    const auto now = Shard::Open(files_, path_).value();
    EXPECT_TRUE(now->Verify());
    if (erased) {
      EXPECT_EQ(now->digest(), *erased);
      break;
    }
    EXPECT_EQ(erased.error().code(), ErrorCode::kResourceExhausted);
    kept += now->digest() == before ? 1 : 0;
  }
  EXPECT_GE(kept, 4);  // create, two appends, sync
}

}  // namespace
}  // namespace walchen::shards
