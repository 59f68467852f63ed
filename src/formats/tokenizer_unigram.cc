// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_unigram.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "formats/tokenizer_table.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

// An unknown character costs this much more than the worst piece: SentencePiece's constant.
constexpr double kUnknownPenalty = 10.0;
// The marks of the way need 16 bytes for each byte of a word; longer words are cut.
constexpr size_t kMaxUnigramWordBytes = size_t{1} << 20;

class Unigram final : public WordModel {
 public:
  Unigram(const Vocabulary& vocabulary, UnigramOptions options) : options_(std::move(options)) {
    double lowest = 0;
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
      const auto i = static_cast<size_t>(id);
      lowest = i == 0 ? options_.scores[i] : std::min(lowest, options_.scores[i]);
      if (options_.usable[i] && !vocabulary.Spelling(id).empty()) trie_.Insert(vocabulary.Spelling(id), id);
    }
    unknown_score_ = lowest - kUnknownPenalty;
  }

  void Encode(const Pieces& words, std::vector<TokenId>& out) const override {
    std::vector<Mark> marks;
    for (size_t i = 0; i < words.spans.size(); ++i) {
      for (std::string_view word = words[i]; !word.empty();) {
        size_t size = std::min(word.size(), kMaxUnigramWordBytes);
        while (size < word.size() && (static_cast<unsigned char>(word[size]) & 0xC0) == 0x80) --size;
        EncodeWord(word.substr(0, size), marks, out);
        word.remove_prefix(size);
      }
    }
  }

 private:
  // The best way to a position: the piece that ends here and where it begins.
  struct Mark {
    double score = 0;
    TokenId token = kNoToken;
    uint32_t size = 0;  // of the piece; 0: nothing ends here yet
  };

  static void Offer(Mark& mark, double score, TokenId token, size_t size) {
    if (mark.size == 0 || score > mark.score) mark = {score, token, static_cast<uint32_t>(size)};
  }

  void EncodeWord(std::string_view word, std::vector<Mark>& marks, std::vector<TokenId>& out) const {
    marks.assign(word.size() + 1, {});
    for (size_t at = 0; at < word.size();) {
      const size_t letter = FirstCodePoint(word.substr(at)).size;
      const double before = marks[at].score;
      bool letter_known = false;
      ByteTrie::Node node = ByteTrie::kRoot;
      for (size_t end = at; end < word.size();) {
        node = trie_.Step(node, word[end++]);
        if (node == ByteTrie::kDead) break;
        const TokenId token = trie_.ValueAt(node);
        if (token == ByteTrie::kNoValue) continue;
        Offer(marks[end], before + options_.scores[static_cast<size_t>(token)], token, end - at);
        letter_known = letter_known || end - at == letter;
      }
      if (!letter_known) Offer(marks[at + letter], before + unknown_score_, kNoToken, letter);
      at += letter;
    }
    Collect(word, marks, out);
  }

  // Goes back from the end, then turns the tokens round.
  void Collect(std::string_view word, const std::vector<Mark>& marks, std::vector<TokenId>& out) const {
    const auto first = static_cast<ptrdiff_t>(out.size());
    for (size_t end = word.size(); end > 0;) {
      size_t begin = end - marks[end].size;
      if (marks[end].token != kNoToken) {
        out.push_back(marks[end].token);
      } else {
        while (begin > 0 && marks[begin].token == kNoToken) begin -= marks[begin].size;
        AppendUnknownReversed(word.substr(begin, end - begin), out);
      }
      end = begin;
    }
    std::reverse(out.begin() + first, out.end());
  }

  void AppendUnknownReversed(std::string_view text, std::vector<TokenId>& out) const {
    const UnknownRule& rule = options_.unknown;
    const auto token = [&](char c) { return rule.byte_tokens[static_cast<unsigned char>(c)]; };
    const bool by_bytes = !rule.byte_tokens.empty() &&
                          std::all_of(text.begin(), text.end(), [&](char c) { return token(c) != kNoToken; });
    if (by_bytes) {
      for (size_t i = text.size(); i > 0; --i) out.push_back(token(text[i - 1]));
    } else if (rule.token != kNoToken) {
      out.push_back(rule.token);
    }
  }

  UnigramOptions options_;
  ByteTrie trie_;
  double unknown_score_ = 0;
};

}  // namespace

std::unique_ptr<WordModel> MakeUnigram(const Vocabulary& vocabulary, UnigramOptions options) {
  return std::make_unique<Unigram>(vocabulary, std::move(options));
}

}  // namespace walchen::formats
