// SPDX-License-Identifier: Apache-2.0
//
// Tokens that are cut out of a text before anything else happens to it: special tokens where they are allowed, and the
// tokens that users added to a vocabulary (runs of spaces, markers), which always count.
// Rules: the class AddedVocabulary of the Python package `tokenizers`, except that a special token that is not allowed
// at a place does not hide a shorter ordinary one there. Immutable and thread-safe once built.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/pretokenizer.h"
#include "formats/tokenizer_table.h"
#include "formats/tokenizer_vocabulary.h"

namespace walchen::formats {

struct AddedToken {
  std::string content;
  TokenId id = kNoToken;
  bool special = false;
  bool normalized = false;   // looked for in the normalised text, itself normalised
  bool left_strip = false;   // takes the white space in front of it
  bool right_strip = false;  // and behind it
  bool single_word = false;  // only where no letter of a word touches it
};

// A stretch of a text: a token, or text between tokens (id kNoToken).
struct Section {
  size_t begin = 0, end = 0;
  TokenId token = kNoToken;
};

// Positions of a text where special tokens count: ascending, apart.
using AllowedRanges = std::vector<Pieces::Span>;

class AddedTokens {
 public:
  AddedTokens() = default;
  // Errors: kTooLarge (kAddedTokenMaxBytes).
  static Result<AddedTokens> Build(std::vector<AddedToken> tokens);

  bool empty() const { return tokens_.empty(); }
  // The whole text in order. Takes O(text * longest token) at worst, O(text) where no token begins.
  std::vector<Section> Find(std::string_view text, const AllowedRanges& special_allowed) const;

 private:
  bool Counts(const AddedToken& token, std::string_view text, size_t begin, size_t end,
              const AllowedRanges& special_allowed) const;

  std::vector<AddedToken> tokens_;
  ByteTrie trie_;  // to the index in tokens_
};

}  // namespace walchen::formats
