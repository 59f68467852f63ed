// SPDX-License-Identifier: Apache-2.0
//
// Text to token ids and back, for the tokenizers that open models use: byte-level BPE (GPT-2 and its pre-tokenizers),
// SentencePiece BPE and unigram, WordPiece. The ids equal those of the Python package `tokenizers`.
//
// Time is linear in the text up to a logarithm, whatever the text: no regular expressions, no recursion. Text never turns
// into a special token (<|im_end|>) unless the caller says that this part of it may.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "formats/gguf.h"

namespace walchen::formats {

using TokenId = int32_t;

// A piece of a text and whether special tokens written in it count as such (true for a chat template's own words) or are
// just letters (false for what people and documents say).
struct TextPart {
  std::string text;
  bool special_tokens = false;

  bool operator==(const TextPart&) const = default;
};

// Immutable, thread-safe.
class Tokenizer {
 public:
  // From the tokenizer.* keys of a model file, or from a Hugging Face tokenizer.json.
  // Errors: kNotFound, kCorrupt, kUnsupported (names the algorithm or pre-tokenizer), kTooLarge.
  static Result<std::unique_ptr<Tokenizer>> FromGguf(const GgufFile& file);
  static Result<std::unique_ptr<Tokenizer>> FromJson(std::string_view tokenizer_json);
  virtual ~Tokenizer() = default;

  // No BOS or EOS is added. Invalid UTF-8 is read as U+FFFD, one for each maximal ill-formed subsequence.
  // A special token may span parts as long as all of them allow it; ordinary tokens span parts freely.
  virtual std::vector<TokenId> Encode(std::span<const TextPart> parts) const = 0;
  std::vector<TokenId> Encode(std::string_view text, bool special_tokens = false) const;

  // The bytes of one token as they stand in the text ("Ġthe" is " the"), special tokens by their name. Empty for an id
  // outside the vocabulary. A token may hold half a character: use infer/text_stream.h to show a running answer.
  virtual std::string_view Bytes(TokenId token) const = 0;
  // All bytes in a row; the SentencePiece leading space is removed as that library does; special tokens are left out
  // unless asked for. May end in half a character.
  virtual std::string Decode(std::span<const TokenId> tokens, bool special_tokens = false) const = 0;

  virtual int vocabulary_size() const = 0;
  // The id of a token by its vocabulary spelling ("<|im_end|>", "Ġthe").
  virtual std::optional<TokenId> Find(std::string_view spelling) const = 0;
  virtual bool IsSpecial(TokenId token) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual std::optional<TokenId> eos() const = 0;
  // Whether the model was trained with BOS in front of every text.
  virtual bool adds_bos() const = 0;
  // The tokens that end an answer: EOS, end of turn, end of message (<|im_end|>, <|eot_id|>, ...).
  virtual std::span<const TokenId> end_of_generation() const = 0;
  bool EndsGeneration(TokenId token) const;
};

}  // namespace walchen::formats
