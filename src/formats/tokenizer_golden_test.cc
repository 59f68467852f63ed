// SPDX-License-Identifier: Apache-2.0
//
// Identical ids with the Python package `tokenizers` on the vectors that scripts/golden/tokenizer_vectors.py wrote.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "formats/tokenizer.h"

namespace walchen::formats {
namespace {

using nlohmann::json;

const base::Path kFolder = base::Path(WALCHEN_SOURCE_DIR) / "tests/golden/tokenizer";

std::string ReadGolden(const std::string& name) {
  auto text = base::Files::Os().Read(kFolder / name, 1 << 20);
  EXPECT_TRUE(text.has_value()) << name;
  return text.value_or("null");
}

std::vector<std::string> Lines() {
  std::vector<std::string> lines;
  for (const json& line : json::parse(ReadGolden("lines.json"))) {
    if (line.is_string()) {
      lines.push_back(line.get<std::string>());
    } else {
      std::string& bytes = lines.emplace_back();
      for (const json& byte : line) bytes += static_cast<char>(byte.get<int>());
    }
  }
  return lines;
}

class TokenizerGolden : public testing::TestWithParam<std::string> {};

TEST_P(TokenizerGolden, GivesTheIdsOfThePythonPackage) {
  auto tokenizer = Tokenizer::FromJson(ReadGolden(GetParam() + ".json"));
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().ToString();
  const json ids = json::parse(ReadGolden(GetParam() + ".ids.json"));
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(ids[0].size(), lines.size());
  int compared = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!ids[0][i].is_null()) {
      EXPECT_EQ((*tokenizer)->Encode(lines[i]), ids[0][i].get<std::vector<TokenId>>()) << lines[i];
      ++compared;
    }
    const json& special = ids[1][i].is_null() ? ids[0][i] : ids[1][i];
    EXPECT_EQ((*tokenizer)->Encode(lines[i], true), special.get<std::vector<TokenId>>()) << lines[i];
  }
  EXPECT_GT(compared, 100);
}

INSTANTIATE_TEST_SUITE_P(Families, TokenizerGolden,
                         testing::Values("smollm", "gpt2", "roberta", "llama3", "qwen2", "deepseek-llm",
                                         "deepseek-coder", "deepseek-v3", "llama2", "mistral", "gemma", "unigram",
                                         "unigram-bytes", "bert", "bert-cased", "added-tokens", "whitespace"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Bytes in, bytes out: nothing is normalised in these families and every byte has a token.
TEST(TokenizerGoldenVectors, DecodeToTheTextTheyCameFrom) {
  for (const char* name : {"gpt2", "llama3", "deepseek-llm", "deepseek-coder", "deepseek-v3", "llama2"}) {
    auto tokenizer = Tokenizer::FromJson(ReadGolden(std::string(name) + ".json"));
    ASSERT_TRUE(tokenizer.has_value()) << name;
    for (const json& line : json::parse(ReadGolden("lines.json"))) {
      if (!line.is_string()) continue;
      const std::string text = line.get<std::string>();
      if (text.find("\u2581") != std::string::npos) continue;  // SentencePiece writes a space as this character
      const std::vector<TokenId> tokens = (*tokenizer)->Encode(text);
      EXPECT_EQ((*tokenizer)->Decode(tokens), text) << name;
    }
  }
}

}  // namespace
}  // namespace walchen::formats
