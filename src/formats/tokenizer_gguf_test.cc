// SPDX-License-Identifier: Apache-2.0
//
// Tokenizers from the keys of a model file.
#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "formats/tokenizer.h"
#include "formats/tokenizer_vocabulary.h"

namespace walchen::formats {
namespace {

using Ids = std::vector<TokenId>;
using Texts = std::vector<std::string>;

// The metadata of a model file, in memory.
class Metadata final : public GgufFile {
 public:
  void Set(const std::string& key, GgufValue value) { values_.insert_or_assign("tokenizer.ggml." + key, std::move(value)); }
  void Erase(const std::string& key) { values_.erase("tokenizer.ggml." + key); }

  std::span<const std::pair<std::string, GgufValue>> metadata() const override { return {}; }
  const GgufValue* Find(std::string_view key) const override {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? nullptr : &found->second;
  }
  std::span<const TensorEntry> tensors() const override { return {}; }
  const TensorEntry* FindTensor(std::string_view) const override { return nullptr; }
  base::Bytes Data(const TensorEntry&) const override { return {}; }
  void DropResident(base::Bytes) const override {}

 private:
  std::map<std::string, GgufValue> values_;
};

std::unique_ptr<Tokenizer> Load(const Metadata& file) {
  auto tokenizer = Tokenizer::FromGguf(file);
  EXPECT_TRUE(tokenizer.has_value()) << tokenizer.error().ToString();
  return tokenizer ? *std::move(tokenizer) : nullptr;
}

Error ErrorOf(const Metadata& file) {
  auto tokenizer = Tokenizer::FromGguf(file);
  EXPECT_FALSE(tokenizer.has_value());
  return tokenizer ? Error(ErrorCode::kIo, "no error") : tokenizer.error();
}

// 256 bytes, the merge of a and b, two special tokens and one that a user added.
Metadata Gpt2() {
  Texts tokens;
  std::vector<int64_t> types(256, 1);
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(Gpt2SpellingOfByte(static_cast<unsigned char>(byte)));
  for (const char* token : {"ab", "<|bos|>", "<|im_end|>", "  "}) tokens.emplace_back(token);
  for (const int64_t type : {1, 3, 3, 4}) types.push_back(type);
  Metadata file;
  file.Set("model", std::string("gpt2"));
  file.Set("pre", std::string("smollm"));
  file.Set("tokens", GgufArray(tokens));
  file.Set("token_type", GgufArray(types));
  file.Set("merges", GgufArray(Texts{"a b"}));
  file.Set("bos_token_id", int64_t{257});
  file.Set("eos_token_id", int64_t{258});
  return file;
}

TEST(TokenizerGguf, ReadsByteLevelBpe) {
  const auto tokenizer = Load(Gpt2());
  EXPECT_EQ(tokenizer->Encode("ab 12"), (Ids{256, ' ', '1', '2'}));
  EXPECT_EQ(tokenizer->Encode("a<|im_end|>", true), (Ids{'a', 258}));
  EXPECT_EQ(tokenizer->Encode("a  b"), (Ids{'a', 259, 'b'}));
  EXPECT_EQ(tokenizer->bos(), 257);
  EXPECT_EQ(tokenizer->eos(), 258);
  EXPECT_FALSE(tokenizer->adds_bos());
  EXPECT_EQ(Ids(tokenizer->end_of_generation().begin(), tokenizer->end_of_generation().end()), (Ids{258}));
}

TEST(TokenizerGguf, AddsBosAsTheFileOrTheFamilySays) {
  Metadata file = Gpt2();
  file.Set("pre", std::string("llama-bpe"));
  EXPECT_TRUE(Load(file)->adds_bos());
  file.Set("add_bos_token", false);
  EXPECT_FALSE(Load(file)->adds_bos());
  file.Set("add_bos_token", true);
  file.Erase("bos_token_id");
  EXPECT_FALSE(Load(file)->adds_bos());
}

TEST(TokenizerGguf, CountsTheEndsOfTurnsThatTheFileNames) {
  Metadata file = Gpt2();
  file.Set("eot_token_id", int64_t{257});
  EXPECT_TRUE(Load(file)->EndsGeneration(257));
  EXPECT_TRUE(Load(file)->EndsGeneration(258));
}

TEST(TokenizerGguf, NamesThePretokenizerThatItDoesNotKnow) {
  Metadata file = Gpt2();
  file.Set("pre", std::string("tomorrow"));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kUnsupported);
  EXPECT_NE(ErrorOf(file).message().find("tomorrow"), std::string::npos);
  file.Erase("pre");
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kUnsupported);
  file.Set("model", std::string("rwkv"));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kUnsupported);
}

TEST(TokenizerGguf, RefusesKeysThatContradictEachOther) {
  Metadata file = Gpt2();
  file.Set("token_type", GgufArray(std::vector<int64_t>{1, 1}));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kCorrupt);
  file = Gpt2();
  file.Set("eos_token_id", int64_t{260});
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kCorrupt);
  file = Gpt2();
  file.Set("merges", GgufArray(Texts{"ab"}));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kCorrupt);
  file.Set("merges", GgufArray(Texts{"a nobody"}));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kCorrupt);
  file.Erase("tokens");
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kNotFound);
}

// <unk> <s> </s>, the bytes, then pieces of which the later ones score lower.
Metadata SentencePiece(const std::string& model, const Texts& pieces) {
  Texts tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int64_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(6);
  }
  std::vector<double> scores(tokens.size(), 0.0);
  for (const std::string& piece : pieces) {
    scores.push_back(-1.0 - static_cast<double>(tokens.size() - 259));
    tokens.push_back(piece);
    types.push_back(1);
  }
  Metadata file;
  file.Set("model", model);
  file.Set("tokens", GgufArray(tokens));
  file.Set("token_type", GgufArray(types));
  file.Set("scores", GgufArray(scores));
  file.Set("bos_token_id", int64_t{1});
  file.Set("eos_token_id", int64_t{2});
  file.Set("unknown_token_id", int64_t{0});
  return file;
}

constexpr TokenId kFirstPiece = 259;
TokenId Byte(unsigned char byte) { return 3 + byte; }

TEST(TokenizerGguf, MergesScoredPiecesBestFirst) {
  // Ids 259 to 266. "ab" scores better than "bc", so abc is ab + c.
  const auto tokenizer = Load(SentencePiece("llama", {"ab", "bc", "\u2581ab", "a", "b", "c", "\u2581", "\u2581\u2581"}));
  EXPECT_EQ(tokenizer->Encode("abc"), (Ids{kFirstPiece + 2, kFirstPiece + 5}));
  EXPECT_EQ(tokenizer->Encode("bc"), (Ids{kFirstPiece + 6, kFirstPiece + 1}));
  EXPECT_EQ(tokenizer->Encode("  a"), (Ids{kFirstPiece + 7, kFirstPiece + 6, kFirstPiece + 3}));
  EXPECT_TRUE(tokenizer->adds_bos());
}

TEST(TokenizerGguf, SpellsUnknownCharactersByTheirBytes) {
  const auto tokenizer = Load(SentencePiece("llama", {"a", "\u2581"}));
  const Ids ids = tokenizer->Encode("\u00E4a\n");
  EXPECT_EQ(ids, (Ids{kFirstPiece + 1, Byte(0xC3), Byte(0xA4), kFirstPiece, Byte('\n')}));
  EXPECT_EQ(tokenizer->Decode(ids), "\u00E4a\n");
}

TEST(TokenizerGguf, NeverMakesASpecialTokenOutOfLetters) {
  const auto tokenizer = Load(SentencePiece("llama", {"<", "s", ">", "<s", "\u2581"}));
  const Ids ids = tokenizer->Encode("<s>");
  EXPECT_EQ(ids, (Ids{kFirstPiece + 4, kFirstPiece + 3, kFirstPiece + 2}));
  EXPECT_EQ(tokenizer->Encode("<s>", true), (Ids{1}));
}

TEST(TokenizerGguf, PutsASpaceInFrontUnlessToldNotTo) {
  Metadata file = SentencePiece("llama", {"a", "\u2581"});
  EXPECT_EQ(Load(file)->Encode("a"), (Ids{kFirstPiece + 1, kFirstPiece}));
  EXPECT_EQ(Load(file)->Decode(Ids{kFirstPiece + 1, kFirstPiece}), "a");
  file.Set("add_space_prefix", false);
  EXPECT_EQ(Load(file)->Encode("a"), (Ids{kFirstPiece}));
  EXPECT_EQ(Load(file)->Decode(Ids{kFirstPiece + 1, kFirstPiece}), " a");
}

TEST(TokenizerGguf, FindsTheBestWayThroughAUnigramModel) {
  // Scores from -1 on in this order: for abc both ab + c and a + bc add up to -5, and the way found first stays.
  Metadata file = SentencePiece("t5", {"ab", "bc", "a", "c", "\u2581"});
  const auto tokenizer = Load(file);
  EXPECT_EQ(tokenizer->Encode("abc"), (Ids{kFirstPiece + 4, kFirstPiece + 2, kFirstPiece + 1}));
  EXPECT_EQ(tokenizer->Encode("abbc"), (Ids{kFirstPiece + 4, kFirstPiece, kFirstPiece + 1}));
  EXPECT_EQ(tokenizer->Encode("a\u00E4"), (Ids{kFirstPiece + 4, kFirstPiece + 2, Byte(0xC3), Byte(0xA4)}));
  EXPECT_FALSE(tokenizer->adds_bos());
  file.Set("remove_extra_whitespaces", true);
  EXPECT_EQ(Load(file)->Encode("  a   c "), (Ids{kFirstPiece + 4, kFirstPiece + 2, kFirstPiece + 4, kFirstPiece + 3}));
}

TEST(TokenizerGguf, RefusesScoresThatAreNone) {
  Metadata file = SentencePiece("t5", {"a"});
  file.Set("scores", GgufArray(std::vector<double>{1.0}));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kCorrupt);
  file.Set("scores", GgufArray(std::vector<double>(260, std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(ErrorOf(file).code(), ErrorCode::kCorrupt);
}

Metadata WordPiece(const Texts& pieces) {
  Texts tokens = {"[UNK]", "[CLS]", "[SEP]"};
  std::vector<int64_t> types = {3, 3, 3};
  for (const std::string& piece : pieces) {
    tokens.push_back(piece);
    types.push_back(1);
  }
  Metadata file;
  file.Set("model", std::string("bert"));
  file.Set("tokens", GgufArray(tokens));
  file.Set("token_type", GgufArray(types));
  file.Set("bos_token_id", int64_t{1});
  file.Set("eos_token_id", int64_t{2});
  file.Set("unknown_token_id", int64_t{0});
  return file;
}

TEST(TokenizerGguf, ReadsWordPieceWithItsMarkForBeginnings) {
  const auto tokenizer = Load(WordPiece({"\u2581un", "able", "\u2581,", "\u2581a"}));
  const Ids ids = tokenizer->Encode("\u00DCnable, UNABLE x");
  EXPECT_EQ(ids, (Ids{3, 4, 5, 3, 4, 0}));
  EXPECT_EQ(tokenizer->Decode(ids), "unable , unable");
  EXPECT_TRUE(tokenizer->adds_bos());
}

TEST(TokenizerGguf, KeepsCapitalsForACasedVocabulary) {
  const auto tokenizer = Load(WordPiece({"\u2581un", "\u2581Un", "able"}));
  EXPECT_EQ(tokenizer->Encode("Unable unable"), (Ids{4, 5, 3, 5}));
}

}  // namespace
}  // namespace walchen::formats
