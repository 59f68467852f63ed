// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/limits.h"
#include "formats/tokenizer_bpe.h"
#include "formats/tokenizer_pipeline.h"
#include "formats/tokenizer_unigram.h"
#include "formats/tokenizer_wordpiece.h"

namespace walchen::formats {
namespace {

using nlohmann::json;

tl::unexpected<Error> Corrupt(std::string_view what) {
  return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}", what);
}

// The deepest nesting of brackets outside texts, looked at before the parser sees the file.
bool IsTooDeep(std::string_view text) {
  int64_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > base::kJsonMaxDepth) return true;
  }
  return false;
}

Result<json> Parse(std::string_view text) {
  if (text.size() > static_cast<size_t>(base::kTokenizerJsonMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "tokenizer.json: {} bytes, at most {} are allowed", text.size(),
                base::kTokenizerJsonMaxBytes);
  }
  if (IsTooDeep(text)) {
    return Fail(ErrorCode::kTooLarge, "tokenizer.json: more than {} levels of brackets", base::kJsonMaxDepth);
  }
  json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return Corrupt("expected a JSON object");
  return parsed;
}

Result<TokenId> ReadId(const json& value) {
  const bool fits = value.is_number_unsigned() && value.get<uint64_t>() < static_cast<uint64_t>(base::kVocabularyMaxTokens);
  if (!fits) return Corrupt(fmt::format("expected a token id from 0 to {}", base::kVocabularyMaxTokens - 1));
  return static_cast<TokenId>(value.get<uint64_t>());
}

// The tokens of the model by id; ids that nobody has stay empty.
struct Spellings {
  std::vector<std::string> by_id;

  void Put(TokenId id, std::string spelling) {
    const auto i = static_cast<size_t>(id);
    if (by_id.size() <= i) by_id.resize(i + 1);
    by_id[i] = std::move(spelling);
  }
};

Result<Spellings> ReadVocabularyMap(const json& model) {
  const json* vocabulary = Member(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_object()) return Corrupt("expected an object model.vocab");
  Spellings spellings;
  for (const auto& [spelling, id] : vocabulary->items()) {
    TRY_ASSIGN(const TokenId token, ReadId(id));
    spellings.Put(token, spelling);
  }
  return spellings;
}

Result<std::vector<AddedToken>> ReadAddedTokens(const json& root) {
  std::vector<AddedToken> added;
  const json* list = Member(root, "added_tokens");
  if (list == nullptr) return added;
  if (!list->is_array()) return Corrupt("expected a list added_tokens");
  for (const json& entry : *list) {
    constexpr std::string_view kWhere = "added_tokens";
    const json* id = Member(entry, "id");
    TRY_ASSIGN(auto content, TextMember(entry, "content", kWhere));
    if (id == nullptr || !content) return Corrupt("added_tokens: expected objects with id and content");
    AddedToken token;
    TRY_ASSIGN(token.id, ReadId(*id));
    if (content->size() > static_cast<size_t>(base::kAddedTokenMaxBytes)) {  // before a normaliser makes it longer
      return Fail(ErrorCode::kTooLarge, "tokenizer.json: added_tokens: expected at most {} bytes of content, found {}",
                  base::kAddedTokenMaxBytes, content->size());
    }
    token.content = *std::move(content);
    TRY_ASSIGN(token.special, BoolMember(entry, "special", false, kWhere));
    TRY_ASSIGN(token.normalized, BoolMember(entry, "normalized", true, kWhere));
    TRY_ASSIGN(token.left_strip, BoolMember(entry, "lstrip", false, kWhere));
    TRY_ASSIGN(token.right_strip, BoolMember(entry, "rstrip", false, kWhere));
    TRY_ASSIGN(token.single_word, BoolMember(entry, "single_word", false, kWhere));
    added.push_back(std::move(token));
  }
  return added;
}

Result<void> FillVocabulary(Spellings spellings, const JsonDecoder& decoder, TokenizerParts& parts) {
  for (const AddedToken& token : parts.added) spellings.Put(token.id, token.content);
  std::vector<const AddedToken*> added(spellings.by_id.size(), nullptr);
  for (const AddedToken& token : parts.added) added[static_cast<size_t>(token.id)] = &token;
  for (size_t i = 0; i < spellings.by_id.size(); ++i) {
    const std::string& spelling = spellings.by_id[i];
    const bool special = added[i] != nullptr && added[i]->special;
    if (spelling.size() > static_cast<size_t>(base::kTokenMaxBytes)) {  // before the decoder makes it longer
      return Fail(ErrorCode::kTooLarge, "tokenizer.json: model.vocab: expected at most {} bytes of token {}, found {}",
                  base::kTokenMaxBytes, i, spelling.size());
    }
    TRY(parts.vocabulary->Add(spelling, added[i] != nullptr ? spelling : decoder.BytesOf(spelling), special));
  }
  parts.vocabulary->BuildIndex();
  return {};
}

Result<TextMerge> ReadMerge(const json& merge) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return TextMerge{merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  if (merge.is_string()) {
    const std::string& line = merge.get_ref<const std::string&>();
    const size_t space = line.find(' ', 1);
    if (space != std::string::npos) return TextMerge{line.substr(0, space), line.substr(space + 1)};
  }
  return Corrupt("model.merges: expected pairs of tokens");
}

Result<std::vector<TextMerge>> ReadMerges(const json& model) {
  const json* list = Member(model, "merges");
  if (list == nullptr || !list->is_array()) return Corrupt("expected a list model.merges");
  std::vector<TextMerge> merges;
  merges.reserve(list->size());
  for (const json& entry : *list) {
    TRY_ASSIGN(TextMerge merge, ReadMerge(entry));
    merges.push_back(std::move(merge));
  }
  return merges;
}

// The token named by model.unk_token.
Result<TokenId> ReadUnknown(const json& model, const Vocabulary& vocabulary) {
  TRY_ASSIGN(const auto name, TextMember(model, "unk_token", "model"));
  if (!name) return kNoToken;
  const TokenId token = vocabulary.Find(*name);
  if (token == kNoToken) return Corrupt(fmt::format("model.unk_token {} is no token", base::Quoted(*name)));
  return token;
}

struct ModelSource {
  const json& model;
  bool byte_level;
  const JsonDecoder& decoder;
};

Result<void> ReadBpe(const ModelSource& source, TokenizerParts& parts) {
  const json& model = source.model;
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    TRY_ASSIGN(const auto affix, TextMember(model, name, "model"));
    if (affix && !affix->empty()) {
      return Fail(ErrorCode::kUnsupported, "tokenizer.json: model BPE with {} {} is not supported", name,
                  base::Quoted(*affix));
    }
  }
  TRY_ASSIGN(Spellings spellings, ReadVocabularyMap(model));
  TRY(FillVocabulary(std::move(spellings), source.decoder, parts));
  BpeOptions options{.bytes = source.byte_level};
  TRY_ASSIGN(options.ignore_merges, BoolMember(model, "ignore_merges", false, "model"));
  TRY_ASSIGN(options.unknown.fuse, BoolMember(model, "fuse_unk", false, "model"));
  TRY_ASSIGN(const bool byte_fallback, BoolMember(model, "byte_fallback", false, "model"));
  TRY_ASSIGN(options.unknown.token, ReadUnknown(model, *parts.vocabulary));
  if (byte_fallback && !source.byte_level) options.unknown.byte_tokens = ByteTokens(*parts.vocabulary);
  TRY_ASSIGN(const auto merges, ReadMerges(model));
  const bool cut_at_marks = !options.ignore_merges && parts.pretokenizer.empty() && NoMarkInside(*parts.vocabulary);
  TRY_ASSIGN(parts.model, MakeRankedBpe(*parts.vocabulary, merges, std::move(options)));
  if (cut_at_marks) parts.pretokenizer.emplace_back(CutSpaceMarks{});
  return {};
}

// A score as the package has it: its JSON parser makes numbers of 16 and 17 digits by one division, which may be off by
// the last bit, and that decides between two ways to cut a word that cost the same. The digits are those of the shortest
// text that means `score`, which is how these files are written.
double ScoreOf(double score) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), std::abs(score), std::chars_format::fixed);
  if (end.ec != std::errc()) return score;  // over 32 characters: no score of a vocabulary
  uint64_t significand = 0;
  int decimals = -1;  // counted from the point on
  for (const char* c = digits.data(); c != end.ptr; ++c) {
    if (*c == '.') {
      decimals = 0;
      continue;
    }
    if (significand > (std::numeric_limits<uint64_t>::max() - 9) / 10) return score;
    significand = significand * 10 + static_cast<uint64_t>(*c - '0');
    if (decimals >= 0) ++decimals;
  }
  const double value = static_cast<double>(significand) / std::pow(10.0, std::max(decimals, 0));
  return std::signbit(score) ? -value : value;
}

Result<void> ReadUnigram(const ModelSource& source, TokenizerParts& parts) {
  const json* list = Member(source.model, "vocab");
  if (source.byte_level || list == nullptr || !list->is_array()) return Corrupt("expected a list model.vocab");
  Spellings spellings;
  UnigramOptions options;
  for (const json& entry : *list) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      return Corrupt("model.vocab: expected pairs of a piece and its score");
    }
    spellings.by_id.push_back(entry[0].get<std::string>());
    options.scores.push_back(ScoreOf(entry[1].get<double>()));
  }
  const size_t pieces = spellings.by_id.size();
  TRY(FillVocabulary(std::move(spellings), source.decoder, parts));
  TRY_ASSIGN(const bool byte_fallback, BoolMember(source.model, "byte_fallback", false, "model"));
  if (byte_fallback) options.unknown.byte_tokens = ByteTokens(*parts.vocabulary);
  if (const json* unknown = Member(source.model, "unk_id")) {
    TRY_ASSIGN(options.unknown.token, ReadId(*unknown));
    if (static_cast<size_t>(options.unknown.token) >= pieces) return Corrupt("model.unk_id is no token");
  }
  for (size_t i = 0; i < pieces; ++i) options.usable.push_back(!parts.vocabulary->IsSpecial(static_cast<TokenId>(i)));
  options.scores.resize(static_cast<size_t>(parts.vocabulary->size()), 0);
  options.usable.resize(options.scores.size(), false);
  parts.model = MakeUnigram(*parts.vocabulary, std::move(options));
  return {};
}

Result<void> ReadWordPiece(const ModelSource& source, TokenizerParts& parts) {
  if (source.byte_level) return Fail(ErrorCode::kUnsupported, "tokenizer.json: WordPiece after ByteLevel");
  TRY_ASSIGN(Spellings spellings, ReadVocabularyMap(source.model));
  const size_t pieces = spellings.by_id.size();
  TRY(FillVocabulary(std::move(spellings), source.decoder, parts));
  TRY_ASSIGN(const auto prefix, TextMember(source.model, "continuing_subword_prefix", "model"));
  const std::string inside = prefix.value_or("##");
  std::vector<WordPieceEntry> entries;
  for (TokenId id = 0; id < static_cast<TokenId>(pieces); ++id) {
    const std::string_view spelling = parts.vocabulary->Spelling(id);
    if (parts.vocabulary->IsSpecial(id)) continue;
    entries.push_back({id, std::string(spelling), false});
    if (spelling.starts_with(inside)) entries.push_back({id, std::string(spelling.substr(inside.size())), true});
  }
  WordPieceOptions options;
  TRY_ASSIGN(options.unknown, ReadUnknown(source.model, *parts.vocabulary));
  if (const json* most = Member(source.model, "max_input_chars_per_word")) {
    TRY_ASSIGN(const TokenId letters, ReadId(*most));
    options.max_letters = static_cast<size_t>(letters);
  }
  parts.model = MakeWordPiece(entries, options);
  return {};
}

Result<void> ReadModel(const ModelSource& source, TokenizerParts& parts) {
  // Files of before 2020 have no type; only BPE has merges, and a Unigram's vocabulary is a list.
  const json* vocabulary = Member(source.model, "vocab");
  const bool list = vocabulary != nullptr && vocabulary->is_array();
  const std::string guess = Member(source.model, "merges") != nullptr ? "BPE" : list ? "Unigram" : "WordPiece";
  TRY_ASSIGN(const auto named, TextMember(source.model, "type", "model"));
  const std::string type = named.value_or(guess);
  if (type == "BPE") return ReadBpe(source, parts);
  if (type == "Unigram") return ReadUnigram(source, parts);
  if (type == "WordPiece") return ReadWordPiece(source, parts);
  return Fail(ErrorCode::kUnsupported, "tokenizer.json: model {}: expected BPE, Unigram or WordPiece",
              base::Quoted(type));
}

std::optional<TokenId> FirstSpecial(const Vocabulary& vocabulary, std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (const TokenId token = vocabulary.Find(name); vocabulary.IsSpecial(token)) return token;
  }
  return std::nullopt;
}

// The token that a post-processor puts in front of every text.
Result<std::optional<TokenId>> LeadingToken(const json& step, const Vocabulary& vocabulary) {
  std::string name;
  if (const json* single = Member(step, "single"); single != nullptr && single->is_array() && !single->empty()) {
    const json* special = Member(single->front(), "SpecialToken");
    if (special == nullptr) return std::optional<TokenId>();
    TRY_ASSIGN(auto id, TextMember(*special, "id", "post_processor"));
    name = id.value_or("");
  } else if (const json* cls = Member(step, "cls"); cls != nullptr && cls->is_array() && !cls->empty()) {
    if (cls->front().is_string()) name = cls->front().get<std::string>();
  }
  const TokenId token = vocabulary.Find(name);
  return token == kNoToken ? std::optional<TokenId>() : std::optional(token);
}

// A tokenizer.json does not say which tokens begin and end a text; the names of the families do.
Result<void> FindEnds(const json& root, TokenizerParts& parts) {
  constexpr std::array<std::string_view, 7> kBegins = {"<s>",   "<|begin_of_text|>", "<bos>", "[CLS]", "<|startoftext|>",
                                                       "<|im_start|>", "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>"};
  constexpr std::array<std::string_view, 9> kEnds = {
      "</s>",  "<|im_end|>",  "<|eot_id|>", "<|end_of_text|>", "<eos>", "<end_of_turn>", "<|endoftext|>",
      "[SEP]", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>"};
  parts.bos = FirstSpecial(*parts.vocabulary, kBegins);
  parts.eos = FirstSpecial(*parts.vocabulary, kEnds);
  const json* processor = Member(root, "post_processor");
  if (processor == nullptr) return {};
  TRY_ASSIGN(const auto steps, FlattenSteps(*processor, "processors", "post_processor"));
  for (const json* step : steps) {
    TRY_ASSIGN(const auto token, LeadingToken(*step, *parts.vocabulary));
    if (!token) continue;
    parts.bos = token;
    parts.adds_bos = true;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::FromJson(std::string_view tokenizer_json) {
  TRY_ASSIGN(const json root, Parse(tokenizer_json));
  const json* model = Member(root, "model");
  if (model == nullptr || !model->is_object()) return Corrupt("expected an object \"model\"");
  TokenizerParts parts;
  TRY_ASSIGN(parts.added, ReadAddedTokens(root));
  JsonPretokenizer pretokenizer;
  JsonDecoder decoder;
  if (const json* step = Member(root, "normalizer")) {
    TRY_ASSIGN(parts.normalizer, ReadNormalizer(*step));
  }
  if (const json* step = Member(root, "pre_tokenizer")) {
    TRY_ASSIGN(pretokenizer, ReadPretokenizer(*step));
  }
  if (const json* step = Member(root, "decoder")) {
    TRY_ASSIGN(decoder, ReadDecoder(*step));
  }
  parts.pretokenizer = std::move(pretokenizer.steps);
  TRY(CheckGrowth(parts.normalizer, parts.pretokenizer));
  TRY(CheckGrowth(decoder));
  TRY(ReadModel({*model, pretokenizer.byte_level, decoder}, parts));
  parts.decode_drops_first_space = decoder.drops_first_space;
  TRY(FindEnds(root, parts));
  return Assemble(std::move(parts));
}

}  // namespace walchen::formats
