// SPDX-License-Identifier: Apache-2.0
//
// The last stage of a tokenizer: the words of a text to token ids. One class per algorithm.
// Models keep a reference to the vocabulary they were built on; immutable and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "formats/pretokenizer.h"
#include "formats/tokenizer_vocabulary.h"

namespace walchen::formats {

class WordModel {
 public:
  virtual ~WordModel() = default;
  // Appends the tokens of every piece. The text is valid UTF-8.
  virtual void Encode(const Pieces& words, std::vector<TokenId>& out) const = 0;
};

// What happens to text that no token covers.
struct UnknownRule {
  TokenId token = kNoToken;         // kNoToken: it is dropped
  bool fuse = false;                // one unknown token for a run of unknown characters
  std::vector<TokenId> byte_tokens = {};  // 256, or empty: characters are never spelled by their bytes
};

}  // namespace walchen::formats
