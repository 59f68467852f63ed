// SPDX-License-Identifier: Apache-2.0
//
// Whether two forms of one tokenizer are the same, found out by using them: on texts that tell pre-tokenizers, normalizers
// and byte fallbacks apart, and on every ordinary token's own text.
#pragma once

#include "base/status.h"
#include "formats/tokenizer.h"
#include "model/huggingface_tokenizer.h"

namespace walchen::model {

// kUnsupported, with the text, where the ids differ.
Result<void> ExpectSameIds(const formats::Tokenizer& one, const formats::Tokenizer& other);
// The second one as these keys of a GGUF file describe it. Errors: also those of Tokenizer::FromGguf.
Result<void> ExpectSameIds(const formats::Tokenizer& one, const GgufKeys& keys);

}  // namespace walchen::model
