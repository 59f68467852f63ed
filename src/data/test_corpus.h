// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "data/bpe_trainer.h"
#include "formats/gguf.h"
#include "formats/tokenizer.h"
#include "ledger/documents.h"
#include "ledger/subject.h"

namespace walchen::data {

constexpr std::string_view kToday = "2026-11-22";
inline const std::string kEnglish =
    "The pump has been running rough since Monday. The bearing gets hot, and the fitter checks the oil level in the housing. Then he "
    "tightens the bolts at the flange and writes the temperature into the list that hangs next to the door.\n";

// A folder of raw files, and a ledger to take them into.
class TestCorpus : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.MakeFolders(raw()));
    ledger_.emplace(ledger::Ledger::Open(folder_ / "ledger.db").value());
    subjects_.emplace(ledger::SubjectKey::ReadOrMake(files_, folder_ / "subjects.key").value());
  }
  base::Path raw() const { return folder_ / "raw"; }
  base::Path shards() const { return folder_ / "shards"; }
  void Put(const std::string& name, const std::string& bytes) { ASSERT_TRUE(base::ReplaceFile(files_, raw() / name, bytes)); }

  std::vector<ledger::ListedDocument> Documents(ledger::DocumentState state = ledger::DocumentState::kKept) {
    std::vector<ledger::ListedDocument> all;
    ledger::DocumentReader reader(*ledger_, {.source = {}, .state = state});
    while (auto next = reader.Next().value()) all.push_back(std::move(*next));
    return all;
  }
  // A tokenizer of 300 tokens that has seen this text.
  std::unique_ptr<formats::Tokenizer> Learned(const std::string& text) {
    BpeTrainer trainer;
    EXPECT_TRUE(trainer.Add(text));
    formats::GgufWriter writer;
    for (auto& [key, value] : TokenizerKeys(trainer.Train(OwnSpecialTokens(), 300).value())) writer.Add(key, value);
    EXPECT_TRUE(writer.Write(files_, folder_ / "own.gguf"));
    return formats::Tokenizer::FromGguf(*formats::GgufFile::Open(files_, folder_ / "own.gguf").value()).value();
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  std::optional<ledger::Ledger> ledger_;
  std::optional<ledger::SubjectKey> subjects_;
};

}  // namespace walchen::data
