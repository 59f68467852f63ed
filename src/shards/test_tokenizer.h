// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer of bytes and a folder for the files of one test. For tests only.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "formats/gguf.h"
#include "formats/tokenizer.h"
#include "model/byte_tokenizer.h"

namespace walchen::shards {

class TokenizerTest : public testing::Test {
 protected:
  void SetUp() override {
    formats::GgufWriter writer;
    for (auto& [key, value] : model::ByteTokenizer(model::kByteTokenizerSmallest)) writer.Add(key, value);
    ASSERT_TRUE(writer.Write(files_, folder_ / "tokenizer.gguf"));
    const auto file = formats::GgufFile::Open(files_, folder_ / "tokenizer.gguf").value();
    tokenizer_ = formats::Tokenizer::FromGguf(*file).value();
  }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  std::unique_ptr<formats::Tokenizer> tokenizer_;
};

}  // namespace walchen::shards
