// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "base/limits.h"
#include "formats/tokenizer.h"
#include "model/gguf_token_type.h"
#include "model/huggingface_pretokenizer.h"
#include "model/huggingface_tokenizer.h"
#include "model/tokenizer_probe.h"

namespace walchen::model {
namespace {

using formats::GgufArray;
using formats::GgufFile;
using formats::GgufValue;
using formats::TokenId;
using formats::Tokenizer;
using nlohmann::json;

tl::unexpected<Error> Corrupt(std::string_view what) { return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}", what); }

const json* Member(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

bool IsTrue(const json& object, std::string_view key) {
  const json* value = Member(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::string TextOf(const json* value) { return value != nullptr && value->is_string() ? value->get<std::string>() : ""; }

std::string PadSpelling(size_t id) { return fmt::format("[PAD{}]", id); }

// The tokens by id with their types.
struct TokenTable {
  std::vector<std::string> tokens;
  std::vector<int64_t> types;

  Result<void> Put(const json& id, std::string spelling, TokenType type) {
    if (!id.is_number_unsigned() || id >= base::kVocabularyMaxTokens) {
      return Corrupt(fmt::format("token {}: expected an id below {}", base::Quoted(spelling), base::kVocabularyMaxTokens));
    }
    const auto i = id.get<size_t>();
    for (size_t missing = tokens.size(); missing <= i; ++missing) {
      tokens.push_back(PadSpelling(missing));
      types.push_back(kUnused);
    }
    tokens[i] = std::move(spelling);
    types[i] = type;
    return {};
  }
};

Result<TokenTable> ReadTokens(const json& root, const json& model, bool byte_level) {
  TokenTable table;
  const json* vocabulary = Member(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_object()) return Corrupt("expected an object model.vocab");
  const std::string unknown = TextOf(Member(model, "unk_token"));
  for (const auto& [spelling, id] : vocabulary->items()) {
    const bool is_byte = !byte_level && spelling.size() == 6 && spelling.starts_with("<0x") && spelling.back() == '>';
    TRY(table.Put(id, spelling, is_byte ? kByte : kNormal));
  }
  const json* added = Member(root, "added_tokens");
  if (added == nullptr || !added->is_array()) return table;
  for (const json& token : *added) {
    const json* id = Member(token, "id");
    const std::string spelling = TextOf(Member(token, "content"));
    if (id == nullptr) return Corrupt("added_tokens: expected an id");
    const bool is_unknown = !byte_level && spelling == unknown;
    const TokenType type = is_unknown ? kUnknown : IsTrue(token, "special") ? kControl : kUserDefined;
    TRY(table.Put(*id, spelling, type));
  }
  return table;
}

struct Merge {
  std::string left, right;
};

Result<std::vector<Merge>> ReadMerges(const json& model) {
  const json* list = Member(model, "merges");
  if (list == nullptr || !list->is_array()) return Corrupt("expected a list model.merges");
  std::vector<Merge> merges;
  for (const json& merge : *list) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      merges.push_back({merge[0].get<std::string>(), merge[1].get<std::string>()});
      continue;
    }
    const std::string line = TextOf(&merge);
    const size_t space = line.find(' ', 1);
    if (space == std::string::npos) return Corrupt("model.merges: expected pairs of tokens");
    merges.push_back({line.substr(0, space), line.substr(space + 1)});
  }
  return merges;
}

Result<void> AddByteLevelKeys(const json& root, const std::vector<Merge>& merges, GgufKeys& keys) {
  TRY_ASSIGN(std::string pre, PretokenizerName(root));
  std::vector<std::string> lines;
  for (const Merge& merge : merges) {
    if (merge.left.find(' ') != std::string::npos || merge.right.find(' ') != std::string::npos) {
      return Fail(ErrorCode::kUnsupported, "tokenizer.json: model.merges: a token with a space in it cannot be written");
    }
    lines.push_back(merge.left + " " + merge.right);
  }
  keys.emplace_back("tokenizer.ggml.model", "gpt2");
  keys.emplace_back("tokenizer.ggml.pre", std::move(pre));
  keys.emplace_back("tokenizer.ggml.merges", GgufArray(std::move(lines)));
  return {};
}

// SentencePiece joins the pair whose result has the highest score; a list of merges joins the pair that stands first.
// So a token's score is minus the place of its first merge. Tokens that nothing merges into are never asked.
std::vector<double> ScoresFromMerges(const TokenTable& table, const std::vector<Merge>& merges) {
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < merges.size(); ++i) places.emplace(merges[i].left + merges[i].right, i);
  std::vector<double> scores;
  for (size_t i = 0; i < table.tokens.size(); ++i) {
    const auto place = places.find(table.tokens[i]);
    const bool is_merged = table.types[i] == kNormal && place != places.end();
    scores.push_back(is_merged ? -static_cast<double>(place->second) : table.types[i] == kNormal ? -1e6 : 0);
  }
  return scores;
}

// Whether a space is put in front of every text: the normalizer's Prepend, or a Metaspace that does.
bool AddsSpacePrefix(const json& root) {
  for (const char* part : {"normalizer", "pre_tokenizer"}) {
    const json* step = Member(root, part);
    if (step == nullptr) continue;
    const json* list = Member(*step, part == std::string_view("normalizer") ? "normalizers" : "pretokenizers");
    const json* begin = list != nullptr && list->is_array() && !list->empty() ? &list->front() : step;
    const size_t count = begin == step ? 1 : list->size();
    for (size_t i = 0; i < count; ++i) {
      const std::string type = TextOf(Member(begin[i], "type"));
      if (type == "Prepend") return true;
      if (type == "Metaspace") return TextOf(Member(begin[i], "prepend_scheme")) != "never";
    }
  }
  return false;
}

void AddSentencePieceKeys(const json& root, const TokenTable& table, const std::vector<Merge>& merges, GgufKeys& keys) {
  keys.emplace_back("tokenizer.ggml.model", "llama");
  keys.emplace_back("tokenizer.ggml.pre", "default");
  keys.emplace_back("tokenizer.ggml.scores", GgufArray(ScoresFromMerges(table, merges)));
  keys.emplace_back("tokenizer.ggml.add_space_prefix", AddsSpacePrefix(root));
}

// The id of a special token: by its name in tokenizer_config.json, else by its number in config.json.
std::optional<uint64_t> SpecialId(const TokenTable& table, const JsonObject& tokenizer_config, const JsonObject& config,
                                  const std::string& role) {
  const json* named = tokenizer_config.Find(role + "_token");
  if (named != nullptr && named->is_object()) named = Member(*named, "content");
  const auto found = std::ranges::find(table.tokens, TextOf(named));
  if (named != nullptr && found != table.tokens.end()) return static_cast<uint64_t>(found - table.tokens.begin());
  const json* number = config.Find(role + "_token_id");
  if (number != nullptr && number->is_array() && !number->empty()) number = &number->front();
  if (number == nullptr || !number->is_number_unsigned() || *number >= table.tokens.size()) return std::nullopt;
  return number->get<uint64_t>();
}

Result<void> AddSpecialKeys(const TokenTable& table, const JsonObject& tokenizer_config, const JsonObject& config,
                            const Tokenizer& tokenizer, GgufKeys& keys) {
  constexpr std::pair<const char*, const char*> kRoles[] = {
      {"bos", "bos"}, {"eos", "eos"}, {"unk", "unknown"}, {"pad", "padding"}};
  for (const auto& [role, name] : kRoles) {
    std::optional<uint64_t> id = SpecialId(table, tokenizer_config, config, role);
    if (!id && role == std::string_view("bos") && tokenizer.adds_bos()) id = static_cast<uint64_t>(*tokenizer.bos());
    if (id) keys.emplace_back(fmt::format("tokenizer.ggml.{}_token_id", name), *id);
  }
  TRY_ASSIGN(const bool adds_bos, tokenizer_config.BoolOr("add_bos_token", tokenizer.adds_bos()));
  keys.emplace_back("tokenizer.ggml.add_bos_token", adds_bos);
  return {};
}

// The template for conversations: a file of its own, or a member of tokenizer_config.json, which may be a list of named
// ones.
Result<void> AddChatTemplate(base::Files& files, const base::Path& folder, const JsonObject& tokenizer_config,
                             GgufKeys& keys) {
  auto of_its_own = files.Read(folder / "chat_template.jinja", base::kTemplateMaxBytes);
  if (!of_its_own && of_its_own.error().code() != ErrorCode::kNotFound) return Forward(of_its_own);
  std::string source;
  const json* member = tokenizer_config.Find("chat_template");
  if (of_its_own) {
    source = *std::move(of_its_own);
  } else if (member != nullptr && member->is_array()) {
    for (const json& named : *member) {
      if (TextOf(Member(named, "name")) == "default") source = TextOf(Member(named, "template"));
    }
  } else {
    source = TextOf(member);
  }
  if (!source.empty()) keys.emplace_back("tokenizer.chat_template", std::move(source));
  return {};
}

// A folder with a tokenizer that is not made for reading by others says so.
Result<std::string> ReadTokenizerJson(base::Files& files, const base::Path& folder) {
  const base::Path path = folder / "tokenizer.json";
  if (!files.Exists(path)) {
    return Fail(ErrorCode::kNotFound, "{}: expected tokenizer.json{}", folder.native(),
                files.Exists(folder / "tokenizer.model")
                    ? "; found only tokenizer.model: save the tokenizer with the Python package transformers, which "
                      "writes tokenizer.json"
                    : "");
  }
  return files.Read(path, base::kTokenizerJsonMaxBytes);
}

}  // namespace

Result<void> PadTokens(GgufKeys& keys, int vocabulary) {
  const auto size = static_cast<size_t>(vocabulary);
  for (auto& [key, value] : keys) {
    auto* array = std::get_if<GgufArray>(&value);
    if (array == nullptr) continue;
    if (key == "tokenizer.ggml.tokens") {
      auto* tokens = std::get_if<std::vector<std::string>>(array);
      if (tokens == nullptr || tokens->size() > size) {
        return Fail(ErrorCode::kUnsupported, "the tokenizer has {} tokens, the model only {}: they do not belong together",
                    tokens == nullptr ? 0 : tokens->size(), size);
      }
      while (tokens->size() < size) tokens->push_back(PadSpelling(tokens->size()));
    } else if (key == "tokenizer.ggml.token_type") {
      if (auto* types = std::get_if<std::vector<int64_t>>(array)) types->resize(size, kUnused);
    } else if (key == "tokenizer.ggml.scores") {
      if (auto* scores = std::get_if<std::vector<double>>(array)) scores->resize(size, 0);
    }
  }
  return {};
}

Result<GgufKeys> ImportTokenizer(base::Files& files, const base::Path& folder, const JsonObject& config,
                                 int vocabulary) {
  TRY_ASSIGN(const std::string text, ReadTokenizerJson(files, folder));
  auto tokenizer = Tokenizer::FromJson(text);  // also bounds the file's depth and the number of tokens
  if (!tokenizer) return Forward(tokenizer, folder.native());
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json* model = Member(root, "model");
  if (model == nullptr || Member(*model, "merges") == nullptr) {
    return Fail(ErrorCode::kUnsupported, "{}: tokenizer.json: expected a BPE model, found {}", folder.native(),
                base::Quoted(model == nullptr ? "nothing" : TextOf(Member(*model, "type"))));
  }
  TRY_ASSIGN(const JsonObject tokenizer_config,
             JsonObject::ReadOptional(files, folder / "tokenizer_config.json", base::kTokenizerJsonMaxBytes));
  const bool byte_level = !IsTrue(*model, "byte_fallback");
  TRY_ASSIGN(TokenTable table, ReadTokens(root, *model, byte_level));
  TRY_ASSIGN(const std::vector<Merge> merges, ReadMerges(*model));
  GgufKeys keys;
  if (byte_level) {
    TRY(AddByteLevelKeys(root, merges, keys));
  } else {
    AddSentencePieceKeys(root, table, merges, keys);
  }
  TRY(AddSpecialKeys(table, tokenizer_config, config, **tokenizer, keys));
  TRY(AddChatTemplate(files, folder, tokenizer_config, keys));
  keys.emplace_back("tokenizer.ggml.tokens", GgufArray(std::move(table.tokens)));
  keys.emplace_back("tokenizer.ggml.token_type", GgufArray(std::move(table.types)));
  TRY(PadTokens(keys, vocabulary));
  TRY(ExpectSameIds(**tokenizer, keys));
  return keys;
}

}  // namespace walchen::model
