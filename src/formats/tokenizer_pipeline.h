// SPDX-License-Identifier: Apache-2.0
//
// The one Tokenizer there is: added tokens are cut out, the rest is normalised, cut into words and given to the model.
// What differs between tokenizers is data, read from a model file (tokenizer_gguf.cc) or a tokenizer.json
// (tokenizer_json.cc).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/pretokenizer.h"
#include "formats/tokenizer.h"
#include "formats/tokenizer_added.h"
#include "formats/tokenizer_model.h"
#include "formats/tokenizer_normalizer.h"
#include "formats/tokenizer_vocabulary.h"

namespace walchen::formats {

struct TokenizerParts {
  std::unique_ptr<Vocabulary> vocabulary = std::make_unique<Vocabulary>();
  std::vector<AddedToken> added;
  std::vector<NormalizerStep> normalizer;
  std::vector<PretokenizerStep> pretokenizer;
  std::unique_ptr<WordModel> model;
  bool decode_drops_first_space = false;  // the space that encoding put in front
  std::optional<TokenId> bos, eos;
  bool adds_bos = false;
  std::vector<TokenId> end_of_generation;  // beside eos and the special tokens that are known by name
};

// Errors: kTooLarge.
Result<std::unique_ptr<Tokenizer>> Assemble(TokenizerParts parts);

}  // namespace walchen::formats
