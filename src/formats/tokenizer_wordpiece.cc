// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_wordpiece.h"

#include <algorithm>
#include <string_view>

#include "formats/tokenizer_table.h"

namespace walchen::formats {
namespace {

size_t LetterCount(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

class WordPiece final : public WordModel {
 public:
  WordPiece(const std::vector<WordPieceEntry>& entries, WordPieceOptions options) : options_(options) {
    for (const WordPieceEntry& entry : entries) {
      if (!entry.text.empty()) (entry.inside ? inside_ : starting_).Insert(entry.text, entry.token);
    }
  }

  void Encode(const Pieces& words, std::vector<TokenId>& out) const override {
    for (size_t i = 0; i < words.spans.size(); ++i) {
      const size_t first = out.size();
      if (EncodeWord(words[i], out)) continue;
      out.resize(first);
      if (options_.unknown != kNoToken) out.push_back(options_.unknown);
    }
  }

 private:
  bool EncodeWord(std::string_view word, std::vector<TokenId>& out) const {
    if (LetterCount(word) > options_.max_letters) return false;
    for (size_t at = 0; at < word.size();) {
      const ByteTrie& trie = at == 0 ? starting_ : inside_;
      TokenId longest = kNoToken;
      size_t next = at;
      ByteTrie::Node node = ByteTrie::kRoot;
      for (size_t end = at; end < word.size();) {
        node = trie.Step(node, word[end++]);
        if (node == ByteTrie::kDead) break;
        if (trie.ValueAt(node) == ByteTrie::kNoValue) continue;
        longest = trie.ValueAt(node);
        next = end;
      }
      if (longest == kNoToken) return false;
      out.push_back(longest);
      at = next;
    }
    return true;
  }

  WordPieceOptions options_;
  ByteTrie starting_, inside_;
};

}  // namespace

std::unique_ptr<WordModel> MakeWordPiece(const std::vector<WordPieceEntry>& entries, WordPieceOptions options) {
  return std::make_unique<WordPiece>(entries, options);
}

}  // namespace walchen::formats
