// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer that needs no training: every byte is a token. For models whose words do not matter, and for small ones that
// are trained from scratch in minutes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/huggingface_tokenizer.h"

namespace walchen::model {

// The tokenizer.* keys: 3 special tokens, 256 bytes, then pairs of lower-case letters with their merges up to `vocabulary`
// tokens; and the chat template ChatML.
constexpr int kByteTokenizerSmallest = 259;
GgufKeys ByteTokenizer(int vocabulary);

// GPT-2's spelling of a byte (github.com/openai/gpt-2, encoder.py): printable Latin-1 as itself, the others from U+0100 on.
std::string SpellingOfByte(int byte);

// The keys of a byte-level BPE: spellings by id, of which the first `special` are control tokens (end of text, begin and end of
// a turn, in this order), and its merges. Cut into words as `pretokenizer` of GGUF says; with ChatML.
GgufKeys ByteLevelKeys(std::string_view pretokenizer, std::vector<std::string> tokens, size_t special, std::vector<std::string> merges);

}  // namespace walchen::model
