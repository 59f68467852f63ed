// SPDX-License-Identifier: Apache-2.0
//
// What happens to a tokenizer.json that is broken, hostile or beyond what is supported. Those that work: the golden test.
#include "formats/tokenizer_json.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "formats/tokenizer.h"
#include "formats/utf8.h"

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

json Replace(std::string_view from, std::string_view to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

json Sequence(std::string_view list, const json& step, int times) {
  json steps = json::array();
  for (int i = 0; i < times; ++i) steps.push_back(step);
  return {{"type", "Sequence"}, {list, steps}};
}

TEST(TokenizerJson, RefusesStepsThatTogetherMakeTextsGrowWithoutBound) {
  const json doubled = Replace("a", "aa");
  json spaces = doubled;
  spaces["pattern"] = {{"Regex", " {2,}"}};
  spaces["content"] = std::string(130, ' ');
  const json mark = {{"type", "Metaspace"}, {"replacement", "\u2581"}};
  for (const auto& [place, value] : std::initializer_list<std::pair<const char*, json>>{
           {"/normalizer", Sequence("normalizers", doubled, 7)},
           {"/normalizer", Sequence("normalizers", {{"type", "Prepend"}, {"prepend", std::string(64, 'a')}}, 1)},
           {"/normalizer", spaces},
           {"/pre_tokenizer", Sequence("pretokenizers", mark, 4)},
           {"/decoder", Sequence("decoders", doubled, 7)}}) {
    const Error error = ErrorWith(json::json_pointer(place), value);
    EXPECT_EQ(error.code(), ErrorCode::kTooLarge) << value;
    EXPECT_NE(error.message().find("at most 64 times as long"), std::string::npos) << error.message();
  }
  json both = Bpe();  // each alone is allowed
  both["normalizer"] = Sequence("normalizers", doubled, 5);
  EXPECT_TRUE(Tokenizer::FromJson(both.dump()).has_value());
  both["pre_tokenizer"] = mark;
  EXPECT_EQ(ErrorOf(both.dump()).code(), ErrorCode::kTooLarge);
}

TEST(TokenizerJson, AcceptsTheStepsOfOrdinaryTokenizers) {
  const json llama2 = json::parse(R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]})");
  const json bert = json::parse(R"({"type": "BertNormalizer", "strip_accents": true})");
  const json albert = json::parse(R"({"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": "``"},
      "content": "\""}, {"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, {"type": "NFC"}]})");
  for (const json& normalizer : {llama2, bert, albert}) {
    json content = Bpe();
    content["normalizer"] = normalizer;
    content["decoder"] = Sequence("decoders", Replace("\u2581", " "), 1);
    const auto tokenizer = Tokenizer::FromJson(content.dump());
    EXPECT_TRUE(tokenizer.has_value()) << normalizer << tokenizer.error().ToString();
  }
}

TEST(TokenizerJson, WantsOneCharacterForMetaspace) {
  for (const char* place : {"/pre_tokenizer", "/decoder"}) {
    for (const std::string& replacement : std::vector<std::string>{"", " ", "ab", "\u2581\u2581", std::string(1000, '_')}) {
      const Error error = ErrorWith(json::json_pointer(place), {{"type", "Metaspace"}, {"replacement", replacement}});
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << replacement;
      EXPECT_NE(error.message().find("one character"), std::string::npos) << error.message();
    }
    json content = Bpe();
    for (const char* replacement : {"_", "\u2581", "\U0001F600"}) {
      content[json::json_pointer(place)] = {{"type", "Metaspace"}, {"replacement", replacement}};
      EXPECT_TRUE(Tokenizer::FromJson(content.dump()).has_value()) << replacement;
    }
  }
}

TEST(TokenizerJson, BoundsTextsBeforeTheyAreSearchedForOrDecoded) {
  const std::string over_token(base::kTokenMaxBytes + 1, 'a');
  json content = Bpe();
  content["model"]["vocab"][over_token] = 3;
  EXPECT_EQ(ErrorOf(content.dump()).code(), ErrorCode::kTooLarge);
  const std::string over_added(base::kAddedTokenMaxBytes + 1, 'a');
  const json added = json::array({{{"id", 3}, {"content", over_added}}});
  EXPECT_EQ(ErrorWith("/added_tokens"_json_pointer, added).code(), ErrorCode::kTooLarge);
  const std::string over_pattern(base::kTokenizerPatternMaxBytes + 1, 'a');
  EXPECT_EQ(ErrorWith("/normalizer"_json_pointer, Replace(over_pattern, "")).code(), ErrorCode::kTooLarge);
}

TEST(TokenizerJson, KnowsHowLongAStepCanMakeEveryCodePoint) {
  const std::vector<NormalizerStep> steps = {ComposeNfc{}, DecomposeNfd{}, LowerCase{}, StripAccents{},
                                             BertCleanup{true, true, false, false}, BertCleanup{false, false, true, true}};
  for (const NormalizerStep& step : steps) {
    const double most = WorstGrowth(step);
    for (char32_t code = 1; code < 0x110000; ++code) {
      if (code >= 0xD800 && code < 0xE000) continue;
      std::string text;
      AppendUtf8(text, code);
      const size_t size = text.size();
      const size_t becomes = Normalize(std::span(&step, 1), std::move(text)).size();
      ASSERT_LE(static_cast<double>(becomes), most * static_cast<double>(size) + 1e-9)
          << "step " << step.index() << " U+" << std::hex << static_cast<uint32_t>(code);
    }
  }
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
