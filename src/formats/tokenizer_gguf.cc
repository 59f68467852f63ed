// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer.ggml.* keys of a model file. Their meaning: ggml's docs/gguf.md.
#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "formats/gguf_pretokenizers.h"
#include "formats/tokenizer_bpe.h"
#include "formats/tokenizer_pipeline.h"
#include "formats/tokenizer_unigram.h"
#include "formats/tokenizer_wordpiece.h"

namespace walchen::formats {
namespace {

// tokenizer.ggml.token_type
enum TokenType : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

constexpr std::string_view kSpaceMark = "\u2581";  // SentencePiece writes spaces as this character

// A key that may be missing.
template <class T>
Result<std::optional<T>> Optional(Result<T> value) {
  if (value) return std::optional<T>(*value);
  if (value.error().code() == ErrorCode::kNotFound) return std::optional<T>();
  return Forward(value);
}

// What every kind of tokenizer has.
struct Source {
  const GgufFile& file;
  std::span<const std::string> tokens;
  std::span<const int64_t> types;  // empty, or one for each token

  TokenType TypeOf(size_t i) const { return types.empty() ? kNormal : static_cast<TokenType>(types[i]); }
  bool IsSpecial(size_t i) const { return TypeOf(i) == kControl || TypeOf(i) == kUnknown; }
};

Result<Source> ReadSource(const GgufFile& file) {
  TRY_ASSIGN(const auto tokens, file.Texts("tokenizer.ggml.tokens"));
  TRY_ASSIGN(const auto types, Optional(file.Ints("tokenizer.ggml.token_type")));
  if (types && types->size() != tokens.size()) {
    return Fail(ErrorCode::kCorrupt, "tokenizer.ggml.token_type: expected {} values, one for each token, found {}",
                tokens.size(), types->size());
  }
  return Source{file, tokens, types ? *types : std::span<const int64_t>()};
}

// bytes_of(i) is what token i stands for in a text.
template <class BytesOf>
Result<void> FillVocabulary(const Source& source, BytesOf bytes_of, TokenizerParts& parts) {
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    TRY(parts.vocabulary->Add(source.tokens[i], bytes_of(i), source.IsSpecial(i)));
    const TokenType type = source.TypeOf(i);
    if (type == kControl || type == kUnknown || type == kUserDefined) {
      parts.added.push_back(
          {.content = source.tokens[i], .id = static_cast<TokenId>(i), .special = type != kUserDefined});
    }
  }
  parts.vocabulary->BuildIndex();
  return {};
}

// An id that a key names; nothing if the key is missing.
Result<std::optional<TokenId>> TokenKey(const Source& source, std::string_view key) {
  TRY_ASSIGN(const auto id, Optional(source.file.Int(key)));
  if (!id) return std::optional<TokenId>();
  if (*id == -1) return std::optional<TokenId>();  // some converters write "none" so
  if (*id < 0 || *id >= static_cast<int64_t>(source.tokens.size())) {
    return Fail(ErrorCode::kCorrupt, "{}: expected a token id below {}, found {}", key, source.tokens.size(), *id);
  }
  return std::optional<TokenId>(static_cast<TokenId>(*id));
}

Result<void> ReadSpecialIds(const Source& source, bool adds_bos_by_default, TokenizerParts& parts) {
  TRY_ASSIGN(parts.bos, TokenKey(source, "tokenizer.ggml.bos_token_id"));
  TRY_ASSIGN(parts.eos, TokenKey(source, "tokenizer.ggml.eos_token_id"));
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    TRY_ASSIGN(const auto end, TokenKey(source, key));
    if (end) parts.end_of_generation.push_back(*end);
  }
  TRY_ASSIGN(const auto adds_bos, Optional(source.file.Bool("tokenizer.ggml.add_bos_token")));
  parts.adds_bos = parts.bos.has_value() && adds_bos.value_or(adds_bos_by_default);
  return {};
}

Result<const GgufPretokenizer*> FindPretokenizer(const GgufFile& file) {
  TRY_ASSIGN(const auto name, Optional(file.Text("tokenizer.ggml.pre")));
  std::string known;
  for (const GgufPretokenizer& candidate : GgufPretokenizers()) {
    if (name && candidate.name == *name) return &candidate;
    known += known.empty() ? "" : ", ";
    known += candidate.name;
  }
  return Fail(ErrorCode::kUnsupported, "tokenizer.ggml.pre: expected one of {}; found {}; convert the model again with a "
              "tool that writes one of these", known, name ? base::Quoted(*name) : "no such key");
}

Result<std::vector<TextMerge>> ReadMerges(const GgufFile& file) {
  TRY_ASSIGN(const auto lines, file.Texts("tokenizer.ggml.merges"));
  std::vector<TextMerge> merges;
  merges.reserve(lines.size());
  for (const std::string& line : lines) {
    const size_t space = line.find(' ', 1);
    if (space == std::string::npos) {
      return Fail(ErrorCode::kCorrupt, "tokenizer.ggml.merges[{}]: expected two tokens with a space between, found {}",
                  merges.size(), base::Quoted(line));
    }
    merges.push_back({line.substr(0, space), line.substr(space + 1)});
  }
  return merges;
}

Result<void> ReadByteLevelBpe(const Source& source, TokenizerParts& parts) {
  TRY_ASSIGN(const GgufPretokenizer* kind, FindPretokenizer(source.file));
  const auto bytes_of = [&](size_t i) {
    return source.TypeOf(i) == kNormal ? BytesOfGpt2Spelling(source.tokens[i]) : source.tokens[i];
  };
  TRY(FillVocabulary(source, bytes_of, parts));
  TRY(ReadSpecialIds(source, kind->adds_bos, parts));
  TRY_ASSIGN(const auto merges, ReadMerges(source.file));
  auto model = MakeRankedBpe(*parts.vocabulary, merges, {.ignore_merges = kind->ignore_merges});
  if (!model) return Forward(model, "tokenizer.ggml.merges");
  parts.model = std::move(*model);
  parts.normalizer = kind->Normalizer();
  parts.pretokenizer = kind->cuts;
  return {};
}

Result<std::span<const double>> ReadScores(const Source& source) {
  TRY_ASSIGN(const auto scores, source.file.Floats("tokenizer.ggml.scores"));
  if (scores.size() != source.tokens.size()) {
    return Fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores: expected {} values, one for each token, found {}",
                source.tokens.size(), scores.size());
  }
  // A score that is no number would make comparing pieces meaningless.
  const auto bad = std::find_if(scores.begin(), scores.end(), [](double score) { return !std::isfinite(score); });
  if (bad != scores.end()) {
    return Fail(ErrorCode::kCorrupt, "tokenizer.ggml.scores[{}]: expected a finite number", bad - scores.begin());
  }
  return scores;
}

std::string WithSpaces(std::string_view spelling) {
  const NormalizerStep step = ReplaceText{std::string(kSpaceMark), " "};
  return Normalize(std::span(&step, 1), std::string(spelling));
}

Result<UnknownRule> ReadUnknown(const Source& source, const Vocabulary& vocabulary) {
  UnknownRule rule{.fuse = true};
  TRY_ASSIGN(const auto token, TokenKey(source, "tokenizer.ggml.unknown_token_id"));
  rule.token = token.value_or(kNoToken);
  rule.byte_tokens = ByteTokens(vocabulary);
  return rule;
}

// The pieces that text may become: what a user added is cut out before.
std::vector<bool> UsablePieces(const Source& source) {
  std::vector<bool> usable;
  for (size_t i = 0; i < source.tokens.size(); ++i) usable.push_back(source.TypeOf(i) == kNormal);
  return usable;
}

// What SentencePiece's BPE and unigram have in common.
Result<void> ReadSentencePiece(const Source& source, bool adds_bos, TokenizerParts& parts) {
  const auto bytes_of = [&](size_t i) {
    const std::optional<char> byte = source.TypeOf(i) == kByte ? ByteOfSpelling(source.tokens[i]) : std::nullopt;
    return byte ? std::string(1, *byte) : WithSpaces(source.tokens[i]);
  };
  TRY(FillVocabulary(source, bytes_of, parts));
  for (AddedToken& token : parts.added) token.content = WithSpaces(token.content);
  TRY(ReadSpecialIds(source, adds_bos, parts));
  TRY_ASSIGN(const auto prefix, Optional(source.file.Bool("tokenizer.ggml.add_space_prefix")));
  TRY_ASSIGN(const auto trim, Optional(source.file.Bool("tokenizer.ggml.remove_extra_whitespaces")));
  parts.decode_drops_first_space = prefix.value_or(true);
  if (trim.value_or(false)) {
    parts.normalizer.emplace_back(StripSpace{true, true});
    parts.normalizer.emplace_back(CollapseSpaces{" "});
  }
  if (prefix.value_or(true)) parts.normalizer.emplace_back(Prepend{std::string(kSpaceMark)});
  parts.normalizer.emplace_back(ReplaceText{" ", std::string(kSpaceMark)});
  if (NoMarkInside(*parts.vocabulary)) parts.pretokenizer.emplace_back(CutSpaceMarks{});
  return {};
}

Result<void> ReadScoredBpe(const Source& source, TokenizerParts& parts) {
  TRY_ASSIGN(const auto scores, ReadScores(source));
  TRY(ReadSentencePiece(source, true, parts));
  TRY_ASSIGN(UnknownRule unknown, ReadUnknown(source, *parts.vocabulary));
  parts.model = MakeScoredBpe(*parts.vocabulary, scores, UsablePieces(source), std::move(unknown));
  return {};
}

Result<void> ReadUnigram(const Source& source, TokenizerParts& parts) {
  TRY_ASSIGN(const auto map, Optional(source.file.Ints("tokenizer.ggml.precompiled_charsmap")));
  if (map && !map->empty()) {
    return Fail(ErrorCode::kUnsupported, "tokenizer.ggml.precompiled_charsmap: normalisation by a table (nmt_nfkc) is not "
                "supported; only unigram models without it are");
  }
  TRY_ASSIGN(const auto scores, ReadScores(source));
  TRY(ReadSentencePiece(source, false, parts));
  UnigramOptions options{.scores = {scores.begin(), scores.end()}, .usable = UsablePieces(source)};
  TRY_ASSIGN(options.unknown, ReadUnknown(source, *parts.vocabulary));
  parts.model = MakeUnigram(*parts.vocabulary, std::move(options));
  return {};
}

// WordPiece vocabularies are stored with U+2581 in front of what begins a word, instead of ## in front of the rest.
Result<void> ReadWordPiece(const Source& source, TokenizerParts& parts) {
  TRY(FillVocabulary(source, [&](size_t i) { return WithSpaces(source.tokens[i]); }, parts));
  TRY(ReadSpecialIds(source, true, parts));
  std::vector<WordPieceEntry> entries;
  bool cased = false;
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    if (source.TypeOf(i) != kNormal) continue;
    const std::string_view token = source.tokens[i];
    const bool starts = token.starts_with(kSpaceMark);
    entries.push_back({static_cast<TokenId>(i), std::string(starts ? token.substr(kSpaceMark.size()) : token), !starts});
    // The file does not say whether text is lower-cased; an uncased vocabulary has no capital but in names like [CLS].
    cased = cased || (starts && token.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos);
  }
  TRY_ASSIGN(const auto unknown, TokenKey(source, "tokenizer.ggml.unknown_token_id"));
  parts.model = MakeWordPiece(entries, {.unknown = unknown.value_or(parts.vocabulary->Find("[UNK]"))});
  parts.normalizer = {BertCleanup{true, true, !cased, !cased}};
  parts.pretokenizer = {CutWords{CutWords::kBert}};
  parts.decode_drops_first_space = true;
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::FromGguf(const GgufFile& file) {
  TRY_ASSIGN(const std::string_view model, file.Text("tokenizer.ggml.model"));
  TRY_ASSIGN(const Source source, ReadSource(file));
  TokenizerParts parts;
  if (model == "gpt2") {
    TRY(ReadByteLevelBpe(source, parts));
  } else if (model == "llama") {
    TRY(ReadScoredBpe(source, parts));
  } else if (model == "t5") {
    TRY(ReadUnigram(source, parts));
  } else if (model == "bert") {
    TRY(ReadWordPiece(source, parts));
  } else {
    return Fail(ErrorCode::kUnsupported, "tokenizer.ggml.model: expected gpt2, llama, t5 or bert; found {}",
                base::Quoted(model));
  }
  return Assemble(std::move(parts));
}

}  // namespace walchen::formats
