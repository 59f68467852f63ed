// SPDX-License-Identifier: Apache-2.0
//
// WordPiece as BERT uses it (Schuster and Nakajima 2012; google-research/bert, tokenization.py): the longest piece that
// a word begins with, then the longest of the rest; a word that cannot be covered so is one unknown token.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/tokenizer_model.h"

namespace walchen::formats {

struct WordPieceOptions {
  TokenId unknown = kNoToken;
  size_t max_letters = 100;  // longer words are unknown, so a word costs at most this squared
};

// A piece of a vocabulary: the text it covers, and whether it stands at the start of a word or inside.
struct WordPieceEntry {
  TokenId token = kNoToken;
  std::string text;
  bool inside = false;
};

std::unique_ptr<WordModel> MakeWordPiece(const std::vector<WordPieceEntry>& entries, WordPieceOptions options);

}  // namespace walchen::formats
