// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer that needs no training: every byte is a token. For models whose words do not matter, and for small ones that
// are trained from scratch in minutes.
#pragma once

#include "model/huggingface_tokenizer.h"

namespace walchen::model {

// The tokenizer.* keys: 3 special tokens, 256 bytes, then pairs of lower-case letters with their merges up to `vocabulary`
// tokens; and the chat template ChatML.
constexpr int kByteTokenizerSmallest = 259;
GgufKeys ByteTokenizer(int vocabulary);

}  // namespace walchen::model
