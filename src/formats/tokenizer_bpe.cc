// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_bpe.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <queue>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "formats/tokenizer_table.h"
#include "formats/utf8.h"
#include "formats/word_cache.h"

namespace walchen::formats {
namespace {

// A pair of tokens that may become one, the lower rank first.
struct Merge {
  int32_t rank = 0;
  TokenId token = kNoToken;
};

// By the left and the right token.
class MergeTable {
 public:
  void Insert(TokenId left, TokenId right, Merge merge) {
    table_.Insert(static_cast<uint32_t>(left), static_cast<uint32_t>(right), merge);
  }
  const Merge* Find(TokenId left, TokenId right) const {
    return table_.Find(static_cast<uint32_t>(left), static_cast<uint32_t>(right));
  }

 private:
  PairTable<Merge> table_;
};

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
// Merging needs 36 bytes for each byte of a word; longer words are cut.
constexpr size_t kMaxBpeWordBytes = size_t{1} << 22;

// Cuts the next part off a word: nearly always all of it.
std::string_view TakePart(std::string_view& word) {
  size_t size = std::min(word.size(), kMaxBpeWordBytes);
  while (size < word.size() && (static_cast<unsigned char>(word[size]) & 0xC0) == 0x80) --size;
  const std::string_view part = word.substr(0, size);
  word.remove_prefix(size);
  return part;
}

// A stretch of a word that is one token so far.
struct Symbol {
  TokenId token = kNoToken;
  uint32_t begin = 0, size = 0;  // bytes in the word; size 0: it was merged into the one before
  uint32_t previous = kNone, next = kNone;
};

struct Candidate {
  Merge merge;
  uint32_t left = 0;  // index of the left symbol
  uint32_t size = 0;  // bytes of the result: another size means that the pair has changed since
};

// The lowest rank first, then the leftmost.
struct Later {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.merge.rank != b.merge.rank ? a.merge.rank > b.merge.rank : a.left > b.left;
  }
};

class Symbols {
 public:
  void Clear() { symbols_.clear(); }
  void Add(TokenId token, size_t begin, size_t size) {
    symbols_.push_back({token, static_cast<uint32_t>(begin), static_cast<uint32_t>(size), kNone, kNone});
  }
  size_t size() const { return symbols_.size(); }
  std::span<const Symbol> all() const { return symbols_; }

  // find(left, right) -> const Merge* or null.
  template <class Find>
  void MergeAll(const Find& find) {
    for (uint32_t i = 0; i < symbols_.size(); ++i) {
      symbols_[i].previous = i == 0 ? kNone : i - 1;
      symbols_[i].next = i + 1 == symbols_.size() ? kNone : i + 1;
    }
    std::vector<Candidate> candidates;
    candidates.reserve(symbols_.size());
    for (uint32_t i = 0; i + 1 < symbols_.size(); ++i) {
      if (const auto candidate = CandidateAt(i, find)) candidates.push_back(*candidate);
    }
    std::priority_queue<Candidate, std::vector<Candidate>, Later> queue(Later{}, std::move(candidates));
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      if (!Join(top)) continue;
      const uint32_t previous = symbols_[top.left].previous;
      if (previous != kNone) {
        if (const auto candidate = CandidateAt(previous, find)) queue.push(*candidate);
      }
      if (const auto candidate = CandidateAt(top.left, find)) queue.push(*candidate);
    }
  }

 private:
  template <class Find>
  std::optional<Candidate> CandidateAt(uint32_t left, const Find& find) const {
    const uint32_t right = symbols_[left].next;
    if (right == kNone) return std::nullopt;
    const Merge* merge = find(symbols_[left], symbols_[right]);
    if (merge == nullptr) return std::nullopt;
    return Candidate{*merge, left, symbols_[left].size + symbols_[right].size};
  }

  // False if one of the two symbols is no longer what it was.
  bool Join(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.left];
    if (left.size == 0 || left.next == kNone) return false;
    Symbol& right = symbols_[left.next];
    if (left.size + right.size != candidate.size) return false;
    left.token = candidate.merge.token;
    left.size = candidate.size;
    left.next = right.next;
    right.size = 0;
    if (left.next != kNone) symbols_[left.next].previous = candidate.left;
    return true;
  }

  std::vector<Symbol> symbols_;
};

// Merging a short word: looking for the lowest rank anew each time is faster than a heap for few symbols.
class ShortWord {
 public:
  static constexpr size_t kMaxSymbols = 32;  // measured: equal at about 40 symbols

  void Clear() { count_ = 0; }
  void Add(TokenId token) { tokens_[count_++] = token; }
  std::span<const TokenId> tokens() const { return std::span(tokens_).first(count_); }

  void MergeAll(const MergeTable& table) {
    for (size_t i = 0; i + 1 < count_; ++i) Look(i, table);
    while (count_ > 1) {
      const auto lowest = std::min_element(merges_.begin(), merges_.begin() + static_cast<ptrdiff_t>(count_ - 1),
                                           [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
      if (lowest->rank == kNever) return;
      const size_t at = static_cast<size_t>(lowest - merges_.begin());
      tokens_[at] = lowest->token;
      std::move(tokens_.begin() + at + 2, tokens_.begin() + count_, tokens_.begin() + at + 1);
      std::move(merges_.begin() + at + 1, merges_.begin() + count_ - 1, merges_.begin() + at);
      --count_;
      if (at > 0) Look(at - 1, table);
      if (at + 1 < count_) Look(at, table);
    }
  }

 private:
  static constexpr int32_t kNever = std::numeric_limits<int32_t>::max();

  void Look(size_t left, const MergeTable& table) {
    const Merge* merge = table.Find(tokens_[left], tokens_[left + 1]);
    merges_[left] = merge == nullptr ? Merge{kNever, kNoToken} : *merge;
  }

  size_t count_ = 0;
  std::array<TokenId, kMaxSymbols> tokens_;
  std::array<Merge, kMaxSymbols> merges_;
};

// Appends the tokens of all words; encode(word, out) appends those of one that the cache does not know.
template <class EncodeWord>
void EncodeWords(const Pieces& words, WordCaches& caches, std::vector<TokenId>& out, const EncodeWord& encode) {
  caches.With([&](WordCache& cache) {
    for (size_t i = 0; i < words.spans.size(); ++i) {
      for (std::string_view word = words[i]; !word.empty();) {
        const std::string_view part = TakePart(word);
        if (cache.Repeat(part, out)) continue;
        const size_t first = out.size();
        encode(part, out);
        cache.Remember(part, std::span(out).subspan(first));
      }
    }
  });
}

class RankedBpe final : public WordModel {
 public:
  RankedBpe(const Vocabulary& vocabulary, MergeTable merges, BpeOptions options)
      : vocabulary_(vocabulary), merges_(std::move(merges)), options_(std::move(options)) {
    for (size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
      byte_tokens_[byte] = vocabulary.FindOrdinary(Gpt2SpellingOfByte(static_cast<unsigned char>(byte)));
    }
    if (!options_.ignore_merges) return;
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
      if (!vocabulary.IsSpecial(id)) whole_words_.emplace(WordOf(id), id);
    }
  }

  void Encode(const Pieces& words, std::vector<TokenId>& out) const override {
    Symbols symbols;
    ShortWord short_word;
    EncodeWords(words, caches_, out, [&](std::string_view word, std::vector<TokenId>& tokens) { EncodeWord(word, symbols, short_word, tokens); });
  }

 private:
  std::string_view WordOf(TokenId id) const {
    return options_.bytes ? vocabulary_.Bytes(id) : vocabulary_.Spelling(id);
  }

  void EncodeWord(std::string_view word, Symbols& symbols, ShortWord& short_word, std::vector<TokenId>& out) const {
    if (options_.ignore_merges) {
      if (const auto whole = whole_words_.find(word); whole != whole_words_.end()) return out.push_back(whole->second);
    }
    symbols.Clear();
    AddSymbols(word, symbols);
    if (symbols.size() > ShortWord::kMaxSymbols) {
      symbols.MergeAll([&](const Symbol& a, const Symbol& b) { return merges_.Find(a.token, b.token); });
      for (const Symbol& symbol : symbols.all()) {
        if (symbol.size != 0) out.push_back(symbol.token);
      }
      return;
    }
    short_word.Clear();
    for (const Symbol& symbol : symbols.all()) short_word.Add(symbol.token);
    short_word.MergeAll(merges_);
    out.insert(out.end(), short_word.tokens().begin(), short_word.tokens().end());
  }

  void AddSymbols(std::string_view word, Symbols& symbols) const {
    bool after_unknown = false;
    for (size_t at = 0; at < word.size();) {
      const size_t size = options_.bytes ? 1 : FirstCodePoint(word.substr(at)).size;
      const TokenId token = options_.bytes ? byte_tokens_[static_cast<unsigned char>(word[at])]
                                           : vocabulary_.FindOrdinary(word.substr(at, size));
      if (token != kNoToken) {
        symbols.Add(token, at, size);
      } else if (!AddBytes(word, at, size, symbols)) {
        const UnknownRule& rule = options_.unknown;
        if (rule.token != kNoToken && !(rule.fuse && after_unknown)) symbols.Add(rule.token, at, size);
        after_unknown = true;
        at += size;
        continue;
      }
      after_unknown = false;
      at += size;
    }
  }

  // Spells one character by its bytes, if all of them have tokens.
  bool AddBytes(std::string_view word, size_t at, size_t size, Symbols& symbols) const {
    const std::vector<TokenId>& tokens = options_.unknown.byte_tokens;
    if (tokens.empty()) return false;
    const auto token = [&](size_t i) { return tokens[static_cast<unsigned char>(word[at + i])]; };
    for (size_t i = 0; i < size; ++i) {
      if (token(i) == kNoToken) return false;
    }
    for (size_t i = 0; i < size; ++i) symbols.Add(token(i), at + i, 1);
    return true;
  }

  const Vocabulary& vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  std::array<TokenId, 256> byte_tokens_{};
  mutable WordCaches caches_;
  std::unordered_map<std::string_view, TokenId> whole_words_;
};

class ScoredBpe final : public WordModel {
 public:
  ScoredBpe(const Vocabulary& vocabulary, std::span<const double> scores, const std::vector<bool>& mergeable,
            UnknownRule unknown)
      : vocabulary_(vocabulary), unknown_(std::move(unknown)), merges_(static_cast<size_t>(vocabulary.size())) {
    // Equal scores share a rank, so that the leftmost pair wins among them.
    std::vector<size_t> order(merges_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    int32_t rank = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && scores[order[i]] != scores[order[i - 1]]) ++rank;
      if (mergeable[order[i]]) merges_[order[i]] = {rank, static_cast<TokenId>(order[i])};
    }
  }

  void Encode(const Pieces& words, std::vector<TokenId>& out) const override {
    Symbols symbols;
    EncodeWords(words, caches_, out, [&](std::string_view word, std::vector<TokenId>& tokens) { EncodeWord(word, symbols, tokens); });
  }

 private:
  const Merge* Find(std::string_view piece) const {
    const TokenId token = vocabulary_.Find(piece);
    if (token == kNoToken || merges_[static_cast<size_t>(token)].token == kNoToken) return nullptr;
    return &merges_[static_cast<size_t>(token)];
  }

  void EncodeWord(std::string_view word, Symbols& symbols, std::vector<TokenId>& out) const {
    symbols.Clear();
    for (size_t at = 0; at < word.size();) {
      const size_t size = FirstCodePoint(word.substr(at)).size;
      const Merge* letter = Find(word.substr(at, size));
      symbols.Add(letter == nullptr ? kNoToken : letter->token, at, size);
      at += size;
    }
    // A pair whose halves are unknown may still be a known piece, so pairs are looked up by their text.
    symbols.MergeAll([&](const Symbol& a, const Symbol& b) { return Find(word.substr(a.begin, a.size + b.size)); });
    for (const Symbol& symbol : symbols.all()) {
      if (symbol.size == 0) continue;
      if (symbol.token != kNoToken) {
        out.push_back(symbol.token);
      } else {
        AppendUnknown(word.substr(symbol.begin, symbol.size), out);
      }
    }
  }

  void AppendUnknown(std::string_view letter, std::vector<TokenId>& out) const {
    const bool by_bytes = !unknown_.byte_tokens.empty() && std::all_of(letter.begin(), letter.end(), [&](char c) {
      return unknown_.byte_tokens[static_cast<unsigned char>(c)] != kNoToken;
    });
    if (by_bytes) {
      for (const char c : letter) out.push_back(unknown_.byte_tokens[static_cast<unsigned char>(c)]);
    } else if (unknown_.token != kNoToken) {
      out.push_back(unknown_.token);
    }
  }

  const Vocabulary& vocabulary_;
  UnknownRule unknown_;
  std::vector<Merge> merges_;  // by token: what merging into it means
  mutable WordCaches caches_;
};

}  // namespace

bool NoMarkInside(const Vocabulary& vocabulary) {
  constexpr std::string_view kMark = "\u2581";
  if (vocabulary.FindOrdinary(kMark) == kNoToken) return false;  // an unknown mark may fuse with its neighbours
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const std::string_view spelling = vocabulary.Spelling(id);
    for (size_t at = spelling.find(kMark, 1); at != std::string_view::npos; at = spelling.find(kMark, at + 1)) {
      if (!spelling.substr(0, at).ends_with(kMark)) return false;
    }
  }
  return true;
}

Result<std::unique_ptr<WordModel>> MakeRankedBpe(const Vocabulary& vocabulary, const std::vector<TextMerge>& merges,
                                                 BpeOptions options) {
  MergeTable table;
  for (size_t i = 0; i < merges.size(); ++i) {
    const TextMerge& merge = merges[i];
    const TokenId left = vocabulary.Find(merge.left);
    const TokenId right = vocabulary.Find(merge.right);
    const TokenId whole = vocabulary.Find(merge.left + merge.right);
    if (left == kNoToken || right == kNoToken || whole == kNoToken) {
      return Fail(ErrorCode::kCorrupt, "tokenizer: merge {} ({} + {}): expected both and their sum to be tokens", i,
                  base::Quoted(merge.left), base::Quoted(merge.right));
    }
    // No special token may come out of text.
    if (!vocabulary.IsSpecial(whole)) table.Insert(left, right, {static_cast<int32_t>(i), whole});
  }
  return std::make_unique<RankedBpe>(vocabulary, std::move(table), std::move(options));
}

std::unique_ptr<WordModel> MakeScoredBpe(const Vocabulary& vocabulary, std::span<const double> scores,
                                         const std::vector<bool>& mergeable, UnknownRule unknown) {
  return std::make_unique<ScoredBpe>(vocabulary, scores, mergeable, std::move(unknown));
}

}  // namespace walchen::formats
