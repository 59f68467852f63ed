// SPDX-License-Identifier: Apache-2.0
//
// What happens to a tokenizer.json that is broken, hostile or beyond what is supported. Those that work: the golden test.
#include "formats/tokenizer_json.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "formats/tokenizer.h"

namespace walchen::formats {
namespace {

using nlohmann::json;

Error ErrorOf(std::string_view text) {
  auto tokenizer = Tokenizer::FromJson(text);
  EXPECT_FALSE(tokenizer.has_value()) << text;
  return tokenizer ? Error(ErrorCode::kIo, "no error") : tokenizer.error();
}

json Bpe() {
  return json::parse(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
}

Error ErrorWith(const json::json_pointer& place, const json& value) {
  json content = Bpe();
  content[place] = value;
  return ErrorOf(content.dump());
}

TEST(TokenizerJson, ReadsTheSmallestFile) {
  const auto tokenizer = Tokenizer::FromJson(Bpe().dump());
  ASSERT_TRUE(tokenizer.has_value());
  EXPECT_EQ((*tokenizer)->Encode("abxb"), (std::vector<TokenId>{2, 1}));  // no unknown token: x is dropped
}

TEST(TokenizerJson, RefusesWhatIsNoTokenizer) {
  for (const char* text : {"", "{", "[]", "null", "{}", R"({"model": 1})", R"({"model": {}})", "\xFF"}) {
    EXPECT_EQ(ErrorOf(text).code(), ErrorCode::kCorrupt) << text;
  }
}

TEST(TokenizerJson, RefusesDeepNestingBeforeParsing) {
  EXPECT_EQ(ErrorOf(std::string(100'000, '[')).code(), ErrorCode::kTooLarge);
  const std::string brackets_in_text = R"({"model": {"type": "BPE", "merges": [], "vocab": {")" + std::string(1000, '[') + R"(\"": 0}}})";
  EXPECT_TRUE(Tokenizer::FromJson(brackets_in_text).has_value());
}

TEST(TokenizerJson, RefusesSequencesWithoutEnd) {
  json steps = json::array();
  for (int i = 0; i <= base::kTokenizerMaxSteps; ++i) steps.push_back({{"type", "NFC"}});
  const Error error = ErrorWith("/normalizer"_json_pointer, {{"type", "Sequence"}, {"normalizers", steps}});
  EXPECT_EQ(error.code(), ErrorCode::kTooLarge);
}

TEST(TokenizerJson, NamesTheStepThatItDoesNotKnow) {
  for (const char* place : {"/normalizer", "/pre_tokenizer", "/decoder"}) {
    const Error error = ErrorWith(json::json_pointer(place), {{"type", "Quantum"}});
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(error.message().find("Quantum"), std::string::npos) << error.message();
  }
}

TEST(TokenizerJson, NamesTheExpressionThatHasNoScanner) {
  const json split = {{"type", "Split"}, {"pattern", {{"Regex", "(x+x+)+y"}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Error error = ErrorWith("/pre_tokenizer"_json_pointer, split);
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_NE(error.message().find("(x+x+)+y"), std::string::npos) << error.message();
}

TEST(TokenizerJson, RefusesIdsThatAreNone) {
  for (const json& id : {json(-1), json(1.5), json("0"), json(base::kVocabularyMaxTokens), json(nullptr)}) {
    EXPECT_EQ(ErrorWith("/model/vocab/a"_json_pointer, id).code(), ErrorCode::kCorrupt) << id;
  }
}

TEST(TokenizerJson, RefusesMergesOfTokensThatDoNotExist) {
  for (const json& merge : {json("a x"), json("b a"), json("ab"), json({"a"}), json(7)}) {
    EXPECT_EQ(ErrorWith("/model/merges/0"_json_pointer, merge).code(), ErrorCode::kCorrupt) << merge;
  }
}

TEST(TokenizerJson, RefusesBrokenParts) {
  EXPECT_EQ(ErrorWith("/model/unk_token"_json_pointer, "nobody").code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorWith("/model/byte_fallback"_json_pointer, 3).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorWith("/model/end_of_word_suffix"_json_pointer, "</w>").code(), ErrorCode::kUnsupported);
  EXPECT_EQ(ErrorWith("/model/type"_json_pointer, "Markov").code(), ErrorCode::kUnsupported);
  EXPECT_EQ(ErrorWith("/added_tokens"_json_pointer, 3).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorWith("/added_tokens"_json_pointer, json::array({{{"id", 3}}})).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorWith("/normalizer"_json_pointer, 3).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorWith("/pre_tokenizer"_json_pointer, {{"type", "Sequence"}}).code(), ErrorCode::kCorrupt);
}

TEST(TokenizerJson, KnowsFromTheTemplateThatTextsBeginWithBos) {
  json content = Bpe();
  content["added_tokens"] = json::parse(R"([{"id": 3, "content": "<s>", "special": true, "normalized": false}])");
  content["post_processor"] = json::parse(
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A"}}]})");
  const auto tokenizer = Tokenizer::FromJson(content.dump());
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().ToString();
  EXPECT_TRUE((*tokenizer)->adds_bos());
  EXPECT_EQ((*tokenizer)->bos(), 3);
}

TEST(TokenizerJson, DecodesAsTheDecoderSays) {
  JsonDecoder sentencepiece{.byte_fallback = true, .replacements = {{"\u2581", " "}}};
  EXPECT_EQ(sentencepiece.BytesOf("\u2581the"), " the");
  EXPECT_EQ(sentencepiece.BytesOf("<0x0A>"), "\n");
  EXPECT_EQ(sentencepiece.BytesOf("<0xZZ>"), "<0xZZ>");
  JsonDecoder wordpiece{.continuing_prefix = "##", .clean_up = true};
  EXPECT_EQ(wordpiece.BytesOf("##ing"), "ing");
  EXPECT_EQ(wordpiece.BytesOf("word"), " word");
  EXPECT_EQ(wordpiece.BytesOf("."), ".");
  JsonDecoder bytes{.byte_level = true};
  EXPECT_EQ(bytes.BytesOf("\u0120\u00C3\u00A4"), " \u00E4");
}

}  // namespace
}  // namespace walchen::formats
