// SPDX-License-Identifier: Apache-2.0
//
// Byte pair encoding (Sennrich et al., arXiv:1508.07909) in its two dialects: merges with ranks (GPT-2 and after, on
// bytes or on characters), and scored pieces (SentencePiece, arXiv:1808.06226).
//
// A word of n symbols takes O(n log n): a heap of possible merges over a linked list of symbols.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tokenizer_model.h"

namespace walchen::formats {

struct BpeOptions {
  bool bytes = true;            // words are bytes in GPT-2's alphabet, else characters
  bool ignore_merges = false;   // a word that is a token stays whole, whether merges lead there or not
  UnknownRule unknown = {};
};

struct TextMerge {
  std::string left, right;
};

// Errors: kCorrupt when a merge names a token that is not in the vocabulary.
Result<std::unique_ptr<WordModel>> MakeRankedBpe(const Vocabulary& vocabulary, const std::vector<TextMerge>& merges,
                                                 BpeOptions options);

// Whether U+2581 is a token and no token has it behind another character. Then no merge crosses such a place, and a text
// may be cut there (CutSpaceMarks) without changing its tokens, which keeps words short.
bool NoMarkInside(const Vocabulary& vocabulary);

// `scores` has one finite value per token; tokens with `mergeable` false are never made by merging (control, unused,
// byte).
std::unique_ptr<WordModel> MakeScoredBpe(const Vocabulary& vocabulary, std::span<const double> scores,
                                         const std::vector<bool>& mergeable, UnknownRule unknown);

}  // namespace walchen::formats
