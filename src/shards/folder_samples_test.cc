// SPDX-License-Identifier: Apache-2.0
#include "shards/folder_samples.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "shards/test_tokenizer.h"


namespace walchen::shards {
namespace {

class FolderSamples : public TokenizerTest {
 protected:
  void Put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(files_.MakeFolders((texts() / name).parent_path()));
    ASSERT_TRUE(base::ReplaceFile(files_, texts() / name, text));
  }
  base::Path texts() const { return folder_ / "texts"; }
  Result<std::unique_ptr<SampleSource>> Open(Share share = Share::kTrained, uint64_t seed = 1) {
    runs::Options options;
    options.Set("tokens", int64_t{8});
    return MakeFolderSource(files_, texts(), options, seed, *tokenizer_, share);
  }
  // The tokens of a window up to where the filling begins.
  std::string TextOf(const Sample& sample) {
    std::vector<int32_t> tokens = sample.segments.front().tokens;
    std::erase(tokens, tokenizer_->eos().value());
    return tokenizer_->Decode(tokens);
  }
};

TEST_F(FolderSamples, AnEpochTakesEachWindowOnceInAnOrderOfItsOwn) {
  Put("a.txt", "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhhh");
  Put("sub/b.md", "held out");
  const auto source = Open().value();
  std::vector<std::vector<std::string>> epochs(2);
  for (uint64_t i = 0; i < 16; ++i) epochs[i / 8].push_back(TextOf(source->At(i).value()));
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& epoch : epochs) {
    std::ranges::sort(epoch);
    EXPECT_EQ(std::set<std::string>(epoch.begin(), epoch.end()).size(), 8u);
  }
  EXPECT_EQ(epochs[0], epochs[1]);
  EXPECT_EQ(TextOf(Open(Share::kHeldOut).value()->At(0).value()), "held out");
}

TEST_F(FolderSamples, ATokensTargetIsTheNextOneEvenInTheNextWindow) {
  Put("a.txt", "0123456789");
  Put("b.txt", "held out");
  const auto source = Open().value();
  std::map<int32_t, int32_t> targets;
  for (uint64_t i = 0; i < 2; ++i) {
    const Segment segment = source->At(i).value().segments.front();
    for (size_t t = 0; t < segment.tokens.size(); ++t) {
      if (segment.targets[t] >= 0) targets[segment.tokens[t]] = segment.targets[t];
    }
  }
  const std::vector<int32_t> text = tokenizer_->Encode("0123456789");
  for (size_t i = 0; i + 1 < text.size(); ++i) EXPECT_EQ(targets[text[i]], text[i + 1]);
  EXPECT_EQ(targets[text.back()], tokenizer_->eos().value());
  EXPECT_EQ(targets.size(), text.size());
}

TEST_F(FolderSamples, OfOneFileTheLastWindowsAreKept) {
  Put("a.txt", std::string(200, 'x') + "abcdefgh");
  const auto source = Open().value(), kept = Open(Share::kHeldOut).value();
  for (uint64_t i = 0; i < 24; ++i) EXPECT_EQ(TextOf(source->At(i).value()), "xxxxxxxx");
  EXPECT_NE(TextOf(kept->At(0).value()) + TextOf(kept->At(1).value()), "xxxxxxxxxxxxxxxx");
}

TEST_F(FolderSamples, ShortTextsAreFilledUp) {
  Put("a.txt", "ab");
  const Segment segment = Open().value()->At(5).value().segments.front();
  EXPECT_EQ(segment.tokens.size(), 8u);
  EXPECT_EQ(std::ranges::count_if(segment.targets, [](int32_t target) { return target >= 0; }), 2);
}

TEST_F(FolderSamples, SaysWhatIsWrongWithAFolder) {
  EXPECT_EQ(Open().error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(files_.MakeFolders(texts()));
  EXPECT_NE(Open().error().message().find("found none"), std::string::npos) << Open().error().message();
  Put("a.txt", "");
  Put("picture.png", "no text");
  Put(".hidden.txt", "hidden");
  EXPECT_EQ(Open().error().code(), ErrorCode::kCorrupt);
  Put("b.txt", "good \xff bad");
  EXPECT_NE(Open().error().message().find("b.txt: expected UTF-8, found something else at byte 5"), std::string::npos)
      << Open().error().message();
}

}  // namespace
}  // namespace walchen::shards
