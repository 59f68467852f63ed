// SPDX-License-Identifier: Apache-2.0
#include "runs/checkpoint.h"

#include <gtest/gtest.h>

#include "base/faulty_files.h"
#include "base/sha256.h"
#include "base/test_folder.h"
#include "runs/test_checkpoint.h"

namespace walchen::runs {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  void Write(int64_t step) {
    const auto written = WriteCheckpoint(files_, run_.path(), step, TestParts(step));
    ASSERT_TRUE(written) << written.error().ToString();
  }
  std::string ReadText(const std::string& name) const { return files_.Read(run_ / name, 1 << 20).value(); }
  void Replace(const std::string& name, std::string_view text) {
    ASSERT_TRUE(base::ReplaceFile(files_, run_ / name, text));
  }
  // The manifest of step 1 with a part replaced.
  void ChangeManifest(std::string_view part, std::string_view other) {
    std::string text = ReadText("step-1/manifest.json");
    const size_t at = text.find(part);
    ASSERT_NE(at, std::string::npos) << text;
    Replace("step-1/manifest.json", text.replace(at, part.size(), other));
  }
  Error ErrorOf(const std::string& name) {
    const auto checkpoint = Verify(files_, run_ / name);
    return checkpoint ? Error(ErrorCode::kIo, "no error") : checkpoint.error();
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder run_;
};

TEST_F(CheckpointTest, WhatWasWrittenIsFoundAgain) {
  Write(200);
  const auto found = NewestGood(files_, run_.path());
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->checkpoint.step, 200);
  EXPECT_TRUE(found->skipped.empty());
  ASSERT_EQ(found->checkpoint.files.size(), 2u);
  EXPECT_EQ(found->checkpoint.files[0].name, "optimiser.bin") << "sorted";
  const std::string content = TestContent("weights.safetensors", 200, 3'000);
  EXPECT_EQ(found->checkpoint.files[1],
            (CheckpointFile{"weights.safetensors", 3'000, base::Sha256Hex(base::AsBytes(content))}));
  EXPECT_EQ(files_.Read(found->checkpoint.PathOf("weights.safetensors"), 1 << 20).value(), content);
  EXPECT_EQ(files_.List(run_.path()).value(), std::vector<std::string>{"step-200"});
}

TEST_F(CheckpointTest, TheNewestIsTheOneOfTheHighestStepNotOfTheLastName) {
  for (const int64_t step : {1000, 200, 90}) Write(step);
  EXPECT_EQ(NewestGood(files_, run_.path()).value().checkpoint.step, 1000);
  EXPECT_EQ(CheckpointSteps(files_, run_.path()).value(), (std::vector<int64_t>{90, 200, 1000}));
}

TEST_F(CheckpointTest, ABrokenOneIsSkippedAndTheReasonTold) {
  for (const int64_t step : {1, 2, 3, 4, 5}) Write(step);
  std::string flipped = ReadText("step-5/weights.safetensors");
  flipped[1'234] ^= 1;
  Replace("step-5/weights.safetensors", flipped);
  Replace("step-4/optimiser.bin", ReadText("step-4/optimiser.bin").substr(1));
  ASSERT_TRUE(files_.Remove(run_ / "step-3/optimiser.bin"));
  ASSERT_TRUE(files_.Remove(run_ / "step-2/manifest.json"));
  const auto found = NewestGood(files_, run_.path());
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->checkpoint.step, 1);
  ASSERT_EQ(found->skipped.size(), 4u);
  EXPECT_NE(found->skipped[0].find("step-5: weights.safetensors: expected SHA-256"), std::string::npos);
  EXPECT_NE(found->skipped[1].find("step-4: optimiser.bin: expected 1500 bytes, found 1499"), std::string::npos);
  EXPECT_NE(found->skipped[2].find("optimiser.bin"), std::string::npos);
  EXPECT_NE(found->skipped[3].find("manifest.json"), std::string::npos);
}

TEST_F(CheckpointTest, WhereNoneIsGoodTheErrorSaysWhatToDo) {
  EXPECT_EQ(NewestGood(files_, run_.path()).error().code(), ErrorCode::kNotFound);
  EXPECT_NE(NewestGood(files_, run_.path()).error().message().find("found none"), std::string::npos);
  Write(7);
  Replace("step-7/weights.safetensors", "");
  const auto none = NewestGood(files_, run_.path());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::kCorrupt);
  for (const char* word : {"none of 1 checkpoints is good", "step-7", "backup", "step 0"}) {
    EXPECT_NE(none.error().message().find(word), std::string::npos) << word << " in " << none.error().message();
  }
}

TEST_F(CheckpointTest, EveryFlippedBitOfAManifestIsSeenOrChangesNothing) {
  Write(1);
  const std::string good = ReadText("step-1/manifest.json");
  const Checkpoint before = Verify(files_, run_ / "step-1").value();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    std::filesystem::remove(run_ / "step-1/manifest.json");
    const auto file = files_.Create(run_ / "step-1/manifest.json", 0644);
    ASSERT_TRUE(file && (*file)->Append(base::AsBytes(flipped)));
    if (const auto checkpoint = Verify(files_, run_ / "step-1")) {
      EXPECT_EQ(checkpoint->files, before.files) << flipped;
      EXPECT_EQ(checkpoint->step, 1);
    }
  }
}

TEST_F(CheckpointTest, AManifestThatLiesIsRefused) {
  Write(1);
  const std::string good = ReadText("step-1/manifest.json");
  const std::vector<std::array<std::string_view, 3>> lies = {
      {"walchen checkpoint", "something else", "format: expected \"walchen checkpoint\""},
      {"\"version\": 1", "\"version\": 2", "expected version 1, found 2"},
      {"\"step\": 1", "\"step\": 2", "expected step 1, found 2"},
      {"\"step\": 1", "\"step\": -1", "step: expected a whole number from 0, found \"-1\""},
      {"\"step\": 1", "\"step\": \"1\"", "step: expected a whole number"},
      {"optimiser.bin", "../../etc/passwd", "expected the name of a file, found \"../../etc/passwd\""},
      {"optimiser.bin", "manifest.json", "expected the name of a file"},
      {"\"sha256\": \"", "\"sha256\": \"g", "expected a SHA-256 of 64 digits"},
      {"\"size\"", "\"length\"", "size: expected a whole number from 0, found nothing"},
      {"\"digest\": \"", "\"digest\": \"0", "the manifest is not as it was written"},
      {"\"files\"", "\"filez\"", "files: expected an array"},
      {"{", "[", "expected a JSON object"},
  };
  for (const auto& [part, other, message] : lies) {
    ChangeManifest(part, other);
    const std::string found = ErrorOf("step-1").message();
    EXPECT_NE(found.find(message), std::string::npos) << message << " in " << found;
    Replace("step-1/manifest.json", good);
  }
  EXPECT_TRUE(Verify(files_, run_ / "step-1"));
}

TEST_F(CheckpointTest, ALineMissingInTheManifestIsSeen) {
  Write(1);
  const std::string text = ReadText("step-1/manifest.json");
  const size_t begin = text.find("  {"), end = text.find("  {", begin + 1);
  ASSERT_NE(end, std::string::npos) << text;
  Replace("step-1/manifest.json", text.substr(0, begin) + text.substr(end));
  EXPECT_EQ(ErrorOf("step-1").code(), ErrorCode::kCorrupt);
}

TEST_F(CheckpointTest, WhatACrashLeftIsRemovedByTheNextWriterAndNothingElse) {
  Write(1);
  ASSERT_TRUE(files_.MakeFolders(run_ / "step-2.tmp-1"));
  Replace("step-2.tmp-1/weights.safetensors", "half");
  ASSERT_TRUE(files_.MakeFolders(run_ / "notes.tmp-1"));
  ASSERT_TRUE(files_.MakeFolders(run_ / "step-two"));
  Write(2);
  EXPECT_EQ(files_.List(run_.path()).value(), (std::vector<std::string>{"notes.tmp-1", "step-1", "step-2", "step-two"}));
}

TEST_F(CheckpointTest, OnlyABrokenOneOfTheSameStepIsReplaced) {
  Write(1);
  EXPECT_TRUE(WriteCheckpoint(files_, run_.path(), 1, TestParts(1))) << "the same content is no error";
  const auto other = WriteCheckpoint(files_, run_.path(), 1, TestParts(2));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::kAlreadyExists);
  Replace("step-1/optimiser.bin", "rotten");
  ASSERT_TRUE(WriteCheckpoint(files_, run_.path(), 1, TestParts(1)));
  EXPECT_TRUE(Verify(files_, run_ / "step-1"));
  EXPECT_EQ(run_.size(), 1u) << "nothing temporary is left";
}

TEST_F(CheckpointTest, PruneKeepsTheNewestAndThoseOfEverySoManySteps) {
  for (int64_t step = 100; step <= 1000; step += 100) Write(step);
  ASSERT_TRUE(Prune(files_, run_.path(), 2, 400));
  EXPECT_EQ(CheckpointSteps(files_, run_.path()).value(), (std::vector<int64_t>{400, 800, 900, 1000}));
  ASSERT_TRUE(Prune(files_, run_.path(), 3, 0));
  EXPECT_EQ(CheckpointSteps(files_, run_.path()).value(), (std::vector<int64_t>{800, 900, 1000}));
  ASSERT_TRUE(Prune(files_, run_.path(), 3, 0));
  EXPECT_EQ(run_.size(), 3u);
}

TEST_F(CheckpointTest, PruneThatFailsAnywhereLeavesWholeCheckpointsOnly) {
  for (int64_t at = 1;; ++at) {
    for (const int64_t step : {1, 2, 3}) Write(step);
    base::FaultyFiles faulty(files_, {base::Fault::Kind::kFailOnce, at, ErrorCode::kIo});
    const bool pruned = Prune(faulty, run_.path(), 1, 0).has_value();
    const std::vector<int64_t> steps = CheckpointSteps(files_, run_.path()).value();
    for (const int64_t step : steps) {
      EXPECT_TRUE(Verify(files_, run_ / fmt::format("step-{}", step))) << step << " after a fault in call " << at;
    }
    EXPECT_TRUE(Verify(files_, run_ / "step-3"));
    if (pruned) break;
    std::filesystem::remove_all(run_ / "step-1");
    std::filesystem::remove_all(run_ / "step-2");
  }
}

TEST_F(CheckpointTest, SetAsideAfterMakesRoomForTheStepsThatAreDoneAgain) {
  for (const int64_t step : {1, 2, 3}) Write(step);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(SetAsideAfter(files_, run_.path(), 1));
    EXPECT_EQ(files_.List(run_.path()).value(), (std::vector<std::string>{"step-1", "step-2.broken", "step-3.broken"}));
    Write(2);
    Write(3);
  }
}

TEST_F(CheckpointTest, TheDigestIsWhatSha256sumSaysOfWhatItSays) {
  Write(5);
  const Checkpoint checkpoint = Verify(files_, run_ / "step-5").value();
  std::string lines;
  for (const char* name : {"optimiser.bin", "weights.safetensors"}) {
    lines += base::Sha256Hex(base::AsBytes(ReadText(std::string("step-5/") + name))) + "  " + name + "\n";
  }
  EXPECT_EQ(Digest(checkpoint), base::Sha256Hex(base::AsBytes(lines)));
  std::filesystem::rename(run_ / "step-5", run_ / "elsewhere");
  EXPECT_EQ(Digest(Verify(files_, run_ / "elsewhere").value()), Digest(checkpoint));
}

TEST_F(CheckpointTest, ACheckpointOfNoFilesAndOneOfEmptyFilesAreCheckpoints) {
  ASSERT_TRUE(WriteCheckpoint(files_, run_.path(), 0, {}));
  const std::vector<CheckpointPart> empty = {{"nothing", [](base::WritableFile&) -> Result<void> { return {}; }}};
  ASSERT_TRUE(WriteCheckpoint(files_, run_.path(), 1, empty));
  EXPECT_EQ(NewestGood(files_, run_.path()).value().checkpoint.files.size(), 1u);
  EXPECT_TRUE(Verify(files_, run_ / "step-0"));
}

TEST_F(CheckpointTest, AFullDiskKeepsTheOldOneAndSaysSo) {
  Write(1);
  base::FaultyFiles counting(files_);
  ASSERT_TRUE(WriteCheckpoint(counting, run_.path(), 2, TestParts(2)));
  ASSERT_TRUE(files_.RemoveFolder(run_ / "step-2"));
  for (int64_t at = 1; at <= counting.calls(); ++at) {
    base::FaultyFiles full(files_, {base::Fault::Kind::kFailOnce, at, ErrorCode::kResourceExhausted});
    const auto written = WriteCheckpoint(full, run_.path(), 2, TestParts(2));
    if (written) continue;  // Stat and the like may fail without harm
    EXPECT_EQ(written.error().code(), ErrorCode::kResourceExhausted);
    for (const char* word :
         {"cannot write the checkpoint of step 2", "the checkpoint of step 1 is there as before", "--resume"}) {
      EXPECT_NE(written.error().message().find(word), std::string::npos) << word << " in " << written.error().message();
    }
    EXPECT_TRUE(Verify(files_, run_ / "step-1"));
    const bool was_renamed = files_.Exists(run_ / "step-2");  // only the folder was not synced
    if (was_renamed) {
      EXPECT_TRUE(Verify(files_, run_ / "step-2"));
      ASSERT_TRUE(files_.RemoveFolder(run_ / "step-2"));
    }
    EXPECT_EQ(run_.size(), 1u) << "what was half-written takes up room no more, call " << at;
  }
}

TEST_F(CheckpointTest, TheErrorOfWhoWritesAPartIsPassedOn) {
  const std::vector<CheckpointPart> parts = {{"weights", [](base::WritableFile&) -> Result<void> {
                                                return Fail(ErrorCode::kCancelled, "the user changed his mind");
                                              }}};
  const auto written = WriteCheckpoint(files_, run_.path(), 1, parts);
  EXPECT_EQ(written.error().code(), ErrorCode::kCancelled);
  EXPECT_NE(written.error().message().find("changed his mind; there is no older one"), std::string::npos);
  EXPECT_EQ(run_.size(), 0u);
}

}  // namespace
}  // namespace walchen::runs
