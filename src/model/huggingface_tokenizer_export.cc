// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "formats/tokenizer.h"
#include "model/gguf_token_type.h"
#include "model/huggingface_pretokenizer.h"
#include "model/huggingface_tokenizer.h"
#include "model/tokenizer_probe.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using formats::TokenId;
using formats::Tokenizer;
using nlohmann::ordered_json;

// Text that is no UTF-8 becomes U+FFFD, and is noticed when the ids are compared.
std::string Dump(const ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

struct Tokens {
  std::span<const std::string> spellings;
  std::span<const int64_t> types;

  TokenType TypeOf(size_t i) const { return i < types.size() ? static_cast<TokenType>(types[i]) : kNormal; }
};

Result<Tokens> ReadTokens(const GgufFile& file) {
  Tokens tokens;
  TRY_ASSIGN(tokens.spellings, file.Texts("tokenizer.ggml.tokens"));
  if (file.Find("tokenizer.ggml.token_type") != nullptr) {
    TRY_ASSIGN(tokens.types, file.Ints("tokenizer.ggml.token_type"));
  }
  return tokens;
}

ordered_json Vocabulary(const Tokens& tokens) {
  auto vocabulary = ordered_json::object();
  auto& items = vocabulary.get_ref<ordered_json::object_t&>();
  items.reserve(tokens.spellings.size());
  for (size_t i = 0; i < tokens.spellings.size(); ++i) {
    // Appended without looking for an equal key, which would take quadratic time in an ordered object.
    if (tokens.TypeOf(i) != kUnused) items.emplace_back(tokens.spellings[i], i);
  }
  return vocabulary;
}

ordered_json AddedTokens(const Tokens& tokens) {
  auto added = ordered_json::array();
  for (size_t i = 0; i < tokens.spellings.size(); ++i) {
    const TokenType type = tokens.TypeOf(i);
    if (type != kControl && type != kUnknown && type != kUserDefined) continue;
    added.push_back({{"id", i},
                     {"content", tokens.spellings[i]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", type != kUserDefined}});
  }
  return added;
}

// Puts BOS in front of every text.
ordered_json BosProcessor(const std::string& bos, TokenId id) {
  const ordered_json special = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
  const ordered_json first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const ordered_json second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  ordered_json named = ordered_json::object();
  named[bos] = {{"id", bos}, {"ids", ordered_json::array({id})}, {"tokens", ordered_json::array({bos})}};
  return {{"type", "TemplateProcessing"},
          {"single", ordered_json::array({special, first})},
          {"pair", ordered_json::array({special, first, special, second})},
          {"special_tokens", std::move(named)}};
}

Result<std::string> TokenizerJson(const GgufFile& file, const Tokens& tokens, const Tokenizer& tokenizer) {
  TRY_ASSIGN(const std::string_view kind, file.Text("tokenizer.ggml.model"));
  if (kind != "gpt2") {
    return Fail(ErrorCode::kUnsupported,
                "tokenizer.ggml.model {}: only byte-level BPE (gpt2) can be written as a tokenizer.json; export the "
                "model as a GGUF file", base::Quoted(kind));
  }
  TRY_ASSIGN(const std::string_view pre, file.Text("tokenizer.ggml.pre"));
  TRY_ASSIGN(PretokenizerJson cuts, DescribePretokenizer(pre));
  TRY_ASSIGN(const auto merges, file.Texts("tokenizer.ggml.merges"));
  ordered_json root = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  root["added_tokens"] = AddedTokens(tokens);
  root["normalizer"] = std::move(cuts.normalizer);
  root["pre_tokenizer"] = std::move(cuts.pre_tokenizer);
  root["post_processor"] = nullptr;
  if (const auto bos = tokenizer.bos(); bos && tokenizer.adds_bos()) {
    root["post_processor"] = BosProcessor(tokens.spellings[static_cast<size_t>(*bos)], *bos);
  }
  root["decoder"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  ordered_json& model = root["model"];
  model = {{"type", "BPE"},           {"dropout", nullptr},
           {"unk_token", nullptr},    {"continuing_subword_prefix", nullptr},
           {"end_of_word_suffix", nullptr}, {"fuse_unk", false},
           {"byte_fallback", false},  {"ignore_merges", cuts.ignore_merges}};
  model["vocab"] = Vocabulary(tokens);
  model["merges"] = merges;
  return Dump(root, 1);
}

ordered_json TokenizerConfig(const GgufFile& file, const Tokens& tokens, const Tokenizer& tokenizer) {
  ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                         {"clean_up_tokenization_spaces", false},
                         {"add_bos_token", tokenizer.adds_bos()}};
  const auto add = [&](const char* name, std::optional<int64_t> id) {
    const bool known = id && *id >= 0 && *id < static_cast<int64_t>(tokens.spellings.size());
    if (known) config[name] = tokens.spellings[static_cast<size_t>(*id)];
  };
  const auto key = [&](std::string_view name) -> std::optional<int64_t> {
    const auto id = file.Int(name);
    return id ? std::optional(*id) : std::nullopt;
  };
  add("bos_token", tokenizer.bos());
  add("eos_token", tokenizer.eos());
  add("unk_token", key("tokenizer.ggml.unknown_token_id"));
  add("pad_token", key("tokenizer.ggml.padding_token_id"));
  if (const auto source = file.Text("tokenizer.chat_template")) config["chat_template"] = *source;
  return config;
}

}  // namespace

Result<TokenizerFiles> ExportTokenizer(const GgufFile& file) {
  TRY_ASSIGN(const auto tokenizer, Tokenizer::FromGguf(file));
  TRY_ASSIGN(const Tokens tokens, ReadTokens(file));
  TokenizerFiles files;
  TRY_ASSIGN(files.tokenizer_json, TokenizerJson(file, tokens, *tokenizer));
  TRY_ASSIGN(const auto read_back, Tokenizer::FromJson(files.tokenizer_json));
  TRY(ExpectSameIds(*tokenizer, *read_back));
  files.tokenizer_config_json = Dump(TokenizerConfig(file, tokens, *tokenizer), 2);
  files.bos = tokenizer->bos().value_or(-1);
  files.eos = tokenizer->eos().value_or(-1);
  auto generation = ordered_json::object();
  if (files.bos >= 0) generation["bos_token_id"] = files.bos;
  if (const auto ends = tokenizer->end_of_generation(); !ends.empty()) generation["eos_token_id"] = ends;
  files.generation_config_json = Dump(generation, 2);
  return files;
}

}  // namespace walchen::model
