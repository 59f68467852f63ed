// SPDX-License-Identifier: Apache-2.0
//
// The tokens of a tokenizer: their spellings in the file, the bytes they stand for in a text, and what kind they are.
// Built once, then immutable and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "formats/tokenizer.h"

namespace walchen::formats {

inline constexpr TokenId kNoToken = -1;

class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(const Vocabulary&) = delete;  // the index and the models point into it
  Vocabulary& operator=(const Vocabulary&) = delete;

  // Tokens get the ids 0, 1, 2 ... Of two tokens with one spelling the first is found. `bytes`: what stands in a text.
  // Errors: kTooLarge (kVocabularyMaxTokens, kVocabularyMaxBytes, kTokenMaxBytes).
  Result<void> Add(std::string_view spelling, std::string_view bytes, bool special = false);
  // To be called after the last Add, before Find.
  void BuildIndex();

  int size() const { return static_cast<int>(tokens_.size()); }
  bool Holds(TokenId token) const { return token >= 0 && token < size(); }
  // All empty or false for an id outside the vocabulary.
  std::string_view Spelling(TokenId token) const;
  std::string_view Bytes(TokenId token) const;
  bool IsSpecial(TokenId token) const { return Holds(token) && tokens_[static_cast<size_t>(token)].special; }
  // kNoToken if there is none.
  TokenId Find(std::string_view spelling) const;
  // As Find, but never a special token: what models look pieces of text up with.
  TokenId FindOrdinary(std::string_view spelling) const;

 private:
  struct Entry {
    uint64_t begin = 0;  // in text_: the spelling, then the bytes unless they are the same
    uint32_t spelling_size = 0;
    uint32_t bytes_size = 0;
    bool same = false;
    bool special = false;
  };
  std::string text_;
  std::vector<Entry> tokens_;
  std::unordered_map<std::string_view, TokenId> index_;
};

// The token of each byte in a vocabulary that spells bytes as <0x00> ... <0xFF>; kNoToken where there is none.
std::vector<TokenId> ByteTokens(const Vocabulary& vocabulary);
// The byte of such a spelling.
std::optional<char> ByteOfSpelling(std::string_view spelling);

// GPT-2's alphabet: every byte has a printable character, 0x20 is U+0120 (github.com/openai/gpt-2, encoder.py).
std::string BytesOfGpt2Spelling(std::string_view spelling);
std::string Gpt2SpellingOfByte(unsigned char byte);

}  // namespace walchen::formats
